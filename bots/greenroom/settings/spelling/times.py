"""Durations, times of day, moments, spans, weekdays, and the lines of a crontab."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Annotated, cast

from greenroom.settings.spelling.grammar import Spelling, SpellingError, is_number, quoted, trimmed

__all__ = ["CRON", "DAY", "DAYS", "DURATION", "PERIOD", "SPAN", "UNITS", "WHEN", "Duration", "Span"]

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONGEST = timedelta(days=36_500)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of every day, from `start` up to but not including `end`; it may pass midnight."""

    start: time
    end: time

    def __contains__(self, moment: time) -> bool:
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


# Durations

_UNITS_BY_WORD = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), SECOND),
    **dict.fromkeys(("min", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("h", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * DAY),
}
UNITS = {"day": DAY, "hour": HOUR, "minute": MINUTE, "second": SECOND}
"""The long names of those in which times are written, the longest first."""
_DURATION_PART = re.compile(r"([0-9]+) ?([A-Za-z]+)")
_DURATION_PATTERN = (
    r"^ *[0-9]+ *(s|sec|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?)"
    r"( +[0-9]+ *(s|sec|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?))* *$"
)


def _read_duration(value: object) -> timedelta:
    if is_number(value):
        if value == 0:
            return timedelta(0)
        raise SpellingError(f"{quoted(value)}: minutes or months? write {quoted(value)[1:-1]} minutes")
    text = trimmed(value, "10 minutes, 6 hours or 90 days")
    if bare := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?[mM]?", text):
        raise SpellingError(f"{quoted(text)}: minutes or months? write {bare[1]} minutes")
    total, end = timedelta(0), 0
    for part in _DURATION_PART.finditer(text):
        unit = _UNITS_BY_WORD.get(part[2].lower())
        if text[end : part.start()].strip() or unit is None or len(part[1]) > 12:
            break
        total += min(int(part[1]), LONGEST // unit + 1) * unit
        end = part.end()
    if end != len(text):
        raise SpellingError(f"{quoted(text)} is not a duration: write it like 10 minutes, 6 hours or 90 days")
    if total > LONGEST:
        raise SpellingError(f"{quoted(text)} is longer than a hundred years")
    return total


def _read_period(value: object) -> timedelta:
    period = _read_duration(value)
    if period <= timedelta(0):
        raise SpellingError("this must be longer than nothing: write it like 6 hours")
    return period


def _write_duration(value: timedelta) -> str:
    parts: list[str] = []
    for name, unit in UNITS.items():
        count, value = divmod(value, unit)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return " ".join(parts) or "0 seconds"


DURATION = Spelling(
    means=timedelta,
    read=_read_duration,
    write=_write_duration,
    schema={
        "anyOf": [{"type": "string", "pattern": _DURATION_PATTERN}, {"const": 0}],
        "examples": ["10 minutes", "6 hours", "90 days"],
    },
)
"""`90 days`, `2 hours`, `10 minutes`, `4 seconds`; short `90d`, `2h`, `10min`, `4s`; joined `1 hour 30 minutes`."""

PERIOD = Spelling(
    means=timedelta,
    read=_read_period,
    write=_write_duration,
    schema={"type": "string", "pattern": _DURATION_PATTERN, "examples": ["6 hours", "1 day"]},
)
"""A duration that is longer than nothing."""


# Times of day, moments, spans, weekdays

_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_TIME_PATTERN = r"([01]?[0-9]|2[0-3]):[0-5][0-9]"
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})[ T]([0-9]{1,2}:[0-9]{2})")


def _read_time(value: object) -> time:
    found = _TIME.fullmatch(trimmed(value, "08:00"))
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise SpellingError(f"{quoted(value)} is not a time of day: write it like 08:00 or 20:30")
    return time(int(found[1]), int(found[2]))


def _read_when(value: object) -> time | datetime:
    text = trimmed(value, "08:00, or 2026-12-24 18:00 for once")
    found = _MOMENT.fullmatch(text)
    if found is None:
        return _read_time(text)
    try:
        return datetime.combine(datetime.fromisoformat(found[1]).date(), _read_time(found[2]))
    except ValueError as error:
        raise SpellingError(f"{quoted(text)} is not a day and time: write it like 2026-12-24 18:00") from error


def _write_when(value: time | datetime) -> str:
    return value.isoformat(" ", "minutes") if isinstance(value, datetime) else value.isoformat("minutes")


