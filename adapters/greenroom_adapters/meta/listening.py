"""What happens to the account, from cursors on, for ever: lists that are looked at, and what is told by calls."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from datetime import datetime, timedelta
from itertools import count

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, Event, PostRejected, RateLimited
from greenroom_adapters.meta.door import Door
from greenroom_adapters.meta.position import Position
from greenroom_adapters.meta.sources import Source
from greenroom_adapters.transport import Pace
from greenroom_adapters.webhooks import Pushed, Unsafe

__all__ = ["TOLD", "Listening", "Told"]

logger = logging.getLogger(__name__)

TOLD = "told"
"""The source of what is told by calls. Its cursors are numbers: where to go on after a start only the lists say."""
BACKLOG = 1000
"""Calls that may wait to be read."""
SHUT = timedelta(minutes=15)
"""How long a list is left alone that the app may not read."""
CATCHING_UP = timedelta(minutes=10)
"""How often the lists are looked at where a webhook tells what happens: for what its calls did not bring."""

Told = Callable[[bytes, Callable[[], str]], Awaitable[Sequence[Event]]]
"""Reads a call: its body, and where the cursors of its events come from."""


class _Ear:
    """One list as it stands in one run of `events`."""

    def __init__(self, source: Source, position: Position | None, *, due: float) -> None:
        self.source = source
        self.position = position
        self.due = due
        self.failures = 0


class Listening:
    """The ears of one account. Its lists are looked at in turn, each when it is due, by whoever iterates."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        every: timedelta,
        door: Door | None,
        told: Told,
        pace: Pace | None = None,
    ) -> None:
        """`every` is the time between two looks at a list; with a `door` they are seldom, and `told` reads what comes
        in there."""
        self._sources = sources
        self._every = every if door is None else max(every, CATCHING_UP)
        self._door = door
        self._told = told
        self._pace = pace or Pace()
        self._random = random.Random()  # noqa: S311 - jitter, not a secret
        self._unsafe = Unsafe()
        self._numbers = count(1)

    async def now(self) -> Mapping[str, str]:
        """Return the cursor of this moment for each list that may be read."""
        cursors: dict[str, str] = {}
        for source in self._sources:
            try:
                cursors[source.name] = (await source.beginning()).cursor()
            except PostRejected as refused:
                logger.warning("%s cannot be read: %s", source.name, refused)
        return cursors

    async def history(self, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what came in from a moment until now, list by list, oldest first."""
        for source in self._sources:
            try:
                events = await source.since(since)
            except PostRejected as refused:
                logger.warning("%s cannot be read: %s", source.name, refused)
                continue
            for event in events:
                yield event

    def acknowledge(self, source: str, cursor: str) -> None:
        """Hear that everything up to this cursor is on disk."""
        self._unsafe.acknowledged(source, cursor)

    async def events(self, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield events; of a list without a cursor, what comes from now on.

        :raises AuthenticationFailed: the credentials stopped working
        """
        begun = asyncio.get_running_loop().time()
        ears = [_Ear(source, Position.read(after.get(source.name)), due=begun) for source in self._sources]
        queue: asyncio.Queue[Pushed] = asyncio.Queue(BACKLOG)
        async with AsyncExitStack() as stack:
            if self._door is not None:
                await stack.enter_async_context(self._door.open(queue))
                stack.callback(self._give_up, queue)
            events = await stack.enter_async_context(aclosing(self._events(ears, queue)))
            async for event in events:
                self._unsafe.passed(event.source, event.cursor)
                yield event

    def _give_up(self, queue: "asyncio.Queue[Pushed]") -> None:
        """Whoever still waits for something to be on disk is told that it is not: Meta says it again."""
        self._unsafe.give_up()
        while not queue.empty():
            queue.get_nowait().settle(is_safe=False)

    async def _events(self, ears: Sequence[_Ear], queue: "asyncio.Queue[Pushed]") -> AsyncGenerator[Event, None]:
        clock = asyncio.get_running_loop().time
        while True:
            ear = min(ears, key=lambda one: one.due)
            if (pause := ear.due - clock()) > 0:
                if (pushed := await _next(queue, pause)) is not None:
                    for event in await self._read(pushed):
                        yield event
                continue
            told = await self._look(ear)
            if told and not ear.source.comes_first:
                # What the account wrote by hand is heard before what was said to it meanwhile.
                for first in ears:
                    for event in await self._look(first) if first.source.comes_first else ():
                        yield event
            for event in told:
                yield event

    async def _read(self, pushed: Pushed) -> Sequence[Event]:
        """Return what a call tells. It is safe when the last of that is."""
        try:
            events = await self._told(pushed.body, lambda: str(next(self._numbers)))
        except AuthenticationFailed:
            pushed.settle(is_safe=False)
            raise
        except AdapterError as error:
            logger.info("what a call told cannot be looked up now, so it is to come again: %s", error)
            pushed.settle(is_safe=False)
            return ()
        except ValueError as error:
            # told again it would be no better
            logger.warning("what a call told cannot be read: %s", error)
            events = ()
        if events:
            self._unsafe.wait(events[-1].source, events[-1].cursor, pushed)
        else:
            pushed.settle(is_safe=True)
        return events

    async def _look(self, ear: _Ear) -> Sequence[Event]:
        """Look at a list once, and say when it is due again."""
        clock = asyncio.get_running_loop().time
        events: Sequence[Event] = ()
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
            return ()
        if ear.failures:
            logger.info("%s can be read again", ear.source.name)
        ear.failures, ear.due = 0, clock() + self._every.total_seconds()
        return events

    def _put_off(self, ear: _Ear, error: AdapterError) -> None:
        ear.failures += 1
        # One warning for each outage, not one for each look.
        level = logging.WARNING if ear.failures == 1 else logging.DEBUG
        logger.log(level, "%s cannot be read now: %s", ear.source.name, error)
        wait = SHUT if isinstance(error, PostRejected) else self._pace.wait(ear.failures, self._random)
        if isinstance(error, RateLimited):
            wait = max(wait, error.retry_after)
        ear.due = asyncio.get_running_loop().time() + wait.total_seconds()


async def _next(queue: "asyncio.Queue[Pushed]", pause: float) -> Pushed | None:
    """Wait so many seconds, or until something is told; return that."""
    try:
        async with asyncio.timeout(pause):
            return await queue.get()
    except TimeoutError:
        return None
