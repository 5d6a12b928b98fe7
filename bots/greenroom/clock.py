"""The clock that everything asks: real in production, turned by hand in tests."""

import abc
import asyncio
import time
from datetime import UTC, datetime, timedelta

from typing_extensions import override

__all__ = ["MICROSECOND", "Clock", "SystemClock", "from_micros", "to_micros"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
"""What the ledger counts moments in: a span divided by it is a number of them."""
LONGEST_SLEEP = timedelta(minutes=1) // MICROSECOND
"""Microseconds that are slept in one piece at the most, by whoever waits for a moment."""


def to_micros(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970, as the ledger stores it."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return microseconds since 1970 as an aware moment in UTC."""
    return EPOCH + micros * MICROSECOND


class Clock(abc.ABC):
    """Tells the time and waits."""

    @abc.abstractmethod
    def micros(self) -> int:
        """Return the present moment in microseconds since 1970."""

    def elapsed(self) -> float:
        """Return seconds since some moment, by a clock that nobody sets and that goes on while the machine is
        suspended, wherever the system has one."""
        clock = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
        return time.monotonic() if clock is None else time.clock_gettime(clock)

    @abc.abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait that long; not at all for zero and less."""

    async def sleep_until(self, moment: int) -> None:
        """Wait until `moment` (microseconds since 1970), and look again every minute whether it has come: a machine
        that was suspended, or whose clock was set, has not slept as long as it seems."""
        await self.nap_until(moment)
        while moment > self.micros():
            await self.nap_until(moment)

    async def nap_until(self, moment: int) -> None:
        """Wait until `moment` (microseconds since 1970), and never longer than a minute, wherever the clock is set
        meanwhile."""
        await self.sleep(min(moment - self.micros(), LONGEST_SLEEP) / 1e6)

    def until_beat(self, seconds: float) -> float:
        """Return the seconds until the next moment that is a multiple of `seconds`, as the clock counts; never next to
        none, also for who was woken a little early."""
        period = round(seconds * 1e6)
        left = period - self.micros() % period
        return (left if left * 20 > period else left + period) / 1e6

    async def beat(self, seconds: float) -> None:
        """Wait for the next multiple of `seconds`. Whoever looks for something again and again waits like this: all of
        them wake up together then, and a process that has nothing to do wakes up once for all."""
        await self.sleep(self.until_beat(seconds))

    def now(self) -> datetime:
        """Return the present moment, aware, in UTC."""
        return from_micros(self.micros())


class SystemClock(Clock):
    """The machine's clock."""

    @override
    def micros(self) -> int:
        return time.time_ns() // 1000

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))
