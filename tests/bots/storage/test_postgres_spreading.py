"""Bots of one database are spread over the hosts whose workers stand by for them, one at a time, and never swing."""

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import asyncpg
import pytest
import pytest_asyncio
from postgres import UNHURRIED, Postgres

from greenroom.clock import SystemClock
from greenroom.storage import Patience, Worker, workers_on
from greenroom.storage.postgres import PostgresLedger, owning
from greenroom.storage.postgres.spreading import why_here
from greenroom.stores import Database

PATIENCE = 90.0
SETTLED = 0.5
QUICK = replace(UNHURRIED, settled=SETTLED)

HERE, THERE, ELSEWHERE = "here", "there", "elsewhere"


def worker(bot: str, host: str, *, owns: bool = False) -> Worker:
    return Worker(name=f"{host}:1", address=None, since=datetime.now(UTC), bot=bot, owns=owns)


def all_on(host: str, *bots: str) -> list[Worker]:
    return [worker(bot, host, owns=True) for bot in bots]


@pytest.mark.parametrize(
    ("here", "there", "moves"), [(1, 0, False), (2, 0, True), (2, 1, False), (3, 1, True), (9, 0, True), (0, 2, False)]
)
def test_a_bot_moves_where_its_host_runs_two_more_than_the_one_that_stands_by(
    here: int, there: int, moves: bool
) -> None:
    workers = [
        *all_on(HERE, *(f"h{number}" for number in range(here))),
        *all_on(THERE, *(f"t{number}" for number in range(there))),
        worker("h0", THERE),
    ]
    assert (why_here(workers, bot="h0", host=THERE) is not None) is moves


def test_a_bot_moves_to_the_host_that_runs_the_fewest_of_those_that_stand_by_for_it() -> None:
    workers = [*all_on(HERE, "a", "b", "c", "d"), *all_on(THERE, "e"), worker("a", THERE), worker("a", ELSEWHERE)]
    assert why_here(workers, bot="a", host=THERE) is None
    assert why_here(workers, bot="a", host=ELSEWHERE) == "here runs 4 bots of this database, elsewhere none"


def test_a_bot_that_nobody_runs_is_not_asked_for() -> None:
    assert why_here([*all_on(HERE, "a", "b"), worker("c", THERE)], bot="c", host=THERE) is None


def test_hosts_are_told_apart_also_where_their_names_begin_alike() -> None:
    names = ["a", "a b", "a:b", "a-b", "pod-of-a-deployment-7d9f8b6c5d-x2z4k", "pod-of-a-deployment-7d9f8b6c5d-qq9ll"]
    sessions = [owning.session_name(name, 7, "ada") for name in names]
    assert len({owning.host_of(session) for session in sessions}) == len(names)
    assert all(session.endswith(":7 ada") and len(session) < 60 for session in sessions)


@pytest_asyncio.fixture
async def database(postgres: Postgres) -> AsyncGenerator[str]:
    """A database of one's own, for all bots of a database count."""
    name = f"spread_{uuid.uuid4().hex[:12]}"
    server = await asyncpg.connect(postgres.url)
    try:
        await server.execute(f"CREATE DATABASE {name}")
        yield postgres.url.removesuffix("postgres") + name
    finally:
        await server.close()


Begin = Callable[[str, str], Awaitable[None]]


@asynccontextmanager
async def workers(url: str, *, patience: Patience = QUICK) -> AsyncGenerator[Begin]:
    """Give what begins a worker of a bot on a host. It lets go whenever it is asked to, and then stands by."""
    working: list[asyncio.Task[None]] = []

    async def work(bot: str, host: str, stands_by: asyncio.Event) -> None:
        def told(who: str) -> None:
            stands_by.set()

        while True:
            ledger = PostgresLedger(url, bot=bot, clock=SystemClock(), standing_by=told, host=host, patience=patience)
            async with ledger:
                stands_by.set()
                while await ledger.asked_for() is None:
                    await asyncio.sleep(0.02)

    async def begin(bot: str, host: str) -> None:
        is_there = asyncio.Event()
        working.append(asyncio.create_task(work(bot, host, is_there)))
        async with asyncio.timeout(PATIENCE):
            await is_there.wait()

    try:
        yield begin
    finally:
        for one in working:
            one.cancel()
        for ended in await asyncio.gather(*working, return_exceptions=True):
            assert isinstance(ended, asyncio.CancelledError), ended


