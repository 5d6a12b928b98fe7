"""An SQLite file as one end of a copy."""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from typing_extensions import override

from greenroom.storage.ends import End, Table
from greenroom.storage.errors import LedgerBroken
from greenroom.storage.sqlite.failures import in_words
from greenroom.storage.sqlite.migrations import migrate, must_be_current
from greenroom.storage.sqlite.runner import holding
from greenroom.storage.tables.rows import encode

__all__ = ["SqliteEnd"]


class SqliteEnd(End):
    """A file that has a ledger, or with `is_new` one that is to get it."""

    def __init__(self, path: Path, *, bot: str, now: int, is_new: bool) -> None:
        self._path = path
        self._bot = bot
        self._now = now
        self._is_new = is_new
        self._stack = ExitStack()

    @override
    def __enter__(self) -> Self:
        with ExitStack() as stack:
            if self._is_new:
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._path.touch(mode=0o600, exist_ok=False)
            stack.enter_context(holding(self._path))
            self._db = stack.enter_context(closing(sqlite3.connect(self._path, isolation_level=None, timeout=5)))
            try:
                self._db.execute("PRAGMA synchronous=FULL")
                if self._is_new:
                    migrate(self._db)
                else:
                    must_be_current(self._db)
                    owner = self._db.execute("SELECT value FROM meta WHERE name='bot'").fetchone()
                    if owner is not None and owner[0] != self._bot:
                        raise LedgerBroken(f"{self._path} is the ledger of bot {owner[0]!r}, not of {self._bot!r}")
                self._db.execute("BEGIN IMMEDIATE")
            except sqlite3.Error as error:
                raise in_words(self._path, error) from error
            self._stack = stack.pop_all()
        return self

    @override
    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        try:
            self._db.execute("COMMIT" if exc is None else "ROLLBACK")
        finally:
            self._stack.close()
            if exc is not None and self._is_new:
                self._path.unlink(missing_ok=True)

    @override
    def count(self, table: Table) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0])  # noqa: S608 - ours

    @override
    def rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        columns = ",".join(f'"{column}"' for column in table.columns)
        yield from self._db.execute(f"SELECT {columns} FROM {table.name} ORDER BY {','.join(table.order)}")  # noqa: S608 - ours

    @override
    def put(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        columns = ",".join(f'"{column}"' for column in table.columns)
        places = ",".join("?" * len(table.columns))
        self._db.executemany(f"INSERT INTO {table.name}({columns}) VALUES({places})", rows)

    @override
    def last_number(self, table: str) -> int:
        last = self._db.execute(f"SELECT coalesce(max(id),0) FROM {table}").fetchone()[0]  # noqa: S608 - ours
        row = self._db.execute("SELECT seq FROM sqlite_sequence WHERE name=?", (table,)).fetchone()
        return max(int(last), 0 if row is None else int(row[0]))

    @override
    def go_on_after(self, table: str, number: int) -> None:
        # of the others SQLite itself takes the next one
        question = "SELECT count(*) FROM sqlite_master WHERE name=? AND sql LIKE '%AUTOINCREMENT%'"
        if self._db.execute(question, (table,)).fetchone()[0]:
            self._db.execute("DELETE FROM sqlite_sequence WHERE name=?", (table,))
            self._db.execute("INSERT INTO sqlite_sequence(name,seq) VALUES(?,?)", (table, number))

    @override
    def leave(self, target: str) -> None:
        moved = encode({"to": target, "at": self._now, "copied": True})
        self._db.execute("INSERT OR REPLACE INTO meta(name,value) VALUES('moved',?)", (moved,))
