"""What stands in a bot's ledger, read from outside. Imports nothing of Greenroom."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from counting import TOKEN


@dataclass(frozen=True)
class Open:
    """A turn that was not over."""

    token: str
    state: int
    starts: int


def open_turns(ledger: Path) -> list[Open]:
    """Return the turns on which work is to be done, as they stand on disk."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        rows = db.execute(
            "SELECT event, state, starts FROM turns WHERE seq IN (SELECT seq FROM at_work) AND state < 4"
        ).fetchall()
    return [
        Open(token=token, state=state, starts=starts) for event, state, starts in rows for token in TOKEN.findall(event)
    ]


def parked(ledger: Path) -> set[str]:
    """Return the tokens of the turns that the bot has parked as unknown (state 5 of its ledger)."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        return {
            token
            for (outbox,) in db.execute("SELECT outbox FROM turns WHERE state = 5 AND outbox IS NOT NULL")
            for token in TOKEN.findall(outbox)
        }


def crashed(ledger: Path) -> set[str]:
    """Return the tokens of the turns whose work was killed three times in a row: dead, and listed for a person."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        return {
            token
            for (event,) in db.execute("SELECT event FROM turns WHERE state = 15 AND reason LIKE 'crashed%'")
            for token in TOKEN.findall(event)
        }


def stored(ledger: Path) -> set[str]:
    """Return the event ids whose generation is on disk."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        return {row[0] for row in db.execute("SELECT event_id FROM turns WHERE draft IS NOT NULL")}


def ends(ledger: Path) -> dict[int, int]:
    """Return state → number of turns."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        return dict(db.execute("SELECT state, count(*) FROM turns GROUP BY state").fetchall())


def received(ledger: Path) -> int:
    """Return how many mentions, public or private, have come into the inbox."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        return int(db.execute("SELECT count(*) FROM turns WHERE kind IN ('mention', 'direct_message')").fetchone()[0])


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


def standing(ledger: Path, *, lines: int = 20) -> list[str]:
    """Return in words why the bot may not have done what is open: pauses, waits, open turns, the end of its journal."""
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True, timeout=10)) as db:
        told = [f"now {_moment(time.time_ns() // 1000)}"]
        told += [f"paused: {account}, {why}" for account, why in db.execute("SELECT account, why FROM paused")]
        told += [f"fact {name}: {value}" for name, value in db.execute("SELECT name, value FROM facts ORDER BY name")]
        told += [
            f"{account} may write {left} of {limit} more until {_moment(resets)}"
            for account, left, limit, resets in db.execute('SELECT account, remaining, "limit", resets FROM pacing')
        ]
        told += [
            f"to come: {count} posts, from {_moment(first)} on"
            for count, first in db.execute("SELECT count(*), min(due) FROM agenda HAVING count(*) > 0")
        ]
        told += [
            f"turn {seq}, state {state}, {starts} starts, not before {_moment(not_before)}: {reason}"
            for seq, state, starts, not_before, reason in db.execute(
                "SELECT seq, state, starts, not_before, reason FROM turns WHERE state < 10 ORDER BY seq LIMIT ?",
                (lines,),
            )
        ]
        ends = db.execute("SELECT at, seq, what, why FROM journal ORDER BY id DESC LIMIT ?", (lines,)).fetchall()
        told += [f"{_moment(at)} turn {seq} {what}: {why}" for at, seq, what, why in reversed(ends)]
    return told


def _moment(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6, tz=UTC).isoformat(timespec="milliseconds") if micros else "-"
