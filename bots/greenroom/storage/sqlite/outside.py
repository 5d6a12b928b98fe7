"""What can be known of a ledger from outside: read beside whoever has it open, without opening it as a ledger."""

import contextlib
import sqlite3
from pathlib import Path
from typing import Any

from greenroom.storage.records import KeptFile
from greenroom.storage.tables import standing
from greenroom.storage.tables.rows import decode_object

__all__ = ["files_kept_in", "runner_of"]


def runner_of(path: Path) -> dict[str, Any] | None:
    """Return pid, host and start of the last process that ran a bot on this ledger, or None."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_peek(path)) as db:
        row = db.execute("SELECT value FROM meta WHERE name='runner'").fetchone()
        if row is not None:
            return decode_object(row[0])
    return None


def files_kept_in(path: Path) -> dict[str, KeptFile]:
    """Return role → the owner's file that was valid last, read beside whoever has the ledger open; none where there
    is no ledger, or it cannot be read."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_peek(path)) as db:
        return standing.kept_files(db)
    return {}


def _peek(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=1)
