"""Numbers with a meaning: rates, money, ranges, chances, shares."""

import re
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from greenroom.settings.spelling.grammar import Spelling, SpellingError, is_number, quoted, trimmed
from greenroom.settings.spelling.times import DAY, UNITS

__all__ = ["CHANCE", "MONEY", "MONEY_RATE", "RANGE", "RATE", "SHARE", "Money", "MoneyRate", "Range", "Rate"]


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


_RATE = re.compile(r"([0-9]{1,9}) ?/ ?([a-z]+)", re.IGNORECASE)
_MONEY = re.compile(r"([0-9]{1,9}(?:\.[0-9]+)?) ?([A-Za-z]{3})")
_MONEY_RATE = re.compile(r"(.+?) ?/ ?([A-Za-z]+)")
_MONEY_PATTERN = r"[0-9]+(\.[0-9]{1,6})? ?USD"


def _read_rate(value: object) -> Rate:
    found = _RATE.fullmatch(trimmed(value, "5/hour"))
    unit = UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None or int(found[1]) == 0:
        raise SpellingError(f"{quoted(value)} is not a rate: write it like 5/hour, 12/day or 1/minute")
    return Rate(count=int(found[1]), per=unit)


def _write_rate(value: Rate) -> str:
    return f"{value.count}/{next(name for name, unit in UNITS.items() if unit == value.per)}"


def _read_money(value: object) -> Money:
    if is_number(value):
        raise SpellingError(f"{quoted(value)} has no currency: write {quoted(value)[1:-1]} USD")
    text = trimmed(value, "0.10 USD")
    found = _MONEY.fullmatch(text)
    if found is None:
        raise SpellingError(f"{quoted(text)} is not an amount of money: write it like 0.10 USD")
    if found[2].upper() != "USD":
        raise SpellingError(f"{quoted(text)}: other currencies than USD are not there yet; write it like 0.10 USD")
    micros = Decimal(found[1]) * 1_000_000
    if micros != int(micros):
        raise SpellingError(f"{quoted(text)}: the smallest amount is 0.000001 USD")
    return Money(micros=int(micros))


def _write_money(value: Money) -> str:
    whole, micros = divmod(value.micros, 1_000_000)
    decimals = f"{micros:06}".rstrip("0")
    return f"{whole}{'.' + decimals.ljust(2, '0') if decimals else ''} {value.currency}"


def _read_money_rate(value: object) -> MoneyRate:
    if is_number(value):
        raise SpellingError(f"{quoted(value)} of what, and how often? write {quoted(value)[1:-1]} USD/day")
    found = _MONEY_RATE.fullmatch(trimmed(value, "1 USD/day"))
    if found is None or found[2].lower() != "day":
        raise SpellingError(f"{quoted(value)} is not money per day: write it like 1 USD/day")
    return MoneyRate(amount=_read_money(found[1]))


_RANGE = re.compile(r"([0-9]{1,9}) ?- ?([0-9]{1,9})|([0-9]{1,9})")


def _read_range(value: object) -> Range:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    found = _RANGE.fullmatch(trimmed(value, "20-240"))
    if found is None:
        raise SpellingError(f"{quoted(value)} is not a range: write it like 20-240, or 240 for at most 240")
    if found[3]:
        return Range(least=0, most=int(found[3]))
    if int(found[1]) > int(found[2]):
        raise SpellingError(f"{quoted(value)} begins above its end: write {int(found[2])}-{int(found[1])}")
    return Range(least=int(found[1]), most=int(found[2]))


_CHANCE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%")


def _read_chance(value: object) -> float:
    if is_number(value):
        hint = f"{(Decimal(str(value)) * 100).normalize():f}%" if 0 < value <= 1 else "8%"
        raise SpellingError(f"{quoted(value)}: of one or of a hundred? write {hint}")
    found = _CHANCE.fullmatch(trimmed(value, "8%"))
    if found is None or Decimal(found[1]) > 100:
        raise SpellingError(f"{quoted(value)} is not a chance: write it like 8%, from 0% to 100%")
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
    raise SpellingError(f"{quoted(value)} is not a part of the day's money: write it like 10% or 0.10 USD/day")


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
