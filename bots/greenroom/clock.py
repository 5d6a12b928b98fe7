"""The clock that everything asks: real in production, turned by hand in tests."""

import abc
import asyncio
import time
from datetime import UTC, datetime, timedelta

from typing_extensions import override

__all__ = ["Clock", "SystemClock", "from_micros", "to_micros"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970, as the ledger stores it."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return microseconds since 1970 as an aware moment in UTC."""
    return EPOCH + timedelta(microseconds=micros)


class Clock(abc.ABC):
    """Tells the time and waits."""

    @abc.abstractmethod
    def micros(self) -> int:
        """Return the present moment in microseconds since 1970."""

    @abc.abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait that long; not at all for zero and less."""

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
