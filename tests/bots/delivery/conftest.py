"""One account's door: a real dispatcher, a real ledger, a clock turned by hand, and a platform that obeys the test."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

import pytest
import pytest_asyncio

from greenroom.delivery import Dispatcher, Means, Pacer, Payments, Shelf, recalled
from greenroom.faults import FaultHook
from greenroom.policy import ALLOW, USD, Budget, Verdict
from greenroom.storage import Part, SqliteLedger, State, Turn
from greenroom.testing import ManualClock, ScriptedPlatform
from greenroom.testing.ledger import mention_turn
from greenroom_adapters.contract import Post, PostRef


@dataclass(kw_only=True)
class Door:
    """What a test of delivery works with."""

    ledger: SqliteLedger
    clock: ManualClock
    platform: ScriptedPlatform
    pacer: Pacer
    path: Path
    count: int = 0
    open: list[SqliteLedger] = field(default_factory=list)
    limit: int = USD
    """Money for a day."""
    share: int | None = None
    """What of it one person may cause."""
    ledger_class: type[SqliteLedger] = SqliteLedger
    """Of what a new process opens."""
    faults: FaultHook | None = None
    may_send: Callable[[Turn], Verdict] = lambda turn: ALLOW

    @property
    def budget(self) -> Budget:
        return Budget(self.ledger, clock=self.clock, zone=UTC, limit=self.limit, share=self.share)

    def dispatcher(self) -> Dispatcher:
        adapter = self.platform.adapter()
        means = Means(
            account="home",
            adapter=adapter,
            ledger=self.ledger,
            pacer=self.pacer,
            clock=self.clock,
            chance=random.Random(1),  # noqa: S311 - jitter
            faults=self.faults,
            shelf=Shelf(self.path.with_name("media")),
            payments=Payments(adapter, account="home", budget=self.budget, clock=self.clock),
        )
        return Dispatcher(means, may_send=self.may_send)

    async def intended(self, *texts: str) -> Turn:
        """Return a stored turn that is to be sent as a thread of `texts`."""
        self.count += 1
        turn = mention_turn(self.count, at=self.clock.now())
        self.ledger.receive(turn)
        turn.outbox = [
            Part(
                key=f"key-{self.count}-{number}",
                post=Post(text=text, in_reply_to=PostRef(id=f"p{self.count}") if number == 0 else None),
            )
            for number, text in enumerate(texts or ("Here I am.",))
        ]
        turn.state = State.INTENDED
        self.ledger.save(turn)
        await self.ledger.committed()
        return turn

    async def deliver(self, turn: Turn) -> Turn:
        """Deliver, letting time pass as it is waited for, and return the turn as it is stored then."""
        task = asyncio.create_task(self.dispatcher().deliver(turn))
        await self.clock.run_until(task.done)
        await task
        return await self.stored(turn)

    async def stored(self, turn: Turn) -> Turn:
        await self.ledger.committed()
        found = await self.ledger.turn(turn.seq)
        assert found is not None
        return found

    async def after_crash(self, turn: Turn) -> Turn:
        """Return the turn as a new process finds it: from disk, with a pacer that knows what was stored."""
        await self.ledger.__aexit__(None, None, None)
        self.ledger = self.ledger_class(self.path, bot="ada", clock=self.clock)
        await self.ledger.__aenter__()
        self.pacer = await recalled(self.ledger, "home", clock=self.clock)
        return await self.stored(turn)

    async def why(self, turn: Turn) -> list[str]:
        """Return what the journal says about the turn, newest first."""
        return [f"{entry.what}: {entry.why}" for entry in await self.ledger.journal(seq=turn.seq)]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def platform(clock: ManualClock) -> ScriptedPlatform:
    return ScriptedPlatform(clock)


@pytest_asyncio.fixture
async def door(tmp_path: Path, clock: ManualClock, platform: ScriptedPlatform) -> AsyncIterator[Door]:
    path = tmp_path / "ada.db"
    ledger = SqliteLedger(path, bot="ada", clock=clock)
    await ledger.__aenter__()
    made = Door(ledger=ledger, clock=clock, platform=platform, pacer=Pacer(clock), path=path)
    yield made
    await made.ledger.__aexit__(None, None, None)
