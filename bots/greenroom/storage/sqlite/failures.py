"""What an owner can do about a failure of the ledger's file."""

import sqlite3
from pathlib import Path

from greenroom.storage.errors import LedgerBroken

__all__ = ["gone", "in_words"]


def in_words(path: Path, error: sqlite3.Error) -> LedgerBroken:
    """Return what is to be raised: what happened to the file at `path`, and how to mend it."""
    text = str(error)
    if "full" in text:
        why, mend = "the disk is full", "make room on the disk and start again"
    elif "readonly" in text or "read-only" in text or "unable to open" in text:
        why, mend = "the file or its folder cannot be written", "give this user the right to write there"
    elif "malformed" in text or "not a database" in text or "corrupt" in text:
        why, mend = "the file is damaged", "restore a backup, or move it aside to start a new ledger"
    elif "locked" in text or "busy" in text:
        why, mend = "another program keeps the file locked", "close the program that holds it open"
    else:
        why, mend = f"the database says: {text}", "look at the disk and the file's rights"
    return _stops(path, why, mend)


def gone(path: Path) -> LedgerBroken:
    """Return what is to be raised where the file at `path` is not the one any more that the bot writes into."""
    return _stops(
        path,
        "the file was deleted, moved or replaced while the bot ran",
        "put it back where you have it, and start again; without it the bot begins anew, and may say once more what it "
        "said last",
    )


def _stops(path: Path, why: str, mend: str) -> LedgerBroken:
    return LedgerBroken(f"{path}: {why}; nothing is published without a record, so the bot stops. To mend it: {mend}.")
