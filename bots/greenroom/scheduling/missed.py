"""What to do about the posts that became due: serve, skip, and how far the clock has been considered."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from greenroom.clock import MICROSECOND
from greenroom.scheduling.schedule import Occurrence, Schedule

__all__ = ["LOOK_BACK", "Due", "due_now"]

LOOK_BACK = timedelta(days=31)
"""After a longer outage the occurrences before this are not listed one by one, unless they may still be served."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What has become due of one schedule."""

    serve: tuple[Occurrence, ...]
    """To be posted now: none or one."""
    skipped: tuple[Occurrence, ...]
    """Missed, earliest first. Past its deadline: too late; otherwise a newer one takes its place."""
    considered_until: datetime
    """To be stored in the same commit as `serve`; it never goes back."""


def due_now(schedule: Schedule, considered_until: datetime | None, now: datetime) -> Due:
    """Decide about every occurrence that is due after `considered_until` and not later than `now`, both aware.

    Of those still before their deadline (which counts) the newest is served and the others are skipped: an outage
    never ends in a burst. A name that was never considered (None) has missed nothing: what was due before it came is
    served where its deadline allows, so a new bot that posts every 30 minutes posts at its first start, and a new
    `at: 08:00` that first runs at 08:40 posts today with the default `late_ok` of an hour.
    """
    newcomer = considered_until is None
    horizon = now - (schedule.late_ok if newcomer else max(schedule.late_ok, LOOK_BACK)) - MICROSECOND
    after = horizon if considered_until is None else max(considered_until, horizon)
    due = tuple(schedule.between(after, now))
    serve = due[-1:] if due and now <= due[-1].deadline else ()
    return Due(
        serve=serve,
        skipped=() if newcomer else due[: len(due) - len(serve)],
        considered_until=now if considered_until is None else max(considered_until, now),
    )
