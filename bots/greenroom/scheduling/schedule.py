"""One entry of `post` as the row of its occurrences: what is served, when it is due, until when it may be late."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Self

from typing_extensions import override

from greenroom.clock import MICROSECOND
from greenroom.scheduling.identity import Form, event_id, period_of, spread_of
from greenroom.scheduling.triggers import EVERY_DAY, AtMoments, AtTimes, CronLine, Elapsed, WallTrigger, every
from greenroom.scheduling.wall import exists, first_instant, instant_of, local_of
from greenroom.settings.posting import PostEntry
from greenroom_adapters.contract import ConfigurationError

__all__ = ["Occurrence", "Schedule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time at which a scheduled post is due."""

    name: str
    """The entry's name."""
    period: str
    """What it serves; with the name its identity, whatever becomes of the hour."""
    due: datetime
    """When to post, after spread; UTC."""
    deadline: datetime
    """The last instant at which it is still worth posting; UTC."""

    @property
    def event_id(self) -> str:
        """Under which the inbox takes it once."""
        return event_id(self.name, self.period)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nominal:
    """One coming of a trigger, before spread."""

    instant: datetime
    wall: datetime


class Schedule:
    """When one post is due. Immutable; the same entry and zone give the same occurrences in every process.

    Where clocks go forward, a time that is left out comes at the first instant after the gap; where they go back, a
    time that comes twice is served the first time. Of several times that fall on one instant only the last is served.
    A day that the zone's calendar leaves out is not served. The spread of one occurrence ends before the next one's
    nominal time, so occurrences never overtake each other.
    """

    def __init__(
        self,
        *,
        name: str,
        form: Form,
        triggers: tuple[WallTrigger, ...] | Elapsed,
        timezone: tzinfo,
        spread: timedelta,
        late_ok: timedelta,
    ) -> None:
        """Take the parts as they are; `of` makes them from what an owner wrote."""
        self.name = name
        self.form = form
        self.timezone = timezone
        self.late_ok = late_ok
        self._triggers = triggers
        self._spread = spread

    @classmethod
    def of(cls, entry: PostEntry, *, timezone: tzinfo) -> Self:
        """Return the schedule of an entry whose times are in `timezone`.

        :raises ConfigurationError: the entry never comes, or its cron line is none
        """
        days = EVERY_DAY if entry.days is None else entry.days
        try:
            form, triggers = _read(entry, days)
        except ConfigurationError as error:
            raise ConfigurationError(f"post `{entry.name}`: {error}") from error
        return cls(
            name=entry.name,
            form=form,
            triggers=triggers,
            timezone=timezone,
            spread=entry.spread,
            late_ok=entry.late_ok,
        )

    @override
    def __repr__(self) -> str:
        return f"Schedule(name={self.name!r}, form={self.form!r})"

    def next_after(self, moment: datetime) -> Occurrence | None:
        """Return the first occurrence that is due after the aware `moment`; None: there is none any more."""
        return next(self._due_after(moment), None)

    def between(self, after: datetime, until: datetime) -> Iterator[Occurrence]:
        """Yield what is due after the aware `after` and not later than `until`, earliest first."""
        for occurrence in self._due_after(after):
            if occurrence.due > until:
                return
            yield occurrence

    def from_tomorrow(self, now: datetime) -> datetime:
        """Return the last instant that belongs to today's occurrences: whatever is due later serves a later day.

        Today is the local day of the aware `now`; an occurrence belongs to the day of its nominal time, although its
        spread may carry it past midnight.
        """
        tomorrow = first_instant(local_of(now, self.timezone).date() + timedelta(days=1), self.timezone)
        last = max(tomorrow, now.astimezone(UTC)) - MICROSECOND
        following = next(self._occurrences(last), None)
        return last if following is None else max(last, following.due - MICROSECOND)

    def _due_after(self, moment: datetime) -> Iterator[Occurrence]:
        if moment.tzinfo is None:
            raise ValueError("a moment without a time zone is no moment")
        return (one for one in self._occurrences(moment - self._spread - MICROSECOND) if one.due > moment)

    def _occurrences(self, after: datetime) -> Iterator[Occurrence]:
        """Yield the occurrences whose nominal time is after `after`, earliest first."""
        nominals = self._nominals(after)
        nominal = next(nominals, None)
        while nominal is not None:
            # The next one is asked for only where it limits the spread: a trigger's step is the dearest part.
            following = next(nominals, None) if self._spread else None
            room = self._spread if following is None else min(self._spread, following.instant - nominal.instant)
            period = period_of(self.form, wall=nominal.wall, instant=nominal.instant)
            due = nominal.instant + (spread_of(self.name, period, room=room) if room else room)
            yield Occurrence(name=self.name, period=period, due=due, deadline=due + self.late_ok)
            nominal = following if self._spread else next(nominals, None)

    def _nominals(self, after: datetime) -> Iterator[_Nominal]:
        """Yield the comings after `after`, by strictly growing instants."""
        zone = self.timezone
        if isinstance(self._triggers, Elapsed):
            for instant in self._triggers.after(after, zone):
                yield _Nominal(instant=instant, wall=local_of(instant, zone))
            return
        # A reading at or before the present one never lies in the future: readings are turned into instants in order.
        now = local_of(after, zone)
        waiting: _Nominal | None = None
        for wall in heapq.merge(*(trigger.after(now) for trigger in self._triggers)):
            instant = instant_of(wall, zone)
            left_out = local_of(instant, zone).date() != wall.date() and not exists(wall.date(), zone)
            if instant <= after or left_out:
                continue
            if waiting is not None and waiting.instant != instant:
                yield waiting
            waiting = _Nominal(instant=instant, wall=wall)
        if waiting is not None:
            yield waiting


def _read(entry: PostEntry, days: frozenset[int]) -> tuple[Form, tuple[WallTrigger, ...] | Elapsed]:
    """Return what an entry's `at`, `every` or `cron` means."""
    if entry.every is not None:
        trigger = every(entry.every, days)
        return Form.INSTANT, trigger if isinstance(trigger, Elapsed) else (trigger,)
    if entry.cron is not None:
        return Form.INSTANT, (CronLine(entry.cron, days=days),)
    if not entry.at:
        # what comes as it comes has no times
        return Form.ONCE, ()
    moments = sorted({at for at in entry.at if isinstance(at, datetime) and at.weekday() in days})
    times = sorted({at for at in entry.at if isinstance(at, time)})
    if not moments and not times:
        raise ConfigurationError("`at` never falls on one of its `days`")
    if not times:
        once_a_day = len({moment.date() for moment in moments}) == len(moments)
        return Form.ONCE if once_a_day else Form.TIME, (AtMoments(moments=tuple(moments)),)
    daily = AtTimes(times=tuple(times), days=days)
    if not moments:
        return Form.DAY if len(times) == 1 else Form.TIME, (daily,)
    return Form.TIME, (daily, AtMoments(moments=tuple(moments)))
