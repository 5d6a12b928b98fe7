"""Whoever waits for a moment wakes when it has come, also on a machine that was suspended meanwhile."""

import asyncio
import time
from datetime import timedelta

import pytest
from typing_extensions import override

from greenroom.clock import Clock, SystemClock
from greenroom.testing import ManualClock

HOUR = 3_600_000_000


class Laptop(Clock):
    """Sleeps as long as it is told, and is suspended for eight hours during its first sleep."""

    def __init__(self) -> None:
        self.awake = 0
        """Microseconds of sleep that were counted."""
        self.suspended = 0

    @override
    def micros(self) -> int:
        return self.awake + self.suspended

    @override
    async def sleep(self, seconds: float) -> None:
        self.awake += max(0, round(seconds * 1e6))
        self.suspended = 8 * HOUR


@pytest.mark.parametrize("hours", [1, 8, 9])
@pytest.mark.asyncio
async def test_after_a_suspend_a_moment_is_met_within_a_minute(hours: int) -> None:
    clock = Laptop()
    await clock.sleep_until(hours * HOUR)
    late = clock.micros() - max(hours, 8) * HOUR
    assert 0 <= late <= 60_000_000
    assert clock.awake <= max(60_000_000, (hours - 8) * HOUR)


@pytest.mark.asyncio
async def test_a_moment_that_is_over_is_not_waited_for() -> None:
    clock = Laptop()
    await clock.sleep_until(0)
    assert clock.awake == 0


@pytest.mark.skipif(not hasattr(time, "CLOCK_BOOTTIME"), reason="this system has no clock of that name")
def test_time_that_has_passed_counts_while_the_machine_is_suspended() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= SystemClock().elapsed() <= time.clock_gettime(time.CLOCK_BOOTTIME)


@pytest.mark.asyncio
async def test_who_waits_for_the_beat_wakes_up_together_and_never_twice_for_the_same() -> None:
    clock = ManualClock()
    clock.turn(timedelta(seconds=0.35))
    assert [clock.until_beat(period) for period in (0.2, 0.4, 1.0, 5.0)] == [0.05, 0.05, 0.65, 4.65]
    clock.turn(timedelta(seconds=0.6499))
    assert clock.until_beat(1.0) == 1.0001, "woken a little early, it waits for the next one"
    waiting = asyncio.ensure_future(clock.beat(1.0))
    await asyncio.sleep(0)
    clock.turn(timedelta(seconds=1))
    assert not waiting.done()
    clock.turn(timedelta(seconds=0.0001))
    await waiting
