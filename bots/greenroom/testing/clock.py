"""Clocks for tests: one that stands still until it is turned, one that runs and can be put forward."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from typing_extensions import override

from greenroom.clock import MICROSECOND, Clock, SystemClock, from_micros, to_micros

__all__ = ["ManualClock", "RunningClock"]

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
BREATH = 0.001
"""Real seconds that other threads and sockets are given before it is judged that everybody waits for the clock."""


class RunningClock(SystemClock):
    """The machine's clock, put forward as a test tells it: for bots on a real server whose time is put forward too."""

    def __init__(self) -> None:
        """Begin at the present moment."""
        self._ahead = 0
        self._jumped = asyncio.Event()

    @override
    def micros(self) -> int:
        return super().micros() + self._ahead

    @override
    async def sleep(self, seconds: float) -> None:
        until = self.micros() + round(seconds * 1e6)
        while (left := until - self.micros()) > 0:
            jumped = self._jumped
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left / 1e6):
                    await jumped.wait()

    def put_forward(self, by: timedelta) -> None:
        """Let `by` pass at once; who sleeps looks whether his moment has come."""
        self._ahead += by // MICROSECOND
        jumped, self._jumped = self._jumped, asyncio.Event()
        jumped.set()


class ManualClock(Clock):
    """Time as a test tells it. Who sleeps wakes when the clock is turned past his moment, in the order of moments."""

    def __init__(self, start: datetime = MONDAY_NOON) -> None:
        """Begin at the aware moment `start`."""
        self._now = to_micros(start)
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    @override
    def micros(self) -> int:
        return self._now

    @override
    def elapsed(self) -> float:
        return self._now / 1e6

    @override
    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        until = self._now + max(1, round(seconds * 1e6))
        sleeper = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (until, next(self._numbers), sleeper))
        await sleeper

    @property
    def awaited(self) -> list[datetime]:
        """The moments that somebody waits for, soonest first."""
        return sorted(from_micros(until) for until, _, sleeper in self._sleepers if not sleeper.done())

    def turn(self, by: timedelta) -> None:
        """Let `by` pass at once (to go back, take a negative one) and wake whose moment has come."""
        self._now += by // MICROSECOND
        self._wake()

    def turn_to(self, moment: datetime) -> None:
        """Make it `moment`."""
        self.turn(moment - self.now())

    async def run_until(self, reached: Callable[[], object], *, patience: float = 60.0) -> None:
        """Let time pass, from one awaited moment to the next, until `reached()` is true.

        :raises TimeoutError: that did not happen within `patience` real seconds
        """
        loop = asyncio.get_running_loop()
        ends = loop.time() + patience
        while not reached():
            if loop.time() > ends:
                raise TimeoutError(f"not reached by {self.now():%Y-%m-%d %H:%M:%S}")
            before = self._next()
            await asyncio.sleep(BREATH)
            # a moment that appeared or went just now says that somebody is still at work
            if not reached() and before is not None and before == self._next():
                self._now = max(self._now, before)
                self._wake()

    def _next(self) -> int | None:
        while self._sleepers and self._sleepers[0][2].done():
            heapq.heappop(self._sleepers)
        return self._sleepers[0][0] if self._sleepers else None

    def _wake(self) -> None:
        while (until := self._next()) is not None and until <= self._now:
            heapq.heappop(self._sleepers)[2].set_result(None)
