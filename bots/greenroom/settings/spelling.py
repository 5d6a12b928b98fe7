"""How an owner spells durations, times, rates, money, ranges, places and people: one grammar for every file."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from greenroom_adapters.contract import Author

__all__ = [
    "CHANCE",
    "CRON",
    "DAYS",
    "DURATION",
    "MONEY",
    "MONEY_RATE",
    "PERIOD",
    "PERSON",
    "PLACE",
    "RANGE",
    "RATE",
    "SHARE",
    "SPAN",
    "WHEN",
    "Duration",
    "Money",
    "MoneyRate",
    "Person",
    "Place",
    "Range",
    "Rate",
    "Span",
    "Spelling",
    "SpellingError",
]

T = TypeVar("T")

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LONGEST = timedelta(days=36_500)
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class SpellingError(ValueError):
    """A value is not spelled as the grammar wants it; the message says how to write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """From `least` to `most`, both included."""

    least: int
    most: int

    def __contains__(self, number: int) -> bool:
        return self.least <= number <= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most `count` in any stretch of `per`: a rolling window."""

    count: int
    per: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """An exact amount."""

    micros: int
    """Millionths of one unit of the currency."""
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRate:
    """At most `amount` in one calendar day of the file's time zone."""

    amount: Money
    per: timedelta = DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of every day, from `start` up to but not including `end`; it may pass midnight."""

    start: time
    end: time

    def __contains__(self, moment: time) -> bool:
        if self.start < self.end:
            return self.start <= moment < self.end
        return moment >= self.start or moment < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An account's public timeline and direct conversations, or one of its rooms."""

    account: str
    """Name of the account in the bot file."""
    room: str | None = None
    """Platform id or name of the room; None: the whole account."""


_ROLE, _POWER = "role:", "power:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody on the platform of one account."""

    account: str
    """Name of the account in the bot file."""
    who: str
    """A stable id, or a handle with its leading @; or all with a role, `role:NAME-or-id`, or a power level, `power:50`.
    Never a display name."""

    @property
    def role(self) -> str | None:
        """The role that everybody has who is meant; None: a person is meant."""
        return self.who[len(_ROLE) :].strip() if self.who.startswith(_ROLE) else None

    @property
    def power(self) -> int | None:
        """The power that everybody has who is meant; None: a person is meant."""
        return int(self.who[len(_POWER) :]) if self.who.startswith(_POWER) else None

    def is_author(self, author: Author) -> bool:
        """Tell whether `author`, met on the account `self.account`, is this person.

        A text without @ is compared with the stable id alone: anybody may choose a handle that looks like an id.
        """
        if (role := self.role) is not None:
            return role in author.roles
        if (power := self.power) is not None:
            return author.power is not None and author.power >= power
        if author.id == self.who:
            return True
        return self.who.startswith("@") and author.handle.casefold() == self.who[1:].casefold()


