"""Who owns a bot: the worker whose writing connection holds its lock, and nobody else, ever."""

import contextlib

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # it has none

from greenroom.storage.errors import LedgerBroken
from greenroom.storage.postgres.database import Connection, PostgresDatabase
from greenroom.storage.workers import Worker

__all__ = ["end_silent", "number_of", "owner_of", "owns", "place_of", "refuse_pooler", "take", "workers_of"]

CLASS = 0x6772656E
"""First half of every lock of ours. The second is the number of the bot, so no two bots have the same lock."""
WORKER = "greenroom worker"
"""How the sessions of workers are called, before the host and process."""

_BOTS = """
CREATE SCHEMA IF NOT EXISTS greenroom;
CREATE TABLE IF NOT EXISTS greenroom.bots(
  number INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL UNIQUE);
"""
_OWNERS = """
SELECT b.name, a.application_name, a.client_addr::text, a.backend_start, a.pid
FROM pg_locks l JOIN pg_stat_activity a ON a.pid=l.pid JOIN greenroom.bots b ON b.number=l.objid::bigint
WHERE l.locktype='advisory' AND l.classid::bigint=$1 AND l.objsubid=2 AND l.granted
  AND l.database=(SELECT oid FROM pg_database WHERE datname=current_database())
ORDER BY b.name
"""
_SILENT = """
SELECT count(pg_terminate_backend(a.pid)) FROM pg_locks l JOIN pg_stat_activity a ON a.pid=l.pid
WHERE l.locktype='advisory' AND l.classid::bigint=$1 AND l.objid::bigint=$2 AND l.objsubid=2 AND l.granted
  AND l.database=(SELECT oid FROM pg_database WHERE datname=current_database())
  AND a.wait_event='ClientRead' AND greatest(a.state_change,a.backend_start)<clock_timestamp()-make_interval(secs=>$3)
"""
_PLACE = "SELECT oid::text FROM pg_database WHERE datname=current_database()"
_CLUSTER = "SELECT system_identifier::text FROM pg_control_system()"
_WAITING = """
SELECT application_name, client_addr::text, backend_start, pid FROM pg_stat_activity
WHERE datname=current_database() AND starts_with(application_name,$1) ORDER BY backend_start, pid
"""


async def number_of(connection: Connection, bot: str) -> int:
    """Return the number of a bot, which it is given when it comes for the first time."""
    async with connection.transaction():
        # two workers that begin on an empty database do it one after the other
        await connection.execute(f"SELECT pg_advisory_xact_lock({CLASS},0)")
        if await connection.fetchval("SELECT to_regclass('greenroom.bots')") is None:
            await connection.execute(_BOTS)
        number = await connection.fetchval("SELECT number FROM greenroom.bots WHERE name=$1", bot)
        if number is None:
            number = await connection.fetchval("INSERT INTO greenroom.bots(name) VALUES($1) RETURNING number", bot)
    return int(number)


async def take(connection: Connection, number: int) -> bool:
    """Take the lock of a bot on this connection, for as long as it lives; say whether it was free."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1::int,$2::int)", CLASS, number))


async def end_silent(connection: Connection, number: int, seconds: float) -> bool:
    """End the session that holds the lock of a bot and has said nothing for that long; say whether there was one. Its
    guards do not fall where the worker was stopped in the middle of what it sent: the server then waits for the rest,
    and counts that as work."""
    return bool(await connection.fetchval(_SILENT, CLASS, number, seconds))


async def owns(connection: Connection, pid: int, number: int) -> bool:
    """Say whether the session `pid` holds the lock of a bot now."""
    return bool(
        await connection.fetchval(
            "SELECT count(*) FROM pg_locks WHERE locktype='advisory' AND pid=$1 AND classid::bigint=$2 "
            "AND objid::bigint=$3 AND objsubid=2 AND granted",
            pid,
            CLASS,
            number,
        )
    )


async def place_of(connection: Connection) -> str:
    """Return which database this is, of all there are; that it was put back to what it was cannot be seen."""
    cluster = ""
    with contextlib.suppress(asyncpg.InsufficientPrivilegeError):
        cluster = await connection.fetchval(_CLUSTER)
    return f"{cluster}:{await connection.fetchval(_PLACE)}"


async def owner_of(connection: Connection, bot: str) -> Worker | None:
    """Return who runs a bot now; None: nobody."""
    return next((one for one in await workers_of(connection) if one.bot == bot and one.owns), None)


async def workers_of(connection: Connection) -> list[Worker]:
    """Return who runs or waits for which bot of this database."""
    if await connection.fetchval("SELECT to_regclass('greenroom.bots')") is None:
        return []
    found: list[Worker] = []
    owning: set[int] = set()
    for bot, name, address, since, pid in await connection.fetch(_OWNERS, CLASS):
        owning.add(pid)
        found.append(Worker(name=_who(name)[0], address=address, since=since, bot=bot, owns=True))
    for name, address, since, pid in await connection.fetch(_WAITING, f"{WORKER} "):
        if pid not in owning:
            who, bot = _who(name)
            found.append(Worker(name=who, address=address, since=since, bot=bot, owns=False))
    return found


def _who(name: str) -> tuple[str, str]:
    """Return host and process of a session of ours, and the bot that it is for."""
    who, _, bot = name.removeprefix(f"{WORKER} ").partition(" ")
    return who, bot


def refuse_pooler(place: str, first: PostgresDatabase, second: PostgresDatabase) -> None:
    """See to it that a session is one session: a lock that a pooler lends to somebody else locks nothing.

    :raises LedgerBroken: statements of one connection go to several sessions
    """
    if first.connection.get_server_pid() == _session_of(first):
        return
    # A pooler answers, which is no harm where it keeps a session for each client. An odd pattern shows one that does
    # not, whether it lends the last session first or one after the other.
    seen: dict[PostgresDatabase, set[int]] = {first: set(), second: set()}
    for database in (first, second, first, first, second, second, first, second):
        seen[database].add(_session_of(database))
    if len(seen[first]) > 1 or len(seen[second]) > 1 or seen[first] & seen[second]:
        raise LedgerBroken(
            f"{place}: a pooler such as PgBouncer in transaction mode stands before the database. It lends one session "
            "to many, so a lock held there would belong to nobody, and a bot could run twice: give the address of "
            "PostgreSQL itself in `store`, or set pool_mode=session"
        )


def _session_of(database: PostgresDatabase) -> int:
    return int(database.run(database.connection.fetchval("SELECT pg_backend_pid()")))
