"""How an owner spells durations, times, rates, money, ranges, places and people: one grammar for every file."""

from greenroom.settings.spelling.amounts import (
    CHANCE,
    MONEY,
    MONEY_RATE,
    RANGE,
    RATE,
    SHARE,
    Money,
    MoneyRate,
    Range,
    Rate,
)
from greenroom.settings.spelling.grammar import (
    Spelling,
    SpellingError,
)
from greenroom.settings.spelling.places import (
    PERSON,
    PLACE,
    Person,
    Place,
)
from greenroom.settings.spelling.times import (
    CRON,
    DAYS,
    DURATION,
    PERIOD,
    SPAN,
    WHEN,
    Duration,
    Span,
)

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
