"""What can be known of a database from outside: who works on it, and which ledgers there are."""

import contextlib
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from greenroom.clock import to_micros
from greenroom.storage.postgres import owning
from greenroom.storage.postgres.address import schema_of, shown
from greenroom.storage.postgres.database import PostgresDatabase
from greenroom.storage.postgres.failures import FAILURES, in_words
from greenroom.storage.postgres.migrations import is_there
from greenroom.storage.records import KeptFile
from greenroom.storage.tables import standing
from greenroom.storage.workers import Worker

__all__ = ["files_kept_in", "has_ledger", "runner_of", "workers_on"]

T = TypeVar("T")

PATIENCE = 10.0


def has_ledger(url: str, bot: str) -> bool:
    schema = schema_of(bot)
    return _look(url, lambda database: is_there(database, schema))


def runner_of(url: str, bot: str) -> Mapping[str, Any] | None:
    worker = _look(url, lambda database: database.run(owning.owner_of(database.connection, bot)))
    if worker is None:
        return None
    host, _, pid = worker.name.rpartition(":")
    return {"pid": int(pid), "host": host, "since": to_micros(worker.since)}


def files_kept_in(url: str, bot: str) -> dict[str, KeptFile]:
    schema = schema_of(bot)

    def kept(database: PostgresDatabase) -> dict[str, KeptFile]:
        return standing.kept_files(database) if is_there(database, schema) else {}

    return _look(url, kept, schema=schema)


def workers_on(url: str) -> list[Worker]:
    """Return who runs, or stands by for, which bot.

    :raises StorageError: the database cannot be asked
    """
    return _look(url, lambda database: database.run(owning.workers_of(database.connection)))


def _look(url: str, function: Callable[[PostgresDatabase], T], *, schema: str = "") -> T:
    """Return what the function finds, on a connection and in a thread of its own: whoever asks may run a loop."""

    def run() -> T:
        with contextlib.closing(PostgresDatabase(url, name="greenroom look", patience=PATIENCE, schema=schema)) as one:
            return function(one)

    with ThreadPoolExecutor(1, thread_name_prefix="ledger-look") as thread:
        try:
            return thread.submit(run).result()
        except FAILURES as error:
            raise in_words(shown(url), error) from error
