"""Times as people write them, on the clock of a zone, and the instants at which they come."""

from datetime import UTC, date, datetime, time, timedelta, tzinfo

__all__ = ["exists", "first_instant", "instant_of", "local_of"]

SECOND = timedelta(seconds=1)


def local_of(instant: datetime, zone: tzinfo) -> datetime:
    """Return what the clocks of `zone` show at an aware `instant`: naive, without a fold."""
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)


def instant_of(wall: datetime, zone: tzinfo) -> datetime:
    """Return the instant, in UTC, at which the clocks of `zone` show the naive `wall`.

    A time that comes twice (clocks go back) is its first coming. A time that never comes (clocks go forward) is the
    first instant after the gap. So a later `wall` never gives an earlier instant.
    """
    instant = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if local_of(instant, zone) == wall:
        return instant
    # In a gap, fold=1 reads `wall` with the offset after the change, which lies before the change, and fold=0 the
    # other way round: the change is between the two.
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), instant
    old = before.astimezone(zone).utcoffset()
    while after - before > SECOND:
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == old:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def first_instant(day: date, zone: tzinfo) -> datetime:
    """Return the instant, in UTC, at which `day` begins in `zone`: midnight, or the end of the gap that swallows it."""
    return instant_of(datetime.combine(day, time()), zone)


def exists(day: date, zone: tzinfo) -> bool:
    """Tell whether `day` is on the calendar of `zone`: Samoa had no 30 December 2011."""
    return local_of(first_instant(day, zone), zone).date() == day
