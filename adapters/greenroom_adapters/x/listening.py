"""What happens to the account, from cursors on, for ever."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import datetime, timedelta
from itertools import count
from typing import Protocol

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Author,
    Event,
    Forbidden,
    RateLimited,
    Unavailable,
)
from greenroom_adapters.transport import Pace
from greenroom_adapters.webhooks import Pushed, Unsafe
from greenroom_adapters.x.activity import Told, read_activity
from greenroom_adapters.x.looks import ExtraLooks
from greenroom_adapters.x.position import WINDOW, Position
from greenroom_adapters.x.sources import Source

__all__ = ["Listening"]

logger = logging.getLogger(__name__)

EAGER, SOON = 3, 1.0
"""So many times, after so many seconds each, an announced event is looked for that is not listed yet."""
BACKLOG = 1000
"""Activities that may wait to be read."""
PATIENCE = 5.0
"""Seconds that X may wait for a look that it has announced."""
SHUT = timedelta(minutes=15)
"""How long a source is left alone that the app may not read."""


class Pusher(Protocol):
    """A way by which X tells what happens."""

    def open(self, queue: "asyncio.Queue[Pushed]") -> AbstractAsyncContextManager[None]:
        """Put what comes into the queue while the block runs."""
        ...


class _Ear:
    """One source as it stands in one run of `events`."""

    def __init__(self, source: Source, position: Position | None, *, due: float) -> None:
        self.source = source
        self.position = position
        self.due = self.regular = due
        """When it is looked at next, and when it would be if nothing had been announced."""
        self.extra = ExtraLooks(every=source.every, most=source.allowed)
        self.failures = 0
        self.stirred = due
        """When something came last, by the loop's clock."""
        self.eager = 0
        """So many looks that find nothing are soon followed by another: something is announced and not listed yet."""
        self.announced: list[Pushed] = []
        """What rang since the last look."""

    def ring(self, now: float) -> None:
        """Have the source looked at as soon as may be, unless it cannot be read."""
        if not self.failures:
            self.due, self.eager = min(self.due, self.extra.earliest(now)), EAGER

    def looked(self, now: float, *, found: bool) -> None:
        """Say when it is due again after a look."""
        every = self.source.every.total_seconds()
        self.failures = 0
        self.eager = 0 if found else max(0, self.eager - 1)
        self.due = self.regular = now + every
        if self.eager:
            self.due = min(self.regular, self.extra.earliest(now + SOON))
        if found:
            self.stirred = now

    def put_off(self, until: float) -> None:
        """Leave it alone until then."""
        self.due = self.regular = until


