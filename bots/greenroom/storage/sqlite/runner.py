"""The one process that runs a bot on a ledger: the lock that it holds, its name in the file."""

import contextlib
import os
import secrets
import socket
import sqlite3
from collections.abc import Generator
from pathlib import Path

from greenroom.clock import from_micros
from greenroom.lock import hold
from greenroom.storage.errors import AlreadyRunning, LedgerBroken
from greenroom.storage.sqlite.failures import in_words
from greenroom.storage.sqlite.outside import runner_of
from greenroom.storage.tables.rows import encode

__all__ = ["GLANCE", "holding", "is_running", "lock_runner", "sign"]

GLANCE = 0.5
"""Seconds in which somebody may hold the runner's lock who only looks whether a bot runs."""


def is_running(path: Path) -> bool:
    """Say whether some process runs a bot on this ledger now.

    :raises LedgerBroken: that cannot be found out
    """
    if not path.exists():
        return False
    try:
        lock_runner(path, patience=0).close()
    except AlreadyRunning:
        return True
    except sqlite3.Error as error:
        raise in_words(path, error) from error
    return False


@contextlib.contextmanager
def holding(path: Path) -> Generator[None]:
    """See to it that no bot runs on this ledger until the block ends.

    :raises AlreadyRunning: one does
    """
    lock = lock_runner(path, patience=GLANCE)
    try:
        yield
    finally:
        lock.close()


def lock_runner(path: Path, *, patience: float) -> sqlite3.Connection:
    """Hold an exclusive transaction on a file beside the ledger for as long as the process lives.

    `patience`: seconds in which another may let go of it.

    :raises AlreadyRunning: another process holds it
    """
    lock = hold(Path(f"{path.resolve()}-runner"), patience=patience)
    if lock is not None:
        return lock
    who = runner_of(path)
    told = (
        f" (process {who['pid']} on {who['host']}, since {from_micros(who['since']):%Y-%m-%d %H:%M} UTC)" if who else ""
    )
    raise AlreadyRunning(f"a bot runs on {path} already{told}; stop that one first, or give this bot another `store`")


def sign(db: sqlite3.Connection, path: Path, *, bot: str, since: int) -> None:
    """Write down that this process runs `bot` on the ledger at `path`, and, where it is new, which ledger that is.

    :raises LedgerBroken: it is the ledger of another bot
    """
    owner = db.execute("SELECT value FROM meta WHERE name='bot'").fetchone()
    if owner is not None and owner[0] != bot:
        raise LedgerBroken(f"{path} is the ledger of bot {owner[0]!r}, not of {bot!r}: give each bot its own `store`")
    who = encode({"pid": os.getpid(), "host": socket.gethostname(), "since": since})
    if owner is None:
        # one that was made before ledgers had it stays without: what it has numbered keeps its names
        db.execute("INSERT OR IGNORE INTO meta(name,value) VALUES('id',?)", (secrets.token_hex(4),))
    db.executemany(
        "INSERT INTO meta(name,value) VALUES(?,?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
        [("bot", bot), ("runner", who)],
    )
