"""What happens to the account, from cursors on, for ever."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

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
from greenroom_adapters.x.activity import Told, read_activity
from greenroom_adapters.x.looks import ExtraLooks
from greenroom_adapters.x.position import WINDOW, Position
from greenroom_adapters.x.pushing import Pushing
from greenroom_adapters.x.sources import Source

__all__ = ["Listening"]

logger = logging.getLogger(__name__)

EAGER, SOON = 3, 1.0
"""So many times, after so many seconds each, an announced event is looked for that is not listed yet."""
SHUT = timedelta(minutes=15)
"""How long a source is left alone that the app may not read."""


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
        pushing: Pushing | None = None,
        pace: Pace | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sources = sources
        self._me = me
        self._now = now
        self._pushing = pushing
        self._pace = pace or Pace()
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
            async with self._pushing.open() as queue, aclosing(self._events(ears, queue)) as events:
                async for event in events:
                    yield event

    async def _events(self, ears: Sequence[_Ear], queue: "asyncio.Queue[bytes] | None") -> AsyncGenerator[Event, None]:
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
            return ()
        if ear.failures:
            logger.info("%s can be read again", ear.source.name)
        ear.looked(clock(), found=bool(events))
        return events

    async def _pushed(self, queue: "asyncio.Queue[bytes] | None", pause: float) -> bytes | None:
        """Wait so many seconds, or until X tells something; return that."""
        if queue is None:
            await self._sleep(pause)
            return None
        try:
            async with asyncio.timeout(pause):
                return await queue.get()
        except TimeoutError:
            return None

    def _told(self, pushed: bytes, ears: Sequence[_Ear]) -> Sequence[Event]:
        """Return what an activity is; one that is in a listing makes that be looked at."""
        told = self._activity(pushed)
        for ear in ears:
            if ear.source.name == told.look_at:
                ear.ring(asyncio.get_running_loop().time())
        return () if told.event is None else (told.event,)

    def _activity(self, pushed: bytes) -> Told:
        try:
            return read_activity(pushed, me=self._me(), cursor="stream", now=self._now())
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
