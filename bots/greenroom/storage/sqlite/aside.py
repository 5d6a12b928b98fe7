"""A ledger moved out of the way: everything of it, under another name, nothing deleted."""

import contextlib
import sqlite3
from pathlib import Path

from greenroom.storage.sqlite.home import ENDING as HOME
from greenroom.storage.sqlite.runner import holding

__all__ = ["COMPANIONS", "move_aside"]

COMPANIONS = ("-wal", "-shm", "-journal", HOME, "-runner")
"""Endings of the files that belong to a ledger."""


def move_aside(store: Path, *, stamp: str) -> Path:
    """Give the ledger at `store`, and what belongs to it, another name with `stamp` in it; return that.

    :raises AlreadyRunning: a bot runs on it
    """
    target = store.with_name(f"{store.stem}-before-{stamp}{store.suffix}")
    while target.exists():
        target = target.with_name(f"{target.stem}-again{target.suffix}")
    with holding(store):
        # what lies in the log beside it goes into the file itself, where it can be read
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(store, isolation_level=None, timeout=1)) as db,
        ):
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        # the file first: SQLite does away with a log that it finds beside no file, and never with a file
        store.rename(target)
        for ending in COMPANIONS[:-1]:
            _follow(store, target, ending)
    _follow(store, target, COMPANIONS[-1])
    return target


def _follow(store: Path, target: Path, ending: str) -> None:
    companion = Path(f"{store}{ending}")
    if companion.exists():
        companion.rename(f"{target}{ending}")
