"""Counts on the platform's side what a bot made of its mentions. Imports nothing of Greenroom.

Every mention carries a token, every answer repeats it, and every scheduled post has one of its own; the Stage's own
database says how often each went out.
"""

import re
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

TOKEN = re.compile(r"\b(?:m|p)\d{5}\b")


@dataclass(frozen=True)
class Count:
    """What the platform has."""

    sent: int
    """Tokens that went out at least once."""
    lost: tuple[str, ...]
    """Tokens that never went out."""
    doubled: tuple[str, ...]
    """Tokens that went out more than once."""
    unasked: tuple[str, ...] = field(default=())
    """Tokens that nobody gave the bot."""


def count(stage: Path, *, bot: str, tokens: set[str]) -> Count:
    """Compare what the account `bot` has posted (deleted posts included) with `tokens`."""
    with closing(sqlite3.connect(f"file:{stage}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT text FROM posts JOIN accounts ON accounts.id = posts.author_id WHERE accounts.handle = ?", (bot,)
        )
        said = Counter(token for (text,) in rows for token in TOKEN.findall(text))
    return Count(
        sent=sum(token in said for token in tokens),
        lost=tuple(sorted(tokens - set(said))),
        doubled=tuple(sorted(token for token, times in said.items() if times > 1)),
        unasked=tuple(sorted(set(said) - tokens)),
    )


def parked(ledger: Path) -> set[str]:
    """Return the tokens of the turns that the bot has parked as unknown (state 5 of its ledger)."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        return {
            token
            for (outbox,) in db.execute("SELECT outbox FROM turns WHERE state = 5 AND outbox IS NOT NULL")
            for token in TOKEN.findall(bytes(outbox).decode())
        }


def crashed(ledger: Path) -> set[str]:
    """Return the tokens of the turns whose work was killed three times in a row: dead, and listed for a person."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        return {
            token
            for (event,) in db.execute("SELECT event FROM turns WHERE state = 15 AND reason LIKE 'crashed%'")
            for token in TOKEN.findall(bytes(event).decode())
        }


def stored(ledger: Path) -> set[str]:
    """Return the event ids whose generation is on disk."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        return {row[0] for row in db.execute("SELECT event_id FROM turns WHERE draft IS NOT NULL")}


def ends(ledger: Path) -> dict[int, int]:
    """Return state → number of turns."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        return dict(db.execute("SELECT state, count(*) FROM turns GROUP BY state").fetchall())


def waiting(ledger: Path) -> int:
    """Return how many posts are still to come."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        return int(db.execute("SELECT count(*) FROM agenda").fetchone()[0])


def has_cursor(ledger: Path) -> bool:
    """Say whether the bot has noted where it starts to listen."""
    if not ledger.exists():
        return False
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        try:
            return bool(db.execute("SELECT count(*) FROM cursors").fetchone()[0])
        except sqlite3.OperationalError:
            # its tables are being made
            return False
