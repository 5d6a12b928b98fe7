"""What a post says, whenever it says it: its words without the stamp of the day on which they are said."""

import re

__all__ = ["gist"]

_MONTH = (
    "january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_DATE = re.compile(
    rf"""
      ^\W*(?:day|week|log|entry|part|number|no\.?)\W+\d+\b | ^\W*\d+(?=[.:)]\s)  # the number of a post that counts
    | \b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b
    | \b(?:{_DAY}\.?\s+(?:of\s+)?)?(?:{_MONTH})\b(?:\.?\s+{_DAY}\b)?(?:,?\s+\d{{4}}\b)?
    | \b\d{{4}}-\d{{2}}-\d{{2}}\b
    | \b\d{{1,2}}([./])\d{{1,2}}\1\d{{2,4}}\b
    """,
    re.VERBOSE,
)
"""Dates, and the number of a post that counts itself. Other numbers are what a post says: it may be of nothing but how
high the river stands."""
_TIME = r"(?:\d{1,2}[:h]\d{2}(?::\d{2})?(?:\s*[ap]\.?m\b)?|\d{1,2}\s*[ap]\.?m\b)"
_HOUR = re.compile(rf"^\W*{_TIME} | \(\s*{_TIME}\.?\s*\) | (?<=[.!?])\s+{_TIME}\W*$", re.VERBOSE)
"""The time of day at which a post is made: at its beginning, behind its date, in brackets or at its end. One that
stands in a sentence is what the post says: when the tide is high, or the train leaves."""


def gist(text: str) -> str:
    """Return a text without its dates and the hour at which it is made, in lower case and without punctuation; of one
    that is nothing else, all of it. Two texts of one gist say the same under another date."""
    folded = text.casefold()
    return _words(_HOUR.sub(" ", _DATE.sub(" ", folded))) or _words(folded)


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+(?:[.,]\w+)*", text))
