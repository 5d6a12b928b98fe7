"""Links, mentions and hashtags of a text, as the marks that Bluesky wants beside it: it finds none by itself."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from greenroom_adapters.text import find_links

__all__ = ["MENTION_FEATURE", "Mark", "facets", "marks"]

MENTION = re.compile(
    r"(?<![^\s(])@((?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)", re.I
)
"""`@` and a handle (AT Protocol, "Handle identifier syntax"), at the beginning of a word."""

MENTION_FEATURE = "app.bsky.richtext.facet#mention"
INVISIBLE = r"\u00ad\u2060\u200a\u200b\u200c\u200d\u20e2"
TAG = re.compile(rf"(?<!\S)[#\uff03](?!\ufe0f)([^\s{INVISIBLE}]+)")
"""What may be a hashtag, as `detectFacets` of the official client finds it: not of digits and punctuation alone, and
without the punctuation at its end."""
LONGEST_TAG = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """`text[start:end]` is more than words."""

    start: int
    end: int
    kind: Literal["link", "mention", "tag"]
    value: str
    """The whole address, the handle without its `@`, the tag without its `#`."""


def marks(text: str) -> tuple[Mark, ...]:
    """Return what is marked in a text, in order, without overlaps: a link first, then a mention, then a tag."""
    taken: list[Mark] = []
    for mark in (*_links(text), *_mentions(text), *_tags(text)):
        if all(mark.end <= other.start or other.end <= mark.start for other in taken):
            taken.append(mark)
    return tuple(sorted(taken, key=lambda mark: mark.start))


def facets(text: str, found: tuple[Mark, ...], people: Mapping[str, str]) -> list[dict[str, object]]:
    """Return the facets of a text: `found` are its marks, `people` says who has which handle (in lower case). A handle
    that is nobody's stays plain text. Positions count bytes of UTF-8, as the lexicon says."""
    made: list[dict[str, object]] = []
    for mark in found:
        feature = _feature(mark, people)
        if feature is None:
            continue
        start = len(text[: mark.start].encode())
        end = start + len(text[mark.start : mark.end].encode())
        made.append({"index": {"byteStart": start, "byteEnd": end}, "features": [feature]})
    return made


def _feature(mark: Mark, people: Mapping[str, str]) -> dict[str, object] | None:
    match mark.kind:
        case "link":
            return {"$type": "app.bsky.richtext.facet#link", "uri": mark.value}
        case "tag":
            return {"$type": "app.bsky.richtext.facet#tag", "tag": mark.value}
        case "mention":
            did = people.get(mark.value.casefold())
            return None if did is None else {"$type": MENTION_FEATURE, "did": did}


def _links(text: str) -> Iterator[Mark]:
    for link in find_links(text):
        written = text[link.start : link.end]
        address = written if link.has_protocol else f"https://{written}"
        yield Mark(start=link.start, end=link.end, kind="link", value=address)


def _mentions(text: str) -> Iterator[Mark]:
    for found in MENTION.finditer(text):
        yield Mark(start=found.start(), end=found.end(), kind="mention", value=found[1])


def _tags(text: str) -> Iterator[Mark]:
    for found in TAG.finditer(text):
        tag = found[1]
        while tag and _is_punctuation(tag[-1]):
            tag = tag[:-1]
        has_letter = any(not character.isdecimal() and not _is_punctuation(character) for character in tag)
        if has_letter and len(tag) <= LONGEST_TAG:
            yield Mark(start=found.start(), end=found.start() + 1 + len(tag), kind="tag", value=tag)


def _is_punctuation(character: str) -> bool:
    return unicodedata.category(character).startswith("P")
