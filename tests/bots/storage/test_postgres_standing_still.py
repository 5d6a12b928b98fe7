"""Who stands still beside the worker that runs a bot, or before it, does not stop the bot."""

import asyncio
import threading
import uuid
from collections.abc import ItemsView, Iterator, Mapping

import asyncpg
import pytest
from postgres import UNHURRIED, Postgres
from typing_extensions import override
from wire import Wire

from greenroom.storage import AgendaItem, Due, LedgerLost, Patience
from greenroom.storage.postgres import PostgresLedger
from greenroom.testing import ManualClock
from greenroom.testing.ledger import mention_turn

PATIENCE = 90.0
ENDED = """
SELECT count(*)=0 FROM pg_stat_activity WHERE application_name='greenroom aside' AND state <>'idle'
"""


@pytest.fixture
def bot() -> str:
    return f"ada-{uuid.uuid4().hex[:12]}"


class Stuck(Mapping[str, str]):
    """Facts that are not told to the database before somebody says so: a process that is stopped in the middle."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.goes_on = threading.Event()

    @override
    def __getitem__(self, name: str) -> str:
        return "there"

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(["fact"])

    @override
    def __len__(self) -> int:
        return 1

    @override
    def items(self) -> ItemsView[str, str]:
        self.reached.set()
        self.goes_on.wait(PATIENCE)
        return super().items()


def item(due: int) -> AgendaItem:
    event = Due(name="s", period="", due=ManualClock().now(), say="Hi.")
    return AgendaItem(id=0, due=due, late=due, account="home", event=event)


@pytest.mark.asyncio
async def test_a_command_that_is_stopped_in_its_transaction_holds_up_nobody_who_runs_the_bot(
    postgres: Postgres, bot: str, clock: ManualClock
) -> None:
    stuck = Stuck()
    # long enough to be sure that it was not waited for
    patience = Patience(answer=20.0, session=30.0, aside=10.0, beside=300.0)
    async with PostgresLedger(postgres.url, bot=bot, clock=clock, patience=patience) as ledger:
        await ledger.add_agenda([item(1), item(2)])
        async with PostgresLedger(postgres.url, bot=bot, clock=clock, patience=patience, beside=True) as beside:
            bringing = asyncio.create_task(beside.bring("feed", [item(3)], marks={}, facts=stuck))
            try:
                assert await asyncio.to_thread(stuck.reached.wait, PATIENCE)
                ledger.strike_agenda(1)
                await ledger.committed()
                assert [one.id for one in await ledger.agenda()] == [2]
            finally:
                stuck.goes_on.set()
            await bringing
        assert [one.id for one in await ledger.agenda()] == [2, 3]
        assert list(await ledger.add_agenda([item(4)])) == [4]


@pytest.mark.asyncio
async def test_a_workers_transaction_that_stands_still_is_ended_and_the_bot_runs_on(
    postgres: Postgres, bot: str, clock: ManualClock
) -> None:
    stuck = Stuck()
    patience = Patience(answer=UNHURRIED.answer, session=UNHURRIED.session, aside=0.1)
    other = await asyncpg.connect(postgres.url)
    try:
        async with PostgresLedger(postgres.url, bot=bot, clock=clock, patience=patience) as ledger:
            bringing = asyncio.create_task(ledger.bring("feed", [item(1)], marks={}, facts=stuck))
            try:
                assert await asyncio.to_thread(stuck.reached.wait, PATIENCE)
                async with asyncio.timeout(PATIENCE):
                    while not await other.fetchval(ENDED):
                        await asyncio.sleep(0.05)
            finally:
                stuck.goes_on.set()
            with pytest.raises(LedgerLost):
                await bringing
            ledger.receive(mention_turn(1))
            await ledger.committed()
            assert await ledger.agenda() == []
    finally:
        await other.close()


@pytest.mark.asyncio
async def test_a_worker_that_is_cut_off_while_it_stands_by_is_told_so(
    postgres: Postgres, bot: str, clock: ManualClock
) -> None:
    told = asyncio.Event()
    with Wire(("127.0.0.1", postgres.port)) as wire:
        async with PostgresLedger(postgres.url, bot=bot, clock=clock, patience=UNHURRIED):
            second = PostgresLedger(
                postgres.url.replace(str(postgres.port), str(wire.port)),
                bot=bot,
                clock=clock,
                standing_by=lambda who: told.set(),
                patience=Patience(answer=3.0, session=UNHURRIED.session),
            )
            async with asyncio.timeout(PATIENCE):
                entering = asyncio.create_task(second.__aenter__())
                await asyncio.wait([entering, asyncio.create_task(told.wait())], return_when=asyncio.FIRST_COMPLETED)
                wire.silence()
                with pytest.raises(LedgerLost):
                    await entering
