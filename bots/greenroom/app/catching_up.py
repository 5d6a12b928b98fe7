"""What came in before an account began to listen, read on request: counted first, then put into the inbox."""

import asyncio
import contextlib
import enum
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from greenroom.app.afterwards import Afterwards
from greenroom.clock import Clock
from greenroom.storage import Ledger, StorageError
from greenroom.telemetry import get_log
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import (
    AdapterError,
    ConfigurationError,
    Event,
    OwnPostSeen,
    PostDeleted,
    PostEdited,
    SupportsHistory,
)

__all__ = ["CatchingUp"]

MOST = 10_000
"""Events for the bot that are taken in one go."""


class _Step(enum.Enum):
    """How far it has come."""

    READING = "reading"
    READ = "read"
    TAKING = "taking"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class _Work:
    """One account's past."""

    account: str
    since: datetime
    until: datetime
    """When the reading began: what happened since then is read when they are taken."""
    step: _Step = _Step.READING
    seen: int = 0
    """Events that were looked at."""
    known: int = 0
    """Of those for the bot: in the inbox already, whatever became of them."""
    events: list[Event] = field(default_factory=list[Event])
    """Those for the bot that are not known, and that nobody has answered or deleted since."""
    settled: int = 0
    """Of those for the bot: answered by hand, or deleted, or edited so that they are not for the bot any more."""
    afterwards: Afterwards = field(default_factory=Afterwards)
    """What became of them, as far as it was read."""
    taken: int = 0
    why: str = ""
    """Why it failed."""


class CatchingUp:
    """Reads accounts' pasts, one after the other, while the bot goes on.

    Commands begin it, look how far it is, and say that what was found is to be answered. The events keep their ids,
    so nothing is answered twice, however often somebody catches up. What was answered from the account itself, or
    deleted, is left alone, and what was edited is answered as it reads now; when the owner says that they are to be
    answered, what happened since the reading is looked at first.
    """

    def __init__(self, ledger: Ledger, desks: Mapping[str, AccountDesk], *, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._desks = desks
        self._works: dict[str, _Work] = {}
        self._todo: asyncio.Queue[_Work] = asyncio.Queue()
        self._log = get_log()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            work = await self._todo.get()
            try:
                await (self._read(work) if work.step is _Step.READING else self._take(work))
            except AdapterError as error:
                self._fail(work, str(error))
            except StorageError:
                raise
            except Exception as error:  # noqa: BLE001 - an adapter's own bug must not end the bot
                self._log.exception("adapter failed while catching up", account=work.account)
                self._fail(work, f"the adapter failed: {type(error).__name__}")

    def begin(self, account: str, since: datetime) -> None:
        """Begin to read what came in on `account` from the aware `since`.

        :raises ConfigurationError: its platform cannot tell, or it is not connected, or is at it already
        """
        desk = self._desks[account]
        if not desk.is_connected:
            raise ConfigurationError(f"{account} is not connected: `greenroom status` says why")
        if not isinstance(desk.adapter, SupportsHistory):
            raise ConfigurationError(
                f"{account}: {desk.adapter.platform} does not show what came in before; answer it there by hand"
            )
        at_work = self._works.get(account)
        if at_work is not None and at_work.step in (_Step.READING, _Step.TAKING):
            raise ConfigurationError(f"{account} is being caught up already: wait until that is done")
        self._works[account] = work = _Work(account=account, since=since, until=self._clock.now())
        self._todo.put_nowait(work)

    def look(self, account: str) -> dict[str, Any]:
        """Return how far it is, as JSON.

        :raises ConfigurationError: nothing was begun
        """
        work = self._work(account)
        return {
            "step": work.step.value,
            "seen": work.seen,
            "known": work.known,
            "new": len(work.events),
            "settled": work.settled,
            "taken": work.taken,
            "why": work.why,
        }

    def take(self, account: str) -> None:
        """Put what was read into the inbox.

        :raises ConfigurationError: nothing was read
        """
        work = self._work(account)
        if work.step is not _Step.READ:
            raise ConfigurationError(f"{account}: nothing was read that could be answered; begin anew")
        work.step = _Step.TAKING
        self._todo.put_nowait(work)

    def _work(self, account: str) -> _Work:
        work = self._works.get(account)
        if work is None:
            raise ConfigurationError(f"{account}: nothing was begun; the bot was started anew meanwhile")
        return work

    async def _read(self, work: _Work) -> None:
        desk = self._desks[work.account]
        async for event in self._history(desk, work.since):
            work.seen += 1
            if await self._is_news_of(work, event) or not desk.intake.is_for_the_bot(event):
                continue
            if await self._ledger.seq_of_event(work.account, event.id) is not None:
                work.known += 1
            elif len(work.events) < MOST:
                # of what comes later only what became of these is heard
                work.events.append(event)
        self._settle(work)
        work.step = _Step.READ

    async def _take(self, work: _Work) -> None:
        desk = self._desks[work.account]
        async for event in self._history(desk, work.until):
            await self._is_news_of(work, event)
        hands = work.afterwards.hands(work.events)
        self._settle(work)
        for conversation, at in hands.items():
            desk.by_hand.noted(conversation, at)
        for event in work.events:
            work.taken += await desk.intake.take_late(event)
        await self._ledger.committed()
        self._ledger.note(None, "caught up", f"{work.account}: {work.taken} since {work.since:%Y-%m-%d %H:%M} UTC")
        work.events.clear()
        work.step = _Step.DONE

    async def _history(self, desk: AccountDesk, since: datetime) -> AsyncGenerator[Event, None]:
        adapter = desk.adapter
        assert isinstance(adapter, SupportsHistory)  # noqa: S101 - it was when it was begun
        async with contextlib.aclosing(adapter.history(since=since)) as events:
            async for event in events:
                yield event

    async def _is_news_of(self, work: _Work, event: Event) -> bool:
        """Remember what became of a message; say whether the event tells that."""
        match event:
            case PostDeleted():
                work.afterwards.deleted(event)
            case PostEdited():
                work.afterwards.edited(event)
            case OwnPostSeen():
                by_hand = event.key is None and not await self._desks[work.account].by_hand.is_ours(event)
                work.afterwards.answered(event, by_hand=by_hand)
            case _:
                return False
        return True

    def _settle(self, work: _Work) -> None:
        """Leave out what became of itself, and take the rest as it reads now."""
        intake, before = self._desks[work.account].intake, len(work.events)
        work.events = [event for event in work.afterwards.still_open(work.events) if intake.is_for_the_bot(event)]
        work.settled += before - len(work.events)

    def _fail(self, work: _Work, why: str) -> None:
        work.step, work.why = _Step.FAILED, why
        work.events.clear()
