"""A ledger on its way to another machine: a consistent copy of it, and the mark on the one that stays behind."""

import contextlib
import json
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import cast

from greenroom.storage.sqlite.failures import in_words
from greenroom.storage.sqlite.runner import holding
from greenroom.storage.tables.rows import decode_object, encode

__all__ = ["arrive", "copy_ledger", "count_as_copy", "files_waiting", "moving_away"]

_WITH_PATHS = (("turns", "event"), ("turns", "draft"), ("turns", "outbox"), ("agenda", "due_event"))
"""Columns that may name files."""
_KEYS = ("path", "file", "table")
"""What the paths of files are called in there."""


@contextlib.contextmanager
def moving_away(store: Path, *, to: Path, at: int) -> Generator[None]:
    """Mark the ledger at `store` as moved into the file `to`, so that it runs here no more; should the block fail, it
    is as it was. No bot runs on it until the block ends.

    :raises AlreadyRunning: one does
    :raises LedgerBroken: it cannot be read or written
    """
    with holding(store):
        _mark(store, "INSERT OR REPLACE INTO meta(name,value) VALUES('moved',?)", encode({"to": str(to), "at": at}))
        try:
            yield
        except BaseException:
            _mark(store, "DELETE FROM meta WHERE name='moved'")
            raise


def _mark(store: Path, sql: str, *values: str) -> None:
    try:
        with contextlib.closing(sqlite3.connect(store, isolation_level=None, timeout=5)) as db:
            db.execute("PRAGMA synchronous=FULL")
            db.execute(sql, values)
    except sqlite3.Error as error:
        raise in_words(store, error) from error


def copy_ledger(store: Path, target: Path, *, moves: bool, at: int) -> int:
    """Write a consistent copy of the ledger at `store`, also of one on which a bot runs, to `target`, which is not
    there yet; return how many turns it has. `moves`: it goes on in the copy alone.

    :raises LedgerBroken: it cannot be read, or the copy not be written
    """
    target.touch(mode=0o600, exist_ok=False)
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as here,
            contextlib.closing(sqlite3.connect(target, isolation_level=None)) as there,
        ):
            here.backup(there)
            there.execute("PRAGMA journal_mode=DELETE")
            row = there.execute("SELECT value FROM meta WHERE name='home'").fetchone()
            home = (
                {"host": "an unknown machine", "path": str(store), "run": 0} if row is None else decode_object(row[0])
            )
            there.execute(
                "INSERT OR REPLACE INTO meta(name,value) VALUES('home',?)",
                (encode({**home, "packed": moves, "at": at}),),
            )
            there.execute("DELETE FROM meta WHERE name IN ('moved','runner')")
            return int(there.execute("SELECT count(*) FROM turns").fetchone()[0])
    except sqlite3.Error as error:
        raise in_words(store, error) from error


def count_as_copy(store: Path) -> None:
    """Let the ledger at `store`, which was packed to be moved, be one of several copies.

    :raises LedgerBroken: it is no ledger
    """
    _mark(store, "UPDATE meta SET value=json_set(value,'$.packed',json('false')) WHERE name='home'")


def files_waiting(store: Path) -> set[Path]:
    """Return the files that go with what is still to go out.

    :raises LedgerBroken: the ledger cannot be read
    """
    found: set[Path] = set()
    try:
        with contextlib.closing(sqlite3.connect(f"{store.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as db:
            for table, column in _WITH_PATHS:
                open_ones = " AND state<10" if table == "turns" else ""
                question = f"SELECT {column} FROM {table} WHERE {column}<>''{open_ones}"  # noqa: S608 - ours
                for (body,) in db.execute(question):
                    found.update(_files_in(json.loads(body)))
    except sqlite3.Error as error:
        raise in_words(store, error) from error
    return found


def _files_in(value: object) -> Iterator[Path]:
    if isinstance(value, dict):
        for key, one in cast("dict[str, object]", value).items():
            if key in _KEYS and isinstance(one, str):
                yield Path(one)
            yield from _files_in(one)
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            yield from _files_in(one)


def arrive(store: Path, *, before: str, now: str) -> None:
    """Let what waits in the ledger at `store` name its files where they are `now`, in the folder that was called
    `before` where it was packed.

    :raises LedgerBroken: it is no ledger
    """
    # as they stand in JSON
    old, new = (json.dumps(name, ensure_ascii=False)[1:-1] for name in (before, now))
    divider = "\\\\" if "\\" in before else "/"
    try:
        with contextlib.closing(sqlite3.connect(store, isolation_level=None, timeout=5)) as db:
            for key in _KEYS:
                was, is_now = f'"{key}":"{old}{divider}', f'"{key}":"{new}/'
                for table, column in _WITH_PATHS:
                    change = f"UPDATE {table} SET {column}=replace({column},?,?) WHERE instr({column},?)>0"  # noqa: S608 - ours
                    db.execute(change, (was, is_now, was))
    except sqlite3.Error as error:
        raise in_words(store, error) from error
