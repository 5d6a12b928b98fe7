"""How long a text is by each platform's own rule."""

import re
import unicodedata
from collections.abc import Iterator
from typing import assert_never

from greenroom_adapters.contract import CountingRule, TextLimit
from greenroom_adapters.text.graphemes import count_graphemes
from greenroom_adapters.text.links import find_links

__all__ = ["count", "excess", "fits"]

LINK_LENGTH = 23
"""What X and Mastodon count for a link of any length."""

WIDE_ON_X = 2
"""What X counts for an emoji of any make, and for every code point outside `NARROW_ON_X`."""

NARROW_ON_X = re.compile(r"[\u0000-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]")
"""Code points that X counts as 1."""

JOINS_EMOJI = re.compile(r"[\u200d\u20e3\ufe0f\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
"""Without one of these no emoji is longer than one code point."""

EMOJI_ELSEWHERE = "\u203c\u2049\u2139\u20e3\u3030\u303d\ufe0f"
"""What is an emoji, or a part of one, and by its category none: a letter, a mark, punctuation."""

REMOTE_DOMAIN = re.compile(r"(?<![=/\w])@[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?(@\w+(?:[.-]+\w+)*)", re.IGNORECASE)
"""A mention of somebody on another server, with the domain as its group."""


def count(text: str, rule: CountingRule) -> int:
    """Return the length of `text` by `rule`. Never negative; 0 for the empty text.

    - `CODE_POINTS`, `GRAPHEMES`, `UTF16_UNITS`, `UTF8_BYTES`: as Unicode defines them.
    - `EMOJI_AS_BYTES`: code points, but what may be part of an emoji as its bytes in UTF-8 (Threads).
    - `URLS_AS_23`: graphemes, each link with `http://` or `https://` as 23, `@who@where` as `@who` (Mastodon).
    - `X_WEIGHTED`: twitter-text 3 after NFC: each link as 23, each emoji as 2, Latin and its neighbours as 1, the
      rest as 2. X publishes no newer table of emoji and top-level domains than the one in that library; newer ones
      count here by the tables of today.
    """
    match rule:
        case CountingRule.CODE_POINTS:
            return len(text)
        case CountingRule.GRAPHEMES:
            return count_graphemes(text)
        case CountingRule.UTF16_UNITS:
            return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
        case CountingRule.UTF8_BYTES:
            return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        case CountingRule.EMOJI_AS_BYTES:
            return _count_emoji_as_bytes(text)
        case CountingRule.URLS_AS_23:
            return _count_links_as_23(text)
        case CountingRule.X_WEIGHTED:
            return _count_as_x(text)
        case _:
            assert_never(rule)


def fits(text: str, limits: tuple[TextLimit, ...]) -> bool:
    """Tell whether `text` is within every one of `limits`."""
    return all(count(text, limit.rule) <= limit.length for limit in limits)


def excess(text: str, limits: tuple[TextLimit, ...]) -> int:
    """Return by how many units `text` is over the limit that it breaks most; 0 when it fits."""
    return max((count(text, limit.rule) - limit.length for limit in limits), default=0) if not fits(text, limits) else 0


def _count_emoji_as_bytes(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(len(point.encode("utf-8", "surrogatepass")) if _may_be_emoji(point) else 1 for point in text)


def _may_be_emoji(point: str) -> bool:
    """Say whether a code point is, or belongs to, an emoji: no letter, accent, digit or sign of punctuation but a few
    is. Rather too many than too few."""
    return unicodedata.category(point)[0] in "SC" or point in EMOJI_ELSEWHERE


def _count_links_as_23(text: str) -> int:
    written = tuple((link.start, link.end) for link in find_links(text) if link.has_protocol)
    length = LINK_LENGTH * len(written)
    for between in _between(text, written):
        length += count_graphemes(REMOTE_DOMAIN.sub(_without_domain, between) if "@" in between else between)
    return length


def _without_domain(mention: re.Match[str]) -> str:
    return mention[0][: mention.start(1) - mention.start()]


def _count_as_x(text: str) -> int:
    if text.isascii():
        if "." not in text:
            return len(text)
    else:
        text = unicodedata.normalize("NFC", text)
    links = tuple((link.start, link.end) for link in find_links(text))
    return LINK_LENGTH * len(links) + sum(_weigh_as_x(between) for between in _between(text, links))


def _weigh_as_x(text: str) -> int:
    """Weigh a text without links."""
    if text.isascii():
        return len(text)
    length = 0
    if JOINS_EMOJI.search(text):
        emoji = tuple(_joined_emoji(text))
        length = WIDE_ON_X * len(emoji)
        text = "".join(_between(text, emoji))
    return length + WIDE_ON_X * len(text) - (WIDE_ON_X - 1) * len(NARROW_ON_X.findall(text))


def _joined_emoji(text: str) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of every emoji of more than one code point; a lone one weighs what its code point weighs."""
    # Imported at the first text that needs it: its table costs more to load than the rest of this package.
    import emoji

    for found in emoji.analyze(text, non_emoji=False, join_emoji=False):
        match = found.value
        if isinstance(match, emoji.EmojiMatch) and match.end - match.start > 1:
            yield match.start, match.end


def _between(text: str, spans: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Yield the pieces of `text` outside `spans`, which are in order and do not overlap."""
    position = 0
    for start, end in spans:
        yield text[position:start]
        position = end
    yield text[position:]
