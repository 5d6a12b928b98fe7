"""A PostgreSQL as one end of a copy."""

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Any, Self

from typing_extensions import override

from greenroom.storage.ends import End, Table
from greenroom.storage.errors import AlreadyRunning
from greenroom.storage.postgres import owning
from greenroom.storage.postgres.address import schema_of, shown
from greenroom.storage.postgres.database import PostgresDatabase
from greenroom.storage.postgres.failures import FAILURES, in_words
from greenroom.storage.postgres.migrations import migrate, must_be_there
from greenroom.storage.tables.rows import encode

__all__ = ["PostgresEnd"]

PATIENCE = 600.0
PAGE = 1000


class PostgresEnd(End):
    """A database that has a ledger of the bot, or with `is_new` one that is to get it."""

    def __init__(self, url: str, *, bot: str, now: int, is_new: bool) -> None:
        self._url = url
        self._place = shown(url)
        self._bot = bot
        self._schema = schema_of(bot)
        self._now = now
        self._is_new = is_new

    @override
    def __enter__(self) -> Self:
        try:
            self._database = PostgresDatabase(self._url, name=f"{owning.WORKER} copying {self._bot}", patience=PATIENCE)
            try:
                self._open()
            except BaseException:
                self._database.close()
                raise
        except FAILURES as error:
            raise in_words(self._place, error) from error
        return self

    def _open(self) -> None:
        run, connection = self._database.run, self._database.connection
        number = run(owning.number_of(connection, self._bot))
        if not run(owning.take(connection, number)):
            raise AlreadyRunning(f"the bot runs on {self._place}: stop all its workers first")
        if self._is_new:
            migrate(self._database, self._schema, self._place)
        else:
            run(connection.execute(f'SET search_path="{self._schema}"'))
            must_be_there(self._database, self._schema, self._place)
        run(connection.execute("BEGIN"))

    @override
    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        run, connection = self._database.run, self._database.connection
        try:
            if exc is None:
                run(connection.execute("COMMIT"))
                return
            run(connection.execute("ROLLBACK"))
            if self._is_new:
                run(connection.execute(f'DROP SCHEMA "{self._schema}" CASCADE'))
        except FAILURES as error:
            if exc is None:
                raise in_words(self._place, error) from error
        finally:
            self._database.close()

    @override
    def count(self, table: Table) -> int:
        return int(self._database.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0])  # noqa: S608 - ours

    @override
    def rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        columns = ",".join(f'"{column}"' for column in table.columns)
        run, connection = self._database.run, self._database.connection
        question = f"SELECT {columns} FROM {table.name} ORDER BY {','.join(table.order)}"  # noqa: S608 - ours
        run(connection.execute(f"DECLARE copied_{table.name} CURSOR FOR {question}"))
        while page := run(connection.fetch(f"FETCH {PAGE} FROM copied_{table.name}")):
            yield from map(tuple, page)
        run(connection.execute(f"CLOSE copied_{table.name}"))

    @override
    def put(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        columns = ",".join(f'"{column}"' for column in table.columns)
        places = ",".join(f"${number}" for number in range(1, len(table.columns) + 1))
        insert = f"INSERT INTO {table.name}({columns}) VALUES({places})"
        self._database.run(self._database.connection.executemany(insert, list(rows)))

    @override
    def last_number(self, table: str) -> int:
        found = self._database.execute(
            "SELECT coalesce(last_value,0) FROM pg_sequences WHERE schemaname=? AND sequencename=?",
            (self._schema, f"{table}_id_seq"),
        ).fetchone()
        return 0 if found is None else int(found[0])

    @override
    def go_on_after(self, table: str, number: int) -> None:
        if number:
            self._database.execute("SELECT setval(pg_get_serial_sequence(?,'id'),?)", (table, number))

    @override
    def leave(self, target: str) -> None:
        moved = encode({"to": target, "at": self._now, "copied": True})
        self._database.execute(
            "INSERT INTO meta(name,value) VALUES('moved',?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
            (moved,),
        )
