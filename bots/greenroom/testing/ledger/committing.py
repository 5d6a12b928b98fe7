"""What every ledger must promise about commits, closing, and who writes."""

import asyncio

import pytest

from greenroom.storage import AlreadyRunning, State, StorageError
from greenroom.testing.ledger.turns import MakeLedger, mention_turn, stored

__all__ = ["Committing"]


class Committing:
    """Promises about commits."""

    @pytest.mark.asyncio
    async def test_nothing_queued_is_committed_at_once(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            waiter = asyncio.ensure_future(ledger.committed())
            async with asyncio.timeout(5):
                await waiter
            await stored(ledger, mention_turn(1))
            assert asyncio.ensure_future(ledger.committed()).done()

    @pytest.mark.asyncio
    async def test_everything_before_the_call_is_on_disk_when_committed_returns(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            waiters: list[tuple[int, asyncio.Future[None]]] = []
            for number in range(6000):
                ledger.receive(mention_turn(number, conversation=f"c{number % 50}"))
                if number % 500 == 0:
                    waiters.append((number + 1, asyncio.ensure_future(ledger.committed())))
            for count, waiter in waiters:
                await waiter
                assert sum((await ledger.counts()).values()) >= count
            await ledger.committed()
            assert await ledger.counts() == {State.RECEIVED: 6000}

    @pytest.mark.asyncio
    async def test_a_waiter_that_is_cancelled_does_no_harm_to_the_others(self, make_ledger: MakeLedger) -> None:
        async def wait() -> None:
            await ledger.committed()

        async with make_ledger() as ledger:
            ledger.receive(mention_turn(1))
            first, second = asyncio.create_task(wait()), asyncio.create_task(wait())
            await asyncio.sleep(0)
            first.cancel()
            await second
            assert first.cancelled()
            assert await ledger.counts() == {State.RECEIVED: 1}
            await stored(ledger, mention_turn(2))

    @pytest.mark.asyncio
    async def test_closing_writes_what_is_queued_and_can_be_repeated(self, make_ledger: MakeLedger) -> None:
        ledger = make_ledger()
        async with ledger:
            for number in range(5000):
                ledger.receive(mention_turn(number))
        await ledger.__aexit__(None, None, None)
        async with make_ledger() as ledger:
            assert await ledger.counts() == {State.RECEIVED: 5000}

    @pytest.mark.asyncio
    async def test_what_is_queued_while_it_closes_is_written_or_refused(self, make_ledger: MakeLedger) -> None:
        ledger = make_ledger()
        await ledger.__aenter__()
        taken = 0

        async def write_for_ever() -> None:
            nonlocal taken
            for number in range(1_000_000):
                ledger.receive(mention_turn(number))
                taken += 1
                await asyncio.sleep(0)

        writing = asyncio.create_task(write_for_ever())
        await asyncio.sleep(0.02)
        async with asyncio.timeout(20):
            await asyncio.gather(ledger.__aexit__(None, None, None), asyncio.wait((writing,)))
        with pytest.raises(StorageError):
            await writing
        async with make_ledger() as again:
            assert await again.counts() == {State.RECEIVED: taken}

    @pytest.mark.asyncio
    async def test_a_closed_ledger_refuses_to_read_and_to_write(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            turn = await stored(ledger, mention_turn(1))
        with pytest.raises(StorageError):
            ledger.save(turn)
        with pytest.raises(StorageError):
            await ledger.turn(turn.seq)

    @pytest.mark.asyncio
    async def test_a_second_runner_is_refused_until_the_first_has_closed(self, make_ledger: MakeLedger) -> None:
        async with make_ledger() as ledger:
            with pytest.raises(AlreadyRunning, match="runs on"):
                await make_ledger().__aenter__()
            await stored(ledger, mention_turn(1))
        async with make_ledger() as ledger:
            assert await ledger.counts() == {State.RECEIVED: 1}
