"""A feed, RSS or Atom, as the items that stand in it."""

import calendar
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest
from html import unescape
from typing import Any, cast

from greenroom.cleaning import without_unseen
from greenroom.origins.item import Item, mark, plain_address

__all__ = ["LARGEST", "FeedBroken", "read_feed"]

LARGEST = 2 * 1024 * 1024
"""Bytes of a feed, unpacked; a larger one is not read."""
MOST_ITEMS = 500
"""Items of one reading that are looked at: the newest, or the first ones where not all have a date."""
LONGEST_TITLE, LONGEST_TEXT, LONGEST_LINK = 300, 4000, 2000
"""Characters that are kept."""
_UNREAD = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style)\b[^<>]*>.*?(?:</\1\s*>|\Z)|<[!?][^<>]*>", re.DOTALL | re.IGNORECASE
)
_TAG = re.compile(r"""</?([a-zA-Z][\w:-]*)(?:\b(?:[^<>"']|"[^"<]*"|'[^'<]*')*>|\b[^<>]*>)""")
"""Read by patterns that look at each character a few times at most: readers of HTML take minutes for what was made
to hold them up."""
_BLOCKS = frozenset({"p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre"})


class FeedBroken(ValueError):
    """What was read is no feed; the message says what it is, in words for the bot's owner."""


@dataclass(frozen=True, slots=True)
class _Entry:
    id: str
    link: str
    title: str
    text: str
    author: str
    published: datetime | None


def read_feed(body: bytes, *, address: str, media_type: str = "") -> list[Item]:
    """Return the items of a feed that was found at `address`, oldest first. Slow for a large one: not for the loop.

    An item is told again by its id, by its link, and by its title together with the time of its publication; any one of
    them is enough. Ids and links are compared as `plain_address` has them. An id is no mark where several items have
    it, a link neither, nor where it is that of the whole feed.

    :raises FeedBroken: it is no feed
    """
    if len(body) > LARGEST:
        raise FeedBroken(f"it has more than {LARGEST} bytes")
    if b"<!ENTITY" in body.upper():
        raise FeedBroken("it declares entities of its own, which may grow without end")
    # imported only for bots that read feeds
    import feedparser  # type: ignore[import-untyped]  # it ships no types

    headers = {"content-location": address, "content-type": media_type or "application/xml"}
    try:
        found = cast(
            Mapping[str, Any],
            feedparser.parse(body, response_headers=headers),  # pyright: ignore[reportUnknownMemberType]  # it ships no types
        )
    except (ValueError, LookupError, RecursionError, TypeError, AttributeError) as error:
        # what it makes of hostile input is not bounded by what it documents
        raise FeedBroken(f"it cannot be read: {type(error).__name__}") from error
    entries = cast(list[Mapping[str, Any]], found.get("entries") or [])
    if not entries and not found.get("version"):
        raise FeedBroken("it is no feed: is it the page that people read? Its feed has an address of its own")
    read = [_entry(entry) for entry in _newest(entries)]
    channel = cast(Mapping[str, Any], found.get("feed") or {})
    home = plain_address(_text(channel.get("link")))
    shared = {link for link, count in Counter(plain_address(one.link) for one in read).items() if count > 1} | {home}
    named = Counter(plain_address(one.id) for one in read)
    # most feeds have the newest first
    items = [(one, _item(one, shared, is_named=named[plain_address(one.id)] == 1)) for one in reversed(read)]
    if all(one.published is not None for one in read):
        items.sort(key=lambda pair: pair[0].published or datetime.min.replace(tzinfo=UTC))
    return [item for _, item in items if item is not None]


def _entry(entry: Mapping[str, Any]) -> _Entry:
    contents = cast(list[Mapping[str, Any]], entry.get("content") or [])
    body = contents[0].get("value") if contents else None
    return _Entry(
        id=_text(entry.get("id")).strip(),
        link=_link(entry),
        title=_plain(_text(entry.get("title")), LONGEST_TITLE, one_line=True),
        text=_plain(_text(entry.get("summary")) or _text(body), LONGEST_TEXT),
        author=_plain(_text(entry.get("author")), 100, one_line=True),
        published=_published(entry),
    )


def _newest(entries: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return as many entries as are looked at, in the order of the feed."""
    if len(entries) <= MOST_ITEMS:
        return entries
    dates = [moment for moment in map(_published, entries) if moment is not None]
    if len(dates) < len(entries):
        return entries[:MOST_ITEMS]
    newest = nlargest(MOST_ITEMS, range(len(entries)), key=dates.__getitem__)
    return [entries[place] for place in sorted(newest)]


def _published(entry: Mapping[str, Any]) -> datetime | None:
    return _moment(entry.get("published_parsed") or entry.get("updated_parsed"))


def _item(entry: _Entry, shared: set[str], *, is_named: bool) -> Item | None:
    """Return the item; None: there is nothing by which it could be told again. `is_named`: its id is its own."""
    marks: list[str] = []
    if entry.id and is_named:
        marks.append(mark("id", plain_address(entry.id)))
    if entry.link and (link := plain_address(entry.link)) not in shared:
        marks.append(mark("link", link))
        if entry.id:
            # an id that became the link, or the other way round
            marks.append(mark("id", link))
    words = " ".join(entry.title.casefold().split())
    if words and entry.published is not None:
        marks.append(mark("words", words, entry.published.isoformat()))
    elif not marks and (words or entry.text):
        marks.append(mark("words", words, entry.text))
    if not marks or not (entry.title or entry.text):
        return None
    return Item(
        marks=tuple(dict.fromkeys(marks)),
        title=entry.title,
        text=entry.text,
        link=entry.link or None,
        author=entry.author,
        published=entry.published,
    )


def _link(entry: Mapping[str, Any]) -> str:
    link = _text(entry.get("link")).strip()
    is_one = link.startswith(("https://", "http://")) and len(link) <= LONGEST_LINK and link.isprintable()
    return link if is_one and not any(map(str.isspace, link)) else ""


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _moment(value: Any) -> datetime | None:
    """Return the moment of a `struct_time` in UTC; None: it is none."""
    try:
        return datetime.fromtimestamp(calendar.timegm(value), UTC)
    except (TypeError, ValueError, OverflowError, OSError, IndexError):
        return None


def _plain(text: str, most: int, *, one_line: bool = False) -> str:
    """Return the words of a text that may be HTML, at most so many characters, without any that nobody sees."""
    text = text[: 20 * most]
    if "<" in text:
        text = _TAG.sub(_between, _UNREAD.sub("", text))
    text = unescape(text)
    lines = [" ".join(line.split()) for line in without_unseen(text, joiners=True).splitlines()]
    text = (" " if one_line else "\n").join(line for line in lines if line)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _between(tag: re.Match[str]) -> str:
    return "\n" if tag[1].casefold() in _BLOCKS else ""