class Spelling(Generic[T]):
    """One kind of value: how it is read, written, and described to an editor.

    Stands in `Annotated[timedelta, DURATION]` of a pydantic model. Without a validation context (a model built in
    Python, not read from a file) a value that already is what a spelling stands for passes as it is.
    """

    def __init__(
        self,
        *,
        means: type[Any] | tuple[type[Any], ...],
        read: Callable[[object], T],
        write: Callable[[T], str | list[str]],
        schema: dict[str, Any],
    ) -> None:
        self._means = means
        self._read = read
        self._write = write
        self._schema = schema

    def read(self, value: object) -> T:
        """Return what `value` (as YAML gave it) means.

        :raises SpellingError: it means nothing, or more than one thing
        """
        return self._read(value)

    def write(self, value: T) -> str | list[str]:
        """Return the spelling of `value`; reading it gives `value` again."""
        return self._write(value)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(
            self._validate, serialization=core_schema.plain_serializer_function_ser_schema(self._write)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(self._schema)

    def _validate(self, value: Any, info: ValidationInfo) -> T:
        if info.context is None and isinstance(value, self._means):
            return cast(T, value)
        try:
            return self._read(value)
        except SpellingError as error:
            raise PydanticCustomError("spelling", "{reason}", {"reason": str(error)}) from error


def _shown(value: object) -> str:
    """Return a value of the file as it is quoted in an error: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    line = " ".join((str(value).lower() if isinstance(value, bool) else str(value)).split())
    return f"`{line if len(line) <= 40 else line[:39] + '…'}`"


def _text(value: object, example: str) -> str:
    """Return `value` when it is a text, trimmed and with single spaces."""
    if not isinstance(value, str) or not value.strip():
        raise SpellingError(f"{_shown(value)} is not understood here: write it like {example}")
    return " ".join(value.split())


# Durations

_UNITS = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), SECOND),
    **dict.fromkeys(("min", "minute", "minutes"), MINUTE),
    **dict.fromkeys(("h", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * DAY),
}
_LONG_UNITS = (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND))
_DURATION_PART = re.compile(r"([0-9]+) ?([A-Za-z]+)")
_DURATION_PATTERN = (
    r"^ *[0-9]+ *(s|sec|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?)"
    r"( +[0-9]+ *(s|sec|seconds?|min|minutes?|h|hours?|d|days?|w|weeks?))* *$"
)


def _read_duration(value: object) -> timedelta:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value == 0:
            return timedelta(0)
        raise SpellingError(f"{_shown(value)}: minutes or months? write {_shown(value)[1:-1]} minutes")
    text = _text(value, "10 minutes, 6 hours or 90 days")
    if bare := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?) ?[mM]?", text):
        raise SpellingError(f"{_shown(text)}: minutes or months? write {bare[1]} minutes")
    total, end = timedelta(0), 0
    for part in _DURATION_PART.finditer(text):
        unit = _UNITS.get(part[2].lower())
        if text[end : part.start()].strip() or unit is None or len(part[1]) > 12:
            break
        total += min(int(part[1]), LONGEST // unit + 1) * unit
        end = part.end()
    if end != len(text):
        raise SpellingError(f"{_shown(text)} is not a duration: write it like 10 minutes, 6 hours or 90 days")
    if total > LONGEST:
        raise SpellingError(f"{_shown(text)} is longer than a hundred years")
    return total


def _read_period(value: object) -> timedelta:
    period = _read_duration(value)
    if period <= timedelta(0):
        raise SpellingError("this must be longer than nothing: write it like 6 hours")
    return period


def _write_duration(value: timedelta) -> str:
    parts: list[str] = []
    for name, unit in _LONG_UNITS:
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
    found = _TIME.fullmatch(_text(value, "08:00"))
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise SpellingError(f"{_shown(value)} is not a time of day: write it like 08:00 or 20:30")
    return time(int(found[1]), int(found[2]))


def _read_when(value: object) -> time | datetime:
    text = _text(value, "08:00, or 2026-12-24 18:00 for once")
    found = _MOMENT.fullmatch(text)
    if found is None:
        return _read_time(text)
    try:
        return datetime.combine(datetime.fromisoformat(found[1]).date(), _read_time(found[2]))
    except ValueError as error:
        raise SpellingError(f"{_shown(text)} is not a day and time: write it like 2026-12-24 18:00") from error


def _write_when(value: time | datetime) -> str:
    return value.isoformat(" ", "minutes") if isinstance(value, datetime) else value.isoformat("minutes")


def _read_span(value: object) -> Span:
    text = _text(value, "23:00-07:00")
    start, dash, end = (part.strip() for part in text.partition("-"))
    if not dash:
        raise SpellingError(f"{_shown(text)} is not a span of the day: write it like 23:00-07:00")
    span = Span(start=_read_time(start), end=_read_time(end))
    if span.start == span.end:
        raise SpellingError(f"{_shown(text)} begins and ends at the same time: write it like 23:00-07:00")
    return span


def _weekday(text: str) -> int:
    word = text.strip().lower()
    for names in (WEEKDAYS, WEEKDAY_NAMES):
        if word in names:
            return names.index(word)
    raise SpellingError(f"{_shown(text)} is not a day of the week: write mon, tue, wed, thu, fri, sat or sun")


def _read_days(value: object) -> frozenset[int]:
    if isinstance(value, (list, tuple)):
        if not value:
            raise SpellingError("no day at all: write it like mon-fri or [mon, fri]")
        return frozenset[int]().union(*map(_read_days, cast(list[object], value)))
    first, dash, last = _text(value, "mon-fri or [mon, fri]").partition("-")
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
    text = _text(value, '"0 8 * * mon"').lower()
    fields = text.split()
    if len(fields) != len(_CRON_FIELDS):
        raise SpellingError(
            f"{_shown(text)} has {len(fields)} of the 5 fields minute, hour, day, month and weekday: "
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
                raise SpellingError(f"{_shown(item)} is not the {name} of a cron line: it goes from {least} to {most}")
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


# Rates, money, ranges, chance

_RATE_UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY}
_RATE = re.compile(r"([0-9]{1,9}) ?/ ?([a-z]+)", re.IGNORECASE)
_MONEY = re.compile(r"([0-9]{1,9}(?:\.[0-9]+)?) ?([A-Za-z]{3})")
_MONEY_RATE = re.compile(r"(.+?) ?/ ?([A-Za-z]+)")
_MONEY_PATTERN = r"[0-9]+(\.[0-9]{1,6})? ?USD"


def _read_rate(value: object) -> Rate:
    found = _RATE.fullmatch(_text(value, "5/hour"))
    unit = _RATE_UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None or int(found[1]) == 0:
        raise SpellingError(f"{_shown(value)} is not a rate: write it like 5/hour, 12/day or 1/minute")
    return Rate(count=int(found[1]), per=unit)


def _write_rate(value: Rate) -> str:
    return f"{value.count}/{next(name for name, unit in _RATE_UNITS.items() if unit == value.per)}"


def _read_money(value: object) -> Money:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise SpellingError(f"{_shown(value)} has no currency: write {_shown(value)[1:-1]} USD")
    text = _text(value, "0.10 USD")
    found = _MONEY.fullmatch(text)
    if found is None:
        raise SpellingError(f"{_shown(text)} is not an amount of money: write it like 0.10 USD")
    if found[2].upper() != "USD":
        raise SpellingError(f"{_shown(text)}: other currencies than USD are not there yet; write it like 0.10 USD")
    micros = Decimal(found[1]) * 1_000_000
    if micros != int(micros):
        raise SpellingError(f"{_shown(text)}: the smallest amount is 0.000001 USD")
    return Money(micros=int(micros))


def _write_money(value: Money) -> str:
    whole, micros = divmod(value.micros, 1_000_000)
    decimals = f"{micros:06}".rstrip("0")
    return f"{whole}{'.' + decimals.ljust(2, '0') if decimals else ''} {value.currency}"


def _read_money_rate(value: object) -> MoneyRate:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise SpellingError(f"{_shown(value)} of what, and how often? write {_shown(value)[1:-1]} USD/day")
    found = _MONEY_RATE.fullmatch(_text(value, "1 USD/day"))
    if found is None or found[2].lower() != "day":
        raise SpellingError(f"{_shown(value)} is not money per day: write it like 1 USD/day")
    return MoneyRate(amount=_read_money(found[1]))


_RANGE = re.compile(r"([0-9]{1,9}) ?- ?([0-9]{1,9})|([0-9]{1,9})")


def _read_range(value: object) -> Range:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    found = _RANGE.fullmatch(_text(value, "20-240"))
    if found is None:
        raise SpellingError(f"{_shown(value)} is not a range: write it like 20-240, or 240 for at most 240")
    if found[3]:
        return Range(least=0, most=int(found[3]))
    if int(found[1]) > int(found[2]):
        raise SpellingError(f"{_shown(value)} begins above its end: write {int(found[2])}-{int(found[1])}")
    return Range(least=int(found[1]), most=int(found[2]))


_CHANCE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")


def _read_chance(value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        hint = f"{(Decimal(str(value)) * 100).normalize():f}%" if 0 < value <= 1 else "8%"
        raise SpellingError(f"{_shown(value)}: of one or of a hundred? write {hint}")
    found = _CHANCE.fullmatch(_text(value, "8%"))
    if found is None or Decimal(found[1]) > 100:
        raise SpellingError(f"{_shown(value)} is not a chance: write it like 8%, from 0% to 100%")
    return float(Decimal(found[1]) / 100)


def _read_share(value: object) -> float | MoneyRate:
    """Read a percentage, or money per day."""
    if isinstance(value, str) and not value.strip().endswith("%"):
        try:
            return _read_money_rate(value)
        except SpellingError as error:
            if "currencies" in str(error) or "smallest" in str(error):
                raise
    elif isinstance(value, str) and (found := _CHANCE.fullmatch(value.strip())) and Decimal(found[1]) <= 100:
        return _read_chance(value)
    raise SpellingError(f"{_shown(value)} is not a part of the day's money: write it like 10% or 0.10 USD/day")


def _write_chance(value: float) -> str:
    return f"{(Decimal(repr(value)) * 100).normalize():f}%"


RATE = Spelling(
    means=Rate,
    read=_read_rate,
    write=_write_rate,
    schema={
        "type": "string",
        "pattern": r"^[0-9]+ ?/ ?(second|minute|hour|day)$",
        "examples": ["5/hour", "12/day"],
    },
)
"""So many in any stretch of that length."""

MONEY = Spelling(
    means=Money,
    read=_read_money,
    write=_write_money,
    schema={"type": "string", "pattern": rf"^{_MONEY_PATTERN}$", "examples": ["0.10 USD"]},
)
"""An exact amount with its currency."""

MONEY_RATE = Spelling(
    means=MoneyRate,
    read=_read_money_rate,
    write=lambda rate: f"{_write_money(rate.amount)}/day",
    schema={"type": "string", "pattern": rf"^{_MONEY_PATTERN} ?/ ?day$", "examples": ["1 USD/day"]},
)
"""An exact amount for each calendar day."""

SHARE = Spelling(
    means=(int, float, MoneyRate),
    read=lambda value: _read_share(value),
    write=lambda share: MONEY_RATE.write(share) if isinstance(share, MoneyRate) else _write_chance(share),
    schema={
        "anyOf": [
            {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,6})? ?%$"},
            {"type": "string", "pattern": rf"^{_MONEY_PATTERN} ?/ ?day$"},
        ],
        "examples": ["10%", "0.10 USD/day"],
    },
)
"""A part of the day's money: a percentage of it (in memory a number from 0 to 1), or an exact amount for each day."""

RANGE = Spelling(
    means=Range,
    read=_read_range,
    write=lambda span: f"{span.least}-{span.most}",
    schema={
        "anyOf": [{"type": "string", "pattern": r"^[0-9]+( ?- ?[0-9]+)?$"}, {"type": "integer", "minimum": 0}],
        "examples": ["20-240", 240],
    },
)
"""From the least to the most; a single number is the most."""

CHANCE = Spelling(
    means=(int, float),
    read=_read_chance,
    write=_write_chance,
    schema={"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,6})? ?%$", "examples": ["8%"]},
)
"""A percentage; in memory a number from 0 to 1."""


# Places and people


def _read_place(value: object) -> Place:
    account, slash, room = (part.strip() for part in _text(value, "home or home/lounge").partition("/"))
    if not account or (slash and not room):
        raise SpellingError(f"{_shown(value)} is not a place: write an account, or account/room like home/lounge")
    return Place(account=account, room=room or None)


def _write_place(value: Place) -> str:
    return value.account if value.room is None else f"{value.account}/{value.room}"


def _read_person(value: object) -> Person:
    text = _text(value, "home/@maria")
    account, _, who = (part.strip() for part in text.partition("/"))
    if not account or not who.strip("@"):
        raise SpellingError(f"{_shown(text)} is not a person: write account/@handle or account/id, like home/@maria")
    if who.startswith(_ROLE) and not who[len(_ROLE) :].strip():
        raise SpellingError(f"{_shown(text)}: which role? write it like discord/role:Mods")
    if who.startswith(_POWER):
        if re.fullmatch(r"[0-9]{1,9}", level := who[len(_POWER) :].strip()) is None:
            raise SpellingError(f"{_shown(text)}: a power level is a number: write it like matrix/power:50")
        who = f"{_POWER}{level}"
    return Person(account=account, who=who)


PLACE = Spelling(
    means=Place,
    read=_read_place,
    write=_write_place,
    schema={"type": "string", "minLength": 1, "examples": ["home", "home/lounge"]},
)
"""`account` or `account/room`."""

PERSON = Spelling(
    means=Person,
    read=_read_person,
    write=lambda person: f"{person.account}/{person.who}",
    schema={"type": "string", "pattern": r"^[^/]+/.+$", "examples": ["home/@maria", "x/2244994945"]},
)
"""`account/@handle` or `account/id`; where a group may stand, `account/role:NAME-or-id` or `account/power:50`."""

Duration = Annotated[timedelta, DURATION]
