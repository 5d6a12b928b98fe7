"""The tables of the ledger in an SQLite file, brought up to date step by step."""

import contextlib
import glob
import math
import sqlite3
from pathlib import Path

from greenroom.storage.errors import LedgerBroken
from greenroom.storage.tables.migrations import MIGRATIONS

__all__ = ["MIGRATIONS", "back_up", "drop_copies", "migrate", "must_be_current"]


_COPY = "-before-update-"
"""Between the name of a ledger and the version of its tables in the name of such a copy."""


def _version(db: sqlite3.Connection) -> int:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise LedgerBroken(
            f"the ledger has table version {version}, this program knows {len(MIGRATIONS)}: update greenroom"
        )
    return version


def must_be_current(db: sqlite3.Connection) -> None:
    """Check that the file has the tables of this program, without changing it.

    :raises LedgerBroken: it has not
    """
    version = _version(db)
    if version < len(MIGRATIONS):
        raise LedgerBroken(
            f"the ledger has table version {version}, this program needs {len(MIGRATIONS)}: `greenroom run` updates "
            "it. A bot that runs on it now is of an older version: stop that one first"
        )


def back_up(db: sqlite3.Connection, path: Path) -> Path | None:
    """Write a copy of the ledger at `path` beside it, when it has older tables; return where, None: it has the newest.
    A copy of the same tables is replaced, once the new one is whole.

    :raises LedgerBroken: the file was written by a newer program
    """
    version = _version(db)
    if not 0 < version < len(MIGRATIONS):
        return None
    target = path.with_name(f"{path.stem}{_COPY}{version}{path.suffix}")
    unfinished = target.with_name(f"{target.name}.new")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(unfinished, isolation_level=None)) as copy:
        db.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    unfinished.replace(target)
    return target


def drop_copies(path: Path, *, before: float = math.inf) -> None:
    """Delete the copies that `back_up` left beside the ledger at `path`, of those only that were made before this
    moment, in seconds since 1970.

    :raises OSError: one cannot be deleted
    """
    for copy in path.parent.glob(f"{glob.escape(path.stem)}{_COPY}*"):
        if copy.stat().st_mtime < before:
            copy.unlink()


def migrate(db: sqlite3.Connection) -> None:
    """Bring the file to the newest tables, each step in one transaction with its number.

    :raises LedgerBroken: the file was written by a newer program
    """
    version = _version(db)
    for number in range(version + 1, len(MIGRATIONS) + 1):
        # executescript would commit behind our back, so the transaction is part of the script.
        db.executescript(f"BEGIN IMMEDIATE;{MIGRATIONS[number - 1]};PRAGMA user_version={number};COMMIT;")
