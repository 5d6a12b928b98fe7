"""Who owns a bot: the worker whose writing connection holds its lock, and nobody else, ever."""

import contextlib
import hashlib
import re

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # it has none

from greenroom.storage.errors import LedgerBroken
from greenroom.storage.postgres.database import Connection, PostgresDatabase
from greenroom.storage.workers import Worker

__all__ = [
    "ask_for",
    "asker_of",
    "came_back",
    "end_silent",
    "host_of",
    "leave_off",
    "moved",
    "number_of",
    "owner_of",
    "owns",
    "place_of",
    "refuse_pooler",
    "session_name",
    "since_a_move",
    "stand_by",
    "take",
    "workers_of",
]

CLASS = 0x6772656E
"""First half of the lock that who runs a bot holds. The second is the number of the bot, so no two bots have the same
lock."""
STANDS_BY = CLASS + 1
"""First half of the lock that all share who stand by for a bot."""
ASKS = CLASS + 2
"""First half of the lock of who asks for a bot that another one runs: nobody else is given it meanwhile. With 0 for the
number of a bot it is held beside that one, so one bot of a database is moved at a time."""
WORKER = "greenroom worker"
"""How the sessions of workers are called, before the host and process."""
HOST = 24
"""Characters of a host's name; the server keeps 63 of a session's, in which the process and some of the bot stand as
well."""

_BOTS = """
CREATE SCHEMA IF NOT EXISTS greenroom;
CREATE TABLE IF NOT EXISTS greenroom.bots(
  number INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT NOT NULL UNIQUE);
ALTER TABLE greenroom.bots ADD COLUMN IF NOT EXISTS moved TIMESTAMPTZ;
"""
_IS_MADE = """
SELECT count(*)>0 FROM pg_attribute WHERE attrelid=to_regclass('greenroom.bots') AND attname='moved'
"""
_WORKERS = """
SELECT b.name, a.application_name, a.client_addr::text, a.backend_start, bool_or(l.classid::bigint=$1)
FROM pg_locks l JOIN pg_stat_activity a ON a.pid=l.pid JOIN greenroom.bots b ON b.number=l.objid::bigint
WHERE l.locktype='advisory' AND l.classid::bigint IN ($1,$2) AND l.objsubid=2 AND l.granted
  AND l.database=(SELECT oid FROM pg_database WHERE datname=current_database())
GROUP BY b.name, a.application_name, a.client_addr, a.backend_start, a.pid
ORDER BY b.name, 5 DESC, a.backend_start, a.pid
"""
# The shared lock of an attempt to take the bot, which stands there for a moment, asks for nothing.
_ASKER = """
SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid=l.pid
WHERE l.locktype='advisory' AND l.classid::bigint=$1 AND l.objid::bigint=$2 AND l.objsubid=2 AND l.granted
  AND l.mode='ExclusiveLock'
  AND l.database=(SELECT oid FROM pg_database WHERE datname=current_database())
"""
# An attempt that is in the way of who asks takes nothing: the shared lock falls with the statement.
_TAKE = """
SELECT CASE WHEN pg_try_advisory_xact_lock_shared($3::int,$2::int) THEN pg_try_advisory_lock($1::int,$2::int)
  ELSE false END
"""
_SILENT = """
SELECT count(pg_terminate_backend(a.pid)) FROM pg_locks l JOIN pg_stat_activity a ON a.pid=l.pid
WHERE l.locktype='advisory' AND l.classid::bigint IN ($1,$4) AND l.objid::bigint=$2 AND l.objsubid=2 AND l.granted
  AND l.database=(SELECT oid FROM pg_database WHERE datname=current_database()) AND a.pid<>pg_backend_pid()
  AND a.wait_event='ClientRead' AND greatest(a.state_change,a.backend_start)<clock_timestamp()-make_interval(secs=>$3)
"""
_PLACE = "SELECT oid::text FROM pg_database WHERE datname=current_database()"
_CLUSTER = "SELECT system_identifier::text FROM pg_control_system()"
_SINCE_A_MOVE = """
SELECT extract(epoch FROM clock_timestamp()-max(moved))::float8 FROM greenroom.bots
WHERE moved<=clock_timestamp() OR number=$1
"""
_CAME_BACK = """
UPDATE greenroom.bots SET moved=clock_timestamp()+make_interval(secs=>$2)
WHERE number=$1 AND moved>clock_timestamp()-make_interval(secs=>$3)
"""


