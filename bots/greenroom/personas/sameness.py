"""What a post says, whenever it says it: its words without the stamp of the day on which they are said. Names of days
and months are known in the languages of `tongues`; dates in figures in all."""

import re
import unicodedata
from collections.abc import Iterable

from greenroom.personas.dates import MONTHS, WEEKDAYS

__all__ = ["gist"]


def _any_of(names: Iterable[str]) -> str:
    """Return a pattern for each of these names in lower case, also without its accents; the longest first."""
    folded = {name.casefold() for name in names}
    plain = {unicodedata.normalize("NFD", name).encode("ascii", "ignore").decode() for name in folded}
    return "|".join(sorted(map(re.escape, folded | plain), key=len, reverse=True))


_UNSURE = frozenset({"may", "march", "mar", "mai", "mars", "mei", "marco"})
"""Months that are other words as well: "may" in English, "mai" in Italian, "mar" in Portuguese. They are a date only
beside a number."""
_SHORT = frozenset(["jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"])
_NAMES = {name.casefold() for names in MONTHS.values() for name in names} | _SHORT
_MONTH, _SURE_MONTH = _any_of(_NAMES | _UNSURE), _any_of(_NAMES - _UNSURE)
_WEEKDAY = _any_of(name for names in WEEKDAYS.values() for name in (*names, "Sonnabend"))
_DAY = r"\d{1,2}(?:st|nd|rd|th|er|\u00ba|\u00aa)?"
_YEAR = r"(?:,?\s+(?:del?\s+)?\d{4}\b)"
_COUNTED = (
    "day|week|log|entry|part|number|no|tag|woche|eintrag|teil|nr|jour|semaine|partie|día|dia|semana|parte"
    "|giorno|settimana|dag|deel"
)
_DATE = re.compile(
    rf"""
      ^\W*(?:{_COUNTED})\W+\d+\b | ^\W*\d+(?=[.:)]\s(?!\s*(?:{_MONTH})\b))  # the number of a post that counts
    | \b(?:{_WEEKDAY})\b
    | \b{_DAY}\.?\s+(?:(?:of|de)\s+)?(?:{_MONTH})\b\.?{_YEAR}?
    | \b(?:{_MONTH})\b\.?(?:\s+{_DAY}\b{_YEAR}?|{_YEAR})
    | \b(?:{_SURE_MONTH})\b\.?
    | \b\d{{4}}-\d{{2}}-\d{{2}}\b
    | \b\d{{1,2}}([./])\d{{1,2}}\1\d{{2,4}}\b
    """,
    re.VERBOSE,
)
"""Dates, and the number of a post that counts itself. Other numbers are what a post says: it may be of nothing but how
high the river stands."""
_TIME = (
    r"(?:\d{1,2}[:h]\d{2}(?::\d{2})?(?:\s*(?:[ap]\.?m|uhr|uur)\b)?"
    r"|\d{1,2}\s*[ap]\.?m\b|\d{1,2}(?:\.\d{2})?\s*(?:uhr|uur)\b)"
)
_HOUR = re.compile(rf"^\W*{_TIME} | \(\s*{_TIME}\.?\s*\) | (?<=[.!?])\s+{_TIME}\W*$", re.VERBOSE)
"""The time of day at which a post is made: at its beginning, behind its date, in brackets or at its end. One that
stands in a sentence is what the post says: when the tide is high, or the train leaves."""


def gist(text: str) -> str:
    """Return a text without its dates and the hour at which it is made, in lower case and without punctuation; of one
    that is nothing else, all of it. Two texts of one gist say the same under another date."""
    folded = unicodedata.normalize("NFC", text).casefold()
    return _words(_HOUR.sub(" ", _DATE.sub(" ", folded))) or _words(folded)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+(?:[.,]\w+)*", text))
