"""The tables of the ledger on PostgreSQL: the same numbered steps, in a schema for each bot."""

from greenroom.storage.errors import LedgerBroken
from greenroom.storage.postgres.database import PostgresDatabase
from greenroom.storage.postgres.dialect import FUNCTIONS, tables
from greenroom.storage.tables.migrations import MIGRATIONS

__all__ = ["is_there", "migrate", "must_be_there"]


def is_there(database: PostgresDatabase, schema: str) -> bool:
    """Say whether there are tables of this bot."""
    found = database.execute("SELECT to_regclass(?)::text", (f'"{schema}".meta',)).fetchone()
    return found is not None and found[0] is not None


def _version(database: PostgresDatabase, place: str) -> int:
    found = database.execute("SELECT value FROM meta WHERE name='tables'").fetchone()
    version = 0 if found is None else int(found[0])
    if version > len(MIGRATIONS):
        raise LedgerBroken(
            f"{place}: the ledger has table version {version}, this program knows {len(MIGRATIONS)}: update greenroom"
        )
    return version


def must_be_there(database: PostgresDatabase, schema: str, place: str) -> None:
    """Check that there are the tables of this program, without changing them.

    :raises LedgerBroken: there are not
    """
    if not is_there(database, schema):
        raise LedgerBroken(f"{place}: there is no ledger of this bot yet; `greenroom run` makes it")
    version = _version(database, place)
    if version < len(MIGRATIONS):
        raise LedgerBroken(
            f"{place}: the ledger has table version {version}, this program needs {len(MIGRATIONS)}: `greenroom run` "
            "updates it. A bot that runs on it now is of an older version: stop that one first"
        )


def migrate(database: PostgresDatabase, schema: str, place: str) -> None:
    """Bring the schema to the newest tables, each step in one transaction with its number. For who owns the bot.

    :raises LedgerBroken: it was written by a newer program
    """
    run, connection = database.run, database.connection
    is_new = not is_there(database, schema)
    if is_new:
        run(connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'))
    run(connection.execute(f'SET search_path="{schema}"'))
    version = 0 if is_new else _version(database, place)
    for number in range(version + 1, len(MIGRATIONS) + 1):
        noted = (
            f"INSERT INTO meta(name,value) VALUES('tables','{number}') "
            "ON CONFLICT(name) DO UPDATE SET value=excluded.value"
        )
        run(connection.execute(f"BEGIN;{FUNCTIONS};{tables(MIGRATIONS[number - 1])};{noted};COMMIT;"))