def _read_span(value: object) -> Span:
    text = trimmed(value, "23:00-07:00")
    start, dash, end = (part.strip() for part in text.partition("-"))
    if not dash:
        raise SpellingError(f"{quoted(text)} is not a span of the day: write it like 23:00-07:00")
    span = Span(start=_read_time(start), end=_read_time(end))
    if span.start == span.end:
        raise SpellingError(f"{quoted(text)} begins and ends at the same time: write it like 23:00-07:00")
    return span


def _weekday(text: str) -> int:
    word = text.strip().lower()
    for names in (WEEKDAYS, WEEKDAY_NAMES):
        if word in names:
            return names.index(word)
    raise SpellingError(f"{quoted(text)} is not a day of the week: write mon, tue, wed, thu, fri, sat or sun")


def _read_days(value: object) -> frozenset[int]:
    if isinstance(value, (list, tuple)):
        if not value:
            raise SpellingError("no day at all: write it like mon-fri or [mon, fri]")
        return frozenset[int]().union(*map(_read_days, cast(list[object], value)))
    first, dash, last = trimmed(value, "mon-fri or [mon, fri]").partition("-")
    start = _weekday(first)
    end = _weekday(last) if dash else start
    return frozenset((start + step) % 7 for step in range((end - start) % 7 + 1))


def _write_days(value: frozenset[int]) -> str | list[str]:
    """Return the days as one span where they are one (`fri-mon`), else a list of names."""
    for start in range(7):
        if len(value) > 1 and value == frozenset((start + step) % 7 for step in range(len(value))):
            return f"{WEEKDAYS[start]}-{WEEKDAYS[(start + len(value) - 1) % 7]}"
    return [WEEKDAYS[day] for day in sorted(value)]


WHEN = Spelling(
    means=(time, datetime),
    read=_read_when,
    write=_write_when,
    schema={
        "type": "string",
        "pattern": rf"^([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[ T])?{_TIME_PATTERN}$",
        "examples": ["08:00", "2026-12-24 18:00"],
    },
)
"""A time of every day, or one moment; a naive value in the file's time zone."""

SPAN = Spelling(
    means=Span,
    read=_read_span,
    write=lambda span: f"{span.start:%H:%M}-{span.end:%H:%M}",
    schema={
        "type": "string",
        "pattern": rf"^{_TIME_PATTERN} *- *{_TIME_PATTERN}$",
        "examples": ["23:00-07:00"],
    },
)
"""A stretch of every day; it may pass midnight."""

_DAY_PATTERN = "(" + "|".join((*WEEKDAY_NAMES, *WEEKDAYS)) + ")"
_DAYS_SCHEMA = {"type": "string", "pattern": rf"^{_DAY_PATTERN}( *- *{_DAY_PATTERN})?$"}

DAYS = Spelling(
    means=frozenset,
    read=_read_days,
    write=_write_days,
    schema={
        "anyOf": [_DAYS_SCHEMA, {"type": "array", "items": _DAYS_SCHEMA, "minItems": 1}],
        "examples": ["mon-fri", ["mon", "fri"]],
    },
)
"""Days of the week, Monday 0 to Sunday 6; a span may pass Sunday."""


# Cron

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CRON_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, ("", *_MONTHS)),
    ("day of the week", 0, 7, ("sun", *WEEKDAYS[:6])),
)


def _read_cron(value: object) -> str:
    text = trimmed(value, '"0 8 * * mon"').lower()
    fields = text.split()
    if len(fields) != len(_CRON_FIELDS):
        raise SpellingError(
            f"{quoted(text)} has {len(fields)} of the 5 fields minute, hour, day, month and weekday: "
            'write it like "0 8 * * mon"'
        )
    for field, (name, least, most, names) in zip(fields, _CRON_FIELDS, strict=True):
        for item in field.split(","):
            span, slash, step = item.partition("/")
            low, dash, high = span.partition("-")
            numbers = [
                names.index(bound) if bound and bound in names else int(bound) if _is_small_number(bound) else -1
                for bound in ((low, high) if dash else (low,))
            ]
            in_bounds = span == "*" or all(least <= number <= most for number in numbers)
            rising = span == "*" or numbers == sorted(numbers)
            if not in_bounds or not rising or (slash and (not _is_small_number(step) or int(step) == 0)):
                raise SpellingError(f"{quoted(item)} is not the {name} of a cron line: it goes from {least} to {most}")
    return text


def _is_small_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3


CRON = Spelling(
    means=(),
    read=_read_cron,
    write=lambda line: line,
    schema={"type": "string", "pattern": r"^\s*\S+(\s+\S+){4}\s*$", "examples": ["0 8 * * mon"]},
)
"""Five fields as crontab has them: weekday 0 and 7 are Sunday."""

Duration = Annotated[timedelta, DURATION]
