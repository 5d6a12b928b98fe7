"""What an owner can do about a failure of the ledger's file."""

import sqlite3
from pathlib import Path

from greenroom.storage.errors import LedgerBroken

__all__ = ["in_words"]


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
    return LedgerBroken(f"{path}: {why}; nothing is published without a record, so the bot stops. To mend it: {mend}.")
