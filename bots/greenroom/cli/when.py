"""Moments as an owner types them: on the clock of the bot's zone, or a while from now."""

import re
from datetime import UTC, datetime, time, timedelta, tzinfo

from greenroom.scheduling.wall import instant_of, local_of
from greenroom.settings.spelling import DURATION, WHEN, SpellingError
from greenroom_adapters.contract import ConfigurationError

__all__ = ["HOW_TO_WRITE", "moment_of"]

HOW_TO_WRITE = "write 18:00, 2026-12-24 18:00, or in 2 hours"


DAYS_AHEAD = {"today": 0, "tonight": 0, "tomorrow": 1}
CLOCK_TIME = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(am|pm)?", re.IGNORECASE)


def _written_well(words: str, now: datetime, zone: tzinfo) -> str:
    """Return the form that works for what may have been meant, or else how moments are written."""
    day, _, rest = words.partition(" ")
    ahead = DAYS_AHEAD.get(day.casefold())
    found = CLOCK_TIME.fullmatch((words if ahead is None else rest).strip().removeprefix("at ").strip())
    if found is None:
        return HOW_TO_WRITE
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").casefold()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    if hour > 23 or minute > 59 or (ahead is None and not half and found[2] is None):
        return HOW_TO_WRITE
    clock = f"{hour:02}:{minute:02}"
    if ahead is None:
        return f"write {clock}"
    return f"write '{local_of(now, zone).date() + timedelta(days=ahead)} {clock}'"


def moment_of(text: str, *, now: datetime, zone: tzinfo) -> datetime:
    """Return the moment (UTC) that `text` means at the aware `now`.

    A time of day is its next coming, a day with a time is that one, `in` with a duration counts from now.

    :raises ConfigurationError: it is none of these, or lies in the past
    """
    words = text.strip()
    try:
        if words == "now":
            return now.astimezone(UTC)
        if words.startswith("in "):
            return now.astimezone(UTC) + DURATION.read(words.removeprefix("in "))
        when: time | datetime = WHEN.read(words)
    except SpellingError as error:
        if words.startswith("in "):
            raise ConfigurationError(str(error)) from error
        raise ConfigurationError(f"`{words}` does not say when: {_written_well(words, now, zone)}") from error
    if isinstance(when, datetime):
        moment = instant_of(when, zone)
        if moment < now:
            raise ConfigurationError(f"{words} has passed (it is {local_of(now, zone):%Y-%m-%d %H:%M} in {zone})")
        return moment
    today = local_of(now, zone).date()
    moment = instant_of(datetime.combine(today, when), zone)
    return moment if moment > now else instant_of(datetime.combine(today + timedelta(days=1), when), zone)
