"""When `at`, `every` and `cron` come: endless rows of nominal times, before spread and identity.

Three of the four triggers think in what a wall clock shows (naive datetimes that only ever grow); turning that into
instants, with all that happens in the nights when clocks change, is done in one place for all (`schedule.py`).
"""

import abc
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Protocol, cast

from typing_extensions import override

from greenroom.clock import MICROSECOND
from greenroom.scheduling.wall import first_instant, local_of
from greenroom_adapters.contract import ConfigurationError

__all__ = ["EVERY_DAY", "AtMoments", "AtTimes", "CronLine", "Elapsed", "Grid", "WallTrigger", "every"]

EVERY_DAY = frozenset(range(7))
"""Monday 0 to Sunday 6."""

SECOND, HOUR, DAY, WEEK = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)
MONDAY = datetime(1970, 1, 5)  # noqa: DTZ001 - a reading of a wall clock, wherever that clock hangs
"""Where steps longer than a day are counted from: the first Monday of 1970, 00:00."""


class WallTrigger(abc.ABC):
    """Comes at certain readings of a wall clock."""

    @abc.abstractmethod
    def after(self, wall: datetime) -> Iterator[datetime]:
        """Yield the readings after the naive `wall`, earliest first, each once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtTimes(WallTrigger):
    """Certain times of every one of `days`."""

    times: tuple[time, ...]
    """Ascending, each once, at least one."""
    days: frozenset[int] = EVERY_DAY

    @override
    def after(self, wall: datetime) -> Iterator[datetime]:
        day = wall.date()
        while True:
            if day.weekday() in self.days:
                for moment in self.times:
                    reading = datetime.combine(day, moment)
                    if reading > wall:
                        yield reading
            day += DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMoments(WallTrigger):
    """Certain moments, each once for ever."""

    moments: tuple[datetime, ...]
    """Naive, ascending, each once."""

    @override
    def after(self, wall: datetime) -> Iterator[datetime]:
        return (moment for moment in self.moments if moment > wall)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid(WallTrigger):
    """Every `step` on the wall clock: up to a day counted anew from each midnight, beyond it from `MONDAY`."""

    step: timedelta
    days: frozenset[int] = EVERY_DAY

    def __post_init__(self) -> None:
        """:raises ConfigurationError: no step ever falls on one of the days"""
        stride = timedelta(seconds=math.gcd(self.step // SECOND, WEEK // SECOND))
        if self.step > DAY and not any((MONDAY + n * stride).weekday() in self.days for n in range(WEEK // stride)):
            raise ConfigurationError("`every` never falls on one of its `days`")

    @override
    def after(self, wall: datetime) -> Iterator[datetime]:
        midnight = datetime.combine(wall, time())
        start = midnight if self.step <= DAY else MONDAY
        reading = start + ((wall - start) // self.step + 1) * self.step
        while True:
            if self.step <= DAY and reading >= midnight + DAY:
                reading = midnight = midnight + DAY
            if reading.weekday() in self.days:
                yield reading
            reading += self.step


@dataclass(frozen=True, slots=True, kw_only=True)
class Elapsed:
    """Every `step` of time that really passes, counted anew from the beginning of each day.

    For steps up to an hour: half-hourly stays half-hourly in the nights when clocks change.
    """

    step: timedelta
    days: frozenset[int] = EVERY_DAY

    def after(self, instant: datetime, zone: tzinfo) -> Iterator[datetime]:
        """Yield the instants (UTC) after the aware `instant`, earliest first, each once."""
        day = local_of(instant, zone).date()
        start = first_instant(day, zone)
        instant = instant.astimezone(UTC)
        while True:
            end = first_instant(day + DAY, zone)
            if day.weekday() in self.days:
                moment = start if instant < start else start + ((instant - start) // self.step + 1) * self.step
                while moment < end:
                    yield moment
                    moment += self.step
            day, start = day + DAY, end


def every(step: timedelta, days: frozenset[int]) -> Elapsed | Grid:
    """Return what `every: STEP` means.

    Up to an hour: that much time, counted from midnight. Longer: on the wall clock, so that every 6 hours is 00:00,
    06:00, 12:00 and 18:00 on every day of the year. What does not divide the day begins anew at midnight (every 7
    hours: 00:00, 07:00, 14:00, 21:00). Longer than a day: counted from a Monday, so that every 7 days is Monday at
    midnight.
    """
    return Elapsed(step=step, days=days) if step <= HOUR else Grid(step=step, days=days)


class _Cron(Protocol):
    """What is used of APScheduler's CronTrigger, which has no types."""

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None: ...


MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
"""By the number that a crontab gives them."""
PROBED_FROM, PROBED_UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
"""A century in which a line that ever comes has come."""


class CronLine(WallTrigger):
    """A line of five fields with the meaning that it has in a crontab.

    Weekdays 0 and 7 are Sunday. When both the day of the month and the weekday are restricted, one of them is enough.
    """

    def __init__(self, line: str, *, days: frozenset[int] = EVERY_DAY) -> None:
        """Read `line`, five fields in lower case, of which `days` takes away the other days of the week.

        :raises ConfigurationError: the line is not a cron line, or it never comes
        """
        # Imported by those who write a cron line: it costs every other bot 50 ms at its start.
        from apscheduler.triggers.cron import CronTrigger  # type: ignore[import-untyped]  # it ships no types

        fields = line.split()
        if len(fields) != 5:
            raise ConfigurationError(f"`{line}` has {len(fields)} of the 5 fields minute, hour, day, month and weekday")
        minute, hour, of_month, month, of_week = fields
        allowed = {WEEKDAYS[(day + 1) % 7] for day in days}
        either = not of_month.startswith("*") and not of_week.startswith("*")
        pairs = [(of_month, allowed), ("*", _weekdays(of_week) & allowed)]
        self._triggers: list[_Cron] = []
        try:
            for day, weekdays in pairs if either else [(of_month, pairs[1][1])]:
                if not weekdays:
                    continue
                parts = {
                    "minute": minute,
                    "hour": hour,
                    "day": day,
                    "month": _numbered(month, MONTHS, first=1),
                    "day_of_week": ",".join(sorted(weekdays)),
                    "timezone": UTC,
                }
                trigger, probe = (
                    cast(_Cron, CronTrigger(**parts, end_date=end_date)) for end_date in (None, PROBED_UNTIL)
                )
                if probe.get_next_fire_time(None, PROBED_FROM) is not None:
                    self._triggers.append(trigger)
        except ValueError as error:
            raise ConfigurationError(f"`{line}` is not a cron line: {error}") from error
        if not self._triggers:
            raise ConfigurationError(f"`{line}` never comes")

    @override
    def after(self, wall: datetime) -> Iterator[datetime]:
        # The trigger is handed wall-clock readings dressed as UTC: a clock without gaps and folds, in which its own
        # arithmetic holds.
        moment = wall.replace(tzinfo=UTC)
        while True:
            moment += MICROSECOND
            found = [trigger.get_next_fire_time(None, moment) for trigger in self._triggers]
            comes = [one for one in found if one is not None]
            if not comes:
                return
            moment = min(comes)
            yield moment.replace(tzinfo=None)


def _numbered(field: str, names: tuple[str, ...], *, first: int) -> str:
    """Return a cron field with numbers in the place of names, which stand for `first` and what follows it."""
    for number, name in enumerate(names, start=first):
        field = field.replace(name, str(number))
    return field


def _weekdays(field: str) -> set[str]:
    """Return the names of the days that the weekday field of a crontab means.

    :raises ValueError: the field is not a weekday field
    """
    days: set[str] = set()
    for item in _numbered(field, WEEKDAYS, first=0).split(","):
        span, slash, step = item.partition("/")
        low, dash, high = ("0", "-", "6") if span == "*" else span.partition("-")
        last = int(high) if dash else 6 if slash else int(low)
        if not 0 <= int(low) <= last <= 7:
            raise ValueError(f"`{item}` is not a weekday: they go from 0 to 7")
        days |= {WEEKDAYS[day % 7] for day in range(int(low), last + 1, int(step) if slash else 1)}
    return days
