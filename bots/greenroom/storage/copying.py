"""A ledger taken from one store into another, row by row, and read back to prove that all of it is there."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from greenroom.storage.ends import End, Table
from greenroom.storage.errors import LedgerBroken
from greenroom.storage.opening import has_ledger
from greenroom.storage.tables.migrations import MIGRATIONS
from greenroom.stores import Store

__all__ = ["Copied", "take_across"]

NOT_TAKEN = ("home", "moved", "runner", "tables")
"""What stands in `meta` about the place where a ledger is."""
COUNTED = ("journal", "commands", "spend")
"""Tables whose numbers are given by the database, and never twice."""
BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was taken across, and found there again."""

    rows: dict[str, int]
    """Table → how many rows it has on both sides, with the same in them."""


def take_across(source: Store, target: Store, *, bot: str, now: int, told: Callable[[float], None]) -> Copied:
    """Copy the ledger of a bot from one store into another that has none of it, and leave a mark at the source, where
    it runs no more. `told` hears which part is done.

    :raises AlreadyRunning: it runs
    :raises StorageError: there is none, there is one already, or one of the two cannot be used
    """
    if not has_ledger(source, bot):
        raise LedgerBroken(f"{source}: there is no ledger of {bot!r}")
    if has_ledger(target, bot):
        raise LedgerBroken(f"{target}: there is a ledger of {bot!r} already; nothing was copied")
    tables = _tables()
    with _end(source, bot, now, is_new=False) as here, _end(target, bot, now, is_new=True) as there:
        whole = sum(here.count(table) for table in tables) or 1
        done = 0
        rows: dict[str, int] = {}
        digests: dict[str, str] = {}
        for table in tables:
            digest = hashlib.sha256()
            batch: list[tuple[Any, ...]] = []
            for row in _wanted(table, here):
                digest.update(_as_bytes(row))
                batch.append(row)
                rows[table.name] = rows.get(table.name, 0) + 1
                if len(batch) == BATCH:
                    there.put(table, batch)
                    done += len(batch)
                    # the other half is reading them back
                    told(done / whole / 2)
                    batch = []
            there.put(table, batch)
            done += len(batch)
            rows.setdefault(table.name, 0)
            digests[table.name] = digest.hexdigest()
        for name in COUNTED:
            there.go_on_after(name, here.last_number(name))
        done = 0
        for table in tables:
            digest = hashlib.sha256()
            count = 0
            for row in _wanted(table, there):
                digest.update(_as_bytes(row))
                count += 1
                done += 1
                if done % BATCH == 0:
                    told(0.5 + done / whole / 2)
            if (count, digest.hexdigest()) != (rows[table.name], digests[table.name]):
                raise LedgerBroken(
                    f"{target}: {table.name} has {count} rows of {rows[table.name]}, or others: the copy was given up"
                )
        here.leave(str(target))
    told(1.0)
    return Copied(rows=rows)


def _wanted(table: Table, end: End) -> Iterator[tuple[Any, ...]]:
    for row in end.rows(table):
        if table.name != "meta" or row[0] not in NOT_TAKEN:
            yield tuple(value.replace("\0", "\ufffd") if isinstance(value, str) else value for value in row)


def _as_bytes(row: tuple[Any, ...]) -> bytes:
    return repr(row).encode(errors="surrogatepass")


def _tables() -> list[Table]:
    """Return the tables of a ledger, as the migrations make them."""
    with closing(sqlite3.connect(":memory:")) as db:
        for step in MIGRATIONS:
            db.executescript(step)
        names = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")]
        found: list[Table] = []
        for name in names:
            if name.startswith("sqlite_"):
                continue
            columns = db.execute(f"PRAGMA table_info({name})").fetchall()
            key = tuple(row[1] for row in sorted(columns, key=lambda row: row[5]) if row[5])
            # one without a key keeps the order in which its rows came
            found.append(Table(name=name, columns=tuple(row[1] for row in columns), order=key or ("rowid",)))
    return found


def _end(store: Store, bot: str, now: int, *, is_new: bool) -> End:
    if isinstance(store, Path):
        from greenroom.storage.sqlite.end import SqliteEnd

        return SqliteEnd(store, bot=bot, now=now, is_new=is_new)
    from greenroom.storage.postgres.end import PostgresEnd

    return PostgresEnd(store.url, bot=bot, now=now, is_new=is_new)