def session_name(host: str, process: int, bot: str) -> str:
    """Return how the session of a worker is called."""
    word = re.sub(r"[^A-Za-z0-9._-]", "-", host)
    if word != host or len(word) > HOST:
        # two hosts are two, also where their names begin alike
        word = f"{word[: HOST - 7]}~{hashlib.blake2b(host.encode(), digest_size=3).hexdigest()}"
    return f"{WORKER} {word}:{process} {bot}"


async def number_of(connection: Connection, bot: str) -> int:
    """Return the number of a bot, which it is given when it comes for the first time."""
    async with connection.transaction():
        # two workers that begin on an empty database do it one after the other
        await connection.execute(f"SELECT pg_advisory_xact_lock({CLASS},0)")
        if not await connection.fetchval(_IS_MADE):
            await connection.execute(_BOTS)
        number = await connection.fetchval("SELECT number FROM greenroom.bots WHERE name=$1", bot)
        if number is None:
            number = await connection.fetchval("INSERT INTO greenroom.bots(name) VALUES($1) RETURNING number", bot)
    return int(number)


async def take(connection: Connection, number: int) -> bool:
    """Take the lock of a bot on this connection, for as long as it lives; say whether it was free, and nobody else asks
    for it."""
    return bool(await connection.fetchval(_TAKE, CLASS, number, ASKS))


async def stand_by(connection: Connection, number: int) -> None:
    """Let all see that this connection waits for a bot, for as long as it lives."""
    await connection.execute(f"SELECT pg_advisory_lock_shared({STANDS_BY},{number})")


async def ask_for(connection: Connection, number: int) -> bool:
    """Ask for a bot that another worker runs; say whether that can be, for no other bot is being moved. From then on
    nobody else is given it, until `leave_off`, or the end of the connection."""
    if not await connection.fetchval("SELECT pg_try_advisory_lock($1::int,0)", ASKS):
        return False
    if await connection.fetchval("SELECT pg_try_advisory_lock($1::int,$2::int)", ASKS, number):
        return True
    await connection.execute(f"SELECT pg_advisory_unlock({ASKS},0)")
    return False


async def leave_off(connection: Connection, number: int) -> None:
    """Ask no more."""
    await connection.execute(f"SELECT pg_advisory_unlock({ASKS},{number}), pg_advisory_unlock({ASKS},0)")


async def moved(connection: Connection, number: int) -> None:
    """Note that a bot was given to who asked for it."""
    await connection.execute(f"UPDATE greenroom.bots SET moved=clock_timestamp() WHERE number={number}")  # noqa: S608 - a number


async def came_back(connection: Connection, number: int, *, within: float, rests: float) -> None:
    """Note that a bot was taken without being asked for. Who was given it so many seconds ago has lost it again, and
    would do so the next time: it then stays where it is for as long as it `rests`."""
    await connection.execute(_CAME_BACK, number, rests, within)


async def since_a_move(connection: Connection, number: int) -> float | None:
    """Return for how many seconds no bot of this database was given to who asked for it; None: none ever was. Below
    zero where the bot of that number is to stay where it is for a while."""
    found = await connection.fetchval(_SINCE_A_MOVE, number)
    return None if found is None else float(found)


async def asker_of(connection: Connection, number: int) -> str | None:
    """Return the host of who asks for a bot; None: nobody does."""
    name = await connection.fetchval(_ASKER, ASKS, number)
    return None if name is None else host_of(name)


async def end_silent(connection: Connection, number: int, seconds: float) -> bool:
    """End the session that runs a bot, or asks for it, and has said nothing for that long; say whether there was one.
    Its guards do not fall where the worker was stopped in the middle of what it sent: the server then waits for the
    rest, and counts that as work."""
    return bool(await connection.fetchval(_SILENT, CLASS, number, seconds, ASKS))


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
    return [
        Worker(name=_who(name), address=address, since=since, bot=bot, owns=owns)
        for bot, name, address, since, owns in await connection.fetch(_WORKERS, CLASS, STANDS_BY)
    ]


def host_of(name: str) -> str:
    """Return the host of a worker, as all see it, by the name of its session."""
    return _who(name).rpartition(":")[0]


def _who(name: str) -> str:
    return name.removeprefix(f"{WORKER} ").partition(" ")[0]


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