class Listening:
    """The ears of one account. Its sources are looked at in turn, each when it is due, by whoever iterates."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        me: Callable[[], Author],
        now: Callable[[], datetime],
        pushing: Pusher | None = None,
        pace: Pace | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sources = sources
        self._me = me
        self._now = now
        self._pushing = pushing
        self._pace = pace or Pace()
        self._unsafe = Unsafe()
        self._numbers = count(1)
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._sleep = sleep

    async def now(self) -> Mapping[str, str]:
        """Return the cursor of this moment for each source that may be read."""
        cursors: dict[str, str] = {}
        for source in self._sources:
            try:
                cursors[source.name] = (await source.beginning()).cursor()
            except Forbidden as refused:
                logger.warning("%s cannot be read: %s", source.name, refused)
        return cursors

    async def events(self, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield what is newer than the cursors; of a source without one, what comes from now on.

        :raises AuthenticationFailed: the credentials stopped working
        """
        begun = asyncio.get_running_loop().time()
        ears = [
            _Ear(source, Position.read(after.get(source.name)), due=begun + number / 1000)
            for number, source in enumerate(self._sources)
        ]
        if self._pushing is None:
            async with aclosing(self._events(ears, None)) as events:
                async for event in events:
                    yield event
        else:
            queue: asyncio.Queue[Pushed] = asyncio.Queue(BACKLOG)
            async with self._pushing.open(queue):
                try:
                    async with aclosing(self._events(ears, queue)) as events:
                        async for event in events:
                            self._unsafe.passed(event.source, event.cursor)
                            yield event
                finally:
                    self._give_up(queue, ears)

    def acknowledge(self, source: str, cursor: str) -> None:
        """Hear that everything up to this cursor is on disk."""
        self._unsafe.acknowledged(source, cursor)

    def _give_up(self, queue: "asyncio.Queue[Pushed]", ears: Sequence[_Ear]) -> None:
        """Whoever still waits for something to be on disk is told that it is not: X says it again."""
        self._unsafe.give_up()
        while not queue.empty():
            queue.get_nowait().settle(is_safe=False)
        for ear in ears:
            for pushed in ear.announced:
                pushed.settle(is_safe=False)

    async def _events(self, ears: Sequence[_Ear], queue: "asyncio.Queue[Pushed] | None") -> AsyncGenerator[Event, None]:
        clock = asyncio.get_running_loop().time
        while True:
            ear = min(ears, key=lambda one: one.due)
            if (pause := ear.due - clock()) > 0:
                if (pushed := await self._pushed(queue, pause)) is not None:
                    for event in self._told(pushed, ears):
                        yield event
                continue
            told = await self._look(ear)
            if told and not ear.source.comes_first:
                # Whoever wrote in a thread by hand is heard before what was asked there.
                for first in ears:
                    for event in await self._look(first) if first.source.comes_first else ():
                        yield event
            for event in told:
                yield event
            if clock() - ear.stirred > WINDOW.total_seconds() and ear.position is not None:
                ear.position = ear.position.settled()

    async def history(self, moment: datetime) -> AsyncGenerator[Event, None]:
        """Yield what came in from a moment until now, source by source, oldest first."""
        for source in self._sources:
            try:
                async with aclosing(source.since(moment)) as events:
                    async for event in events:
                        yield event
            except Forbidden as refused:
                logger.warning("%s cannot be read: %s", source.name, refused)

    async def _look(self, ear: _Ear) -> Sequence[Event]:
        """Look at a source once, and say when it is due again."""
        clock = asyncio.get_running_loop().time
        events: Sequence[Event] = ()
        if clock() < ear.regular:
            ear.extra.take(clock())
        try:
            if ear.position is None:
                ear.position = await ear.source.beginning()
            else:
                heard = await ear.source.news(ear.position)
                ear.position, events = heard.position, heard.events
        except AuthenticationFailed:
            raise
        except AdapterError as error:
            self._put_off(ear, error)
            self._answer(ear, None)
            return ()
        self._answer(ear, events)
        if ear.failures:
            logger.info("%s can be read again", ear.source.name)
        ear.looked(clock(), found=bool(events))
        return events

    def _answer(self, ear: _Ear, events: Sequence[Event] | None) -> None:
        """See to those that rang for this look: what it found has to be on disk first; None: it failed. What is
        announced and not listed yet is safe, for the list is X's, and has it in a moment."""
        announced, ear.announced = ear.announced, []
        for pushed in announced:
            if events:
                self._unsafe.wait(ear.source.name, events[-1].cursor, pushed)
            else:
                pushed.settle(is_safe=events is not None)

    async def _pushed(self, queue: "asyncio.Queue[Pushed] | None", pause: float) -> Pushed | None:
        """Wait so many seconds, or until X tells something; return that."""
        if queue is None:
            await self._sleep(pause)
            return None
        try:
            async with asyncio.timeout(pause):
                return await queue.get()
        except TimeoutError:
            return None

    def _told(self, pushed: Pushed, ears: Sequence[_Ear]) -> Sequence[Event]:
        """Return what an activity is; one that is in a listing makes that be looked at."""
        told = self._activity(pushed.body)
        if told.event is not None:
            self._unsafe.wait(told.event.source, told.event.cursor, pushed)
            return (told.event,)
        now = asyncio.get_running_loop().time()
        for ear in ears:
            if ear.source.name == told.look_at:
                ear.ring(now)
                if ear.due - now <= PATIENCE:
                    ear.announced.append(pushed)
                    return ()
        # Nothing that could be lost: it says nothing to us, or cannot be read and was told to the log, or it is in a
        # list of X's that will be looked at.
        pushed.settle(is_safe=True)
        return ()

    def _activity(self, body: bytes) -> Told:
        try:
            # a number, so that each can be acknowledged; where to go on after a start it does not say
            return read_activity(body, me=self._me(), cursor=f"told-{next(self._numbers)}", now=self._now())
        except ValueError as error:
            logger.warning("what X pushed cannot be read: %s", error)
            return Told()

    def _put_off(self, ear: _Ear, error: AdapterError) -> None:
        ear.failures += 1
        # One warning for each outage, not one for each look.
        level = logging.WARNING if ear.failures == 1 else logging.DEBUG
        logger.log(level, "%s cannot be read now: %s", ear.source.name, error)
        wait = self._pace.wait(ear.failures, self._rng) if isinstance(error, Unavailable) else SHUT
        if isinstance(error, RateLimited):
            wait = max(wait, error.retry_after)
        ear.put_off(asyncio.get_running_loop().time() + wait.total_seconds())