def runs(url: str) -> Counter[str]:
    return Counter(one.host for one in workers_on(Database(url)) if one.owns)


async def until_spread(url: str, spread: dict[str, int]) -> None:
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(runs, url) != spread:
            await asyncio.sleep(0.05)


async def moves(url: str) -> list[datetime]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT moved FROM greenroom.bots WHERE moved IS NOT NULL ORDER BY moved")
        return [moved for (moved,) in rows]
    finally:
        await connection.close()


@pytest.mark.asyncio
async def test_a_host_that_returns_is_given_its_share_one_bot_after_the_other(database: str) -> None:
    async with workers(database) as begin:
        for bot in "abcd":
            await begin(bot, HERE)
        assert await asyncio.to_thread(runs, database) == {HERE: 4}
        for bot in "abcd":
            await begin(bot, THERE)
        await until_spread(database, {HERE: 2, THERE: 2})
        first, second = await moves(database)
        assert (second - first).total_seconds() >= SETTLED
        # and there it stays, each bot run by one and waited for by the other
        await asyncio.sleep(4 * SETTLED)
        assert await asyncio.to_thread(runs, database) == {HERE: 2, THERE: 2}
        assert len(await moves(database)) == 2
        found = await asyncio.to_thread(workers_on, Database(database))
        roles = Counter((one.bot, one.owns) for one in found)
        assert roles == {(bot, owns): 1 for bot in "abcd" for owns in (True, False)}


@pytest.mark.asyncio
async def test_three_hosts_share_what_one_of_them_ran(database: str) -> None:
    async with workers(database) as begin:
        for host in (HERE, THERE, ELSEWHERE):
            for bot in "abc":
                await begin(bot, host)
        await until_spread(database, {HERE: 1, THERE: 1, ELSEWHERE: 1})
        assert len(await moves(database)) == 2


@pytest.mark.asyncio
async def test_nobody_else_takes_a_bot_that_is_asked_for_and_who_asks_and_dies_is_in_nobodys_way(
    database: str,
) -> None:
    connections = [await asyncpg.connect(database) for _ in range(3)]
    owner, asker, other = connections
    try:
        number = await owning.number_of(owner, "a")
        elses = await owning.number_of(owner, "b")
        assert await owning.take(owner, number)
        assert await owning.ask_for(asker, number)
        assert await owning.asker_of(other, number) is not None
        # one bot of a database at a time
        assert not await owning.ask_for(other, elses)
        await owner.close()
        assert not await owning.take(other, number)
        assert await owning.take(asker, number)
        await owning.moved(asker, number)
        await owning.leave_off(asker, number)
        assert (await owning.since_a_move(other, number) or PATIENCE) < PATIENCE
        assert await owning.ask_for(other, number)
        other.terminate()
        async with asyncio.timeout(PATIENCE):
            while await owning.asker_of(asker, number) is not None:
                await asyncio.sleep(0.02)
    finally:
        for connection in connections:
            connection.terminate()


@pytest.mark.asyncio
async def test_who_tries_to_take_a_bot_does_not_ask_for_it(database: str) -> None:
    connections = [await asyncpg.connect(database) for _ in range(3)]
    owner, other, looker = connections
    try:
        number = await owning.number_of(owner, "a")
        assert await owning.take(owner, number)
        async with other.transaction():
            # in the middle of an attempt, for its locks last until the end of its transaction
            assert not await owning.take(other, number)
            assert await owning.asker_of(looker, number) is None
    finally:
        for connection in connections:
            await connection.close()


@pytest.mark.asyncio
async def test_a_bot_that_is_lost_at_once_by_who_was_given_it_stays_where_it_is(database: str) -> None:
    # who takes it back may need a second for that
    patience = replace(QUICK, settled=5.0)

    def on_a_host_where_it_cannot_run() -> PostgresLedger:
        return PostgresLedger(
            database, bot="a", clock=SystemClock(), standing_by=lambda who: None, host=THERE, patience=patience
        )

    async with workers(database, patience=patience) as begin:
        for bot in "ab":
            await begin(bot, HERE)
        async with asyncio.timeout(PATIENCE), on_a_host_where_it_cannot_run():
            pass
        await until_spread(database, {HERE: 2})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2 * patience.settled):
                await on_a_host_where_it_cannot_run().__aenter__()
        # others may move
        await begin("b", THERE)
        await until_spread(database, {HERE: 1, THERE: 1})
