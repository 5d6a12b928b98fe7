"""Compares what a bot has said with what it was asked. Imports nothing of Greenroom.

Every mention carries a token, every answer repeats it, and every scheduled post has one of its own.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

TOKEN = re.compile(r"\b(?:m|p)\d{5}\b")


@dataclass(frozen=True)
class Count:
    """What the platform has."""

    sent: int
    """Tokens that went out at least once."""
    lost: tuple[str, ...]
    """Tokens that never went out."""
    doubled: tuple[str, ...]
    """Tokens that went out more than once."""
    unasked: tuple[str, ...] = field(default=())
    """Tokens that nobody gave the bot."""
    strange: tuple[str, ...] = field(default=())
    """Posts of the bot without a token, with more than one, or in another place than under what they answer."""


@dataclass(frozen=True)
class Said:
    """One post of the bot."""

    text: str
    is_in_place: bool
    """It has one token and stands under the mention with the same one, or is a scheduled post where such belong."""


def compare(posts: Iterable[Said], tokens: set[str]) -> Count:
    """Return which of the tokens went out, and how often."""
    posts = list(posts)
    said = Counter(token for post in posts for token in TOKEN.findall(post.text))
    return Count(
        sent=sum(token in said for token in tokens),
        lost=tuple(sorted(tokens - set(said))),
        doubled=tuple(sorted(token for token, times in said.items() if times > 1)),
        unasked=tuple(sorted(set(said) - tokens)),
        strange=tuple(sorted(post.text for post in posts if not post.is_in_place)),
    )


def is_in_place(text: str, above: str | None) -> bool:
    """Say whether a post has one token: an answer that of the mention above it, a scheduled post one of its own."""
    found = TOKEN.findall(text)
    if len(found) != 1:
        return False
    return above is None if found[0].startswith("p") else TOKEN.findall(above or "") == found
