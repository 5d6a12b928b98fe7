"""When what comes from a feed or a folder is posted: at the next of its times, or as soon as there is a place."""

from collections.abc import Collection
from datetime import timedelta, tzinfo

from greenroom.clock import MICROSECOND, from_micros, to_micros
from greenroom.scheduling.schedule import Schedule
from greenroom.scheduling.triggers import EVERY_DAY
from greenroom.scheduling.wall import first_instant, local_of
from greenroom.settings import BotFile, PostEntry, Rate

__all__ = ["Slots"]


class Slots:
    """The places of one entry. Immutable; moments are microseconds since 1970."""

    def __init__(self, entry: PostEntry, file: BotFile) -> None:
        """Take an entry with a feed or a folder.

        :raises ConfigurationError: it never comes
        """
        assert entry.origin is not None  # noqa: S101 - whoever calls has looked
        self.rate: Rate = entry.origin.rate
        self._days = EVERY_DAY if entry.days is None else entry.days
        self.timezone: tzinfo = file.timezone
        self._has_times = bool(entry.at or entry.every or entry.cron)
        self._schedule = Schedule.of(entry, timezone=file.timezone)
        fields = {"at", "every", "cron", "days", "spread"}
        self.spelled = f"{entry.model_dump_json(include=fields)} {self.rate} {file.timezone}"
        """The same as long as the places are."""

    def next_after(self, taken: Collection[int], now: int) -> int | None:
        """Return the first place, not before `now`, behind those that are taken; None: there is none any more."""
        moment = max((now, *taken))
        per = self.rate.per // MICROSECOND
        while True:
            if self._has_times:
                occurrence = self._schedule.next_after(from_micros(moment))
                if occurrence is None:
                    return None
                moment = to_micros(occurrence.due)
            within = sorted(one for one in taken if moment - per < one <= moment)
            if len(within) >= self.rate.count:
                free = within[-self.rate.count] + per
                # a place of the schedule lies behind this one
                moment = free - 1 if self._has_times else free
                continue
            day = local_of(from_micros(moment), self.timezone)
            if self._has_times or day.weekday() in self._days:
                return moment
            moment = to_micros(first_instant(day.date() + timedelta(days=1), self.timezone))
