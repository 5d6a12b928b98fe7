"""Ledgers by where they are: opened, looked for and looked into, whatever database has them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from greenroom.clock import Clock
from greenroom.storage import sqlite
from greenroom.storage.errors import StorageError
from greenroom.storage.ledger import Ledger
from greenroom.storage.patience import Patience
from greenroom.storage.records import KeptFile
from greenroom.storage.workers import Worker
from greenroom.stores import Database, Store

__all__ = ["files_kept_in", "has_ledger", "is_running", "open_ledger", "runner_of", "workers_on"]


def open_ledger(
    store: Store,
    *,
    bot: str,
    clock: Clock,
    beside: bool = False,
    takes_over: bool = False,
    standing_by: Callable[[str], None] | None = None,
    host: str | None = None,
    patience: Patience = Patience(),  # noqa: B008 - frozen
) -> Ledger:
    """Return the ledger of a bot, not entered.

    It is for the one process that runs the bot, or with `beside` for who looks into it and leaves commands.
    `takes_over`: although it was packed, or copied, to run elsewhere. `standing_by`: in a database wait until nobody
    else runs the bot; called, once, with who does. `host`: how this machine is called among those that share a
    database; None: as the system calls it. `patience`: with others who work on that.

    :raises StorageError: what is needed for such a store is not installed
    """
    if isinstance(store, Path):
        return sqlite.SqliteLedger(store, bot=bot, clock=clock, beside=beside, takes_over=takes_over)
    _need_postgres()
    from greenroom.storage.postgres import PostgresLedger

    return PostgresLedger(
        store.url,
        bot=bot,
        clock=clock,
        beside=beside,
        takes_over=takes_over,
        standing_by=standing_by,
        host=host,
        patience=patience,
    )


def has_ledger(store: Store, bot: str) -> bool:
    """Say whether there is a ledger of this bot.

    :raises StorageError: that cannot be found out
    """
    if isinstance(store, Path):
        return store.exists()
    _need_postgres()
    from greenroom.storage.postgres import outside

    return outside.has_ledger(store.url, bot)


def is_running(store: Store, bot: str) -> bool:
    """Say whether some process runs the bot now.

    :raises StorageError: that cannot be found out
    """
    if isinstance(store, Path):
        return sqlite.is_running(store)
    return runner_of(store, bot) is not None


def runner_of(store: Store, bot: str) -> Mapping[str, Any] | None:
    """Return pid, host and start of the process that runs the bot; where that is a file, of the last one that did.

    :raises StorageError: that cannot be found out
    """
    if isinstance(store, Path):
        return sqlite.runner_of(store)
    _need_postgres()
    from greenroom.storage.postgres import outside

    return outside.runner_of(store.url, bot)


def files_kept_in(store: Store, bot: str) -> dict[str, KeptFile]:
    """Return role → the owner's file that was valid last; none where there is no ledger, or it cannot be read."""
    if isinstance(store, Path):
        return sqlite.files_kept_in(store)
    try:
        _need_postgres()
        from greenroom.storage.postgres import outside

        return outside.files_kept_in(store.url, bot)
    except StorageError:
        return {}


def workers_on(database: Database) -> list[Worker]:
    """Return who runs, or stands by for, which bot of a database.

    :raises StorageError: it cannot be asked
    """
    _need_postgres()
    from greenroom.storage.postgres import outside

    return outside.workers_on(database.url)


def _need_postgres() -> None:
    try:
        import asyncpg as asyncpg  # pyright: ignore[reportMissingTypeStubs]  # it has none
    except ModuleNotFoundError:
        raise StorageError(
            "a ledger on PostgreSQL needs its driver, which is not installed: pip install 'greenroom[postgres]'"
        ) from None
