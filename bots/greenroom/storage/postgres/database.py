"""One connection to PostgreSQL for a thread: it waits there, so that the loop of the bot does nothing but the bot."""

import asyncio
import contextlib
from collections.abc import Awaitable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # it has none
from typing_extensions import override

from greenroom.storage.postgres.dialect import translated
from greenroom.storage.tables.database import Database, Rows

__all__ = ["Connection", "PostgresDatabase", "connect", "without_nul"]

T = TypeVar("T")


class Connection(Protocol):
    """What we use of the driver's connection."""

    async def execute(self, sql: str, *values: Any) -> str: ...
    async def executemany(self, sql: str, rows: Sequence[Any]) -> None: ...
    async def fetch(self, sql: str, *values: Any) -> list[Any]: ...
    async def fetchval(self, sql: str, *values: Any) -> Any: ...
    async def set_type_codec(self, name: str, **options: Any) -> None: ...
    async def close(self, *, timeout: float) -> None: ...  # noqa: ASYNC109 - the driver's
    def transaction(self) -> AbstractAsyncContextManager[Any]: ...
    def get_server_pid(self) -> int: ...
    def terminate(self) -> None: ...


connect: Any = asyncpg.connect  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def without_nul(value: Any) -> Any:
    """Return the value as PostgreSQL can keep it: a text of it has no NUL."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) and "\0" in value else value


class PostgresDatabase(Database):
    """A connection and the loop that it lives in. Used by one thread at a time, none of which runs a loop."""

    def __init__(self, url: str, *, name: str, patience: float, schema: str = "", reads_only: bool = False) -> None:
        """Connect. `patience`: seconds after which a statement without an answer has failed.

        :raises Exception: one of `FAILURES`
        """
        self._loop = asyncio.new_event_loop()
        self._patience = patience
        try:
            self.connection: Connection = self.run(
                connect(url, timeout=10, server_settings={"application_name": name[:63]})
            )
        except BaseException:
            self._loop.close()
            raise
        try:
            self.run(
                self.connection.set_type_codec(
                    # sums of whole numbers come as these
                    "numeric",
                    schema="pg_catalog",
                    encoder=str,
                    decoder=int,
                    format="text",
                )
            )
            # said here and not while connecting: a pooler knows few settings
            if schema:
                self.run(self.connection.execute(f'SET search_path="{schema}"'))
            if reads_only:
                self.run(self.connection.execute("SET default_transaction_read_only=on"))
        except BaseException:
            self.close()
            raise

    def run(self, work: Awaitable[T]) -> T:
        """Return what the work on the connection comes to."""
        return self._loop.run_until_complete(_within(self._patience, work))

    def patience(self, seconds: float) -> None:
        """Change after how many seconds a statement, or a transaction, without an answer has failed."""
        self._patience = seconds

    @override
    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Rows:
        sql = translated(sql)
        if not values:
            if sql.startswith(("BEGIN", "COMMIT", "ROLLBACK")):
                self.run(self.connection.execute(sql))
                return _Rows([])
            return _Rows(self.run(self.connection.fetch(sql)))
        return _Rows(self.run(self.connection.fetch(sql, *map(without_nul, values))))

    @override
    def executemany(self, sql: str, rows: Any, /) -> object:
        given = [tuple(map(without_nul, row)) for row in rows]
        # for none the driver tells the server of a statement and never of its end: no guard against silence would fall
        if given:
            self.run(self.connection.executemany(translated(sql), given))
        return None

    def cut(self) -> None:
        """End the connection at once, from any thread: whoever waits for it is told."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.connection.terminate)

    def close(self) -> None:
        """End the connection. Safe to call twice."""
        if self._loop.is_closed():
            return
        try:
            self.run(self.connection.close(timeout=2))
        except Exception:  # noqa: BLE001 - however it ends, it is at its end
            self.connection.terminate()
        finally:
            self.run(asyncio.sleep(0))
            self._loop.close()


async def _within(seconds: float, work: Awaitable[T]) -> T:
    async with asyncio.timeout(seconds):
        return await work


class _Rows(Rows):
    def __init__(self, records: Sequence[Any]) -> None:
        self._rows = iter([tuple(record) for record in records])

    @override
    def __iter__(self) -> Iterator[Any]:
        return self._rows

    @override
    def fetchone(self) -> Any:
        return next(self._rows, None)

    @override
    def fetchall(self) -> list[Any]:
        return list(self._rows)
