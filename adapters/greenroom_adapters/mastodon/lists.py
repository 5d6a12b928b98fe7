"""Reads a list of the server behind one of its ids, oldest first and without a gap, whatever order its pages have.

Mastodon answers `min_id` with what comes right behind it; other servers with the newest there is (snac), so a page may
leave a gap below. What lies between is asked for until nothing is there. A page that is too large to be read is asked
for with fewer entries; one entry that is too large by itself is stepped over, and what is left of it stands in its
place.
"""

import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from greenroom_adapters.mastodon.position import newer, place
from greenroom_adapters.mastodon.wire import IDS, Moment
from greenroom_adapters.transport import AnswerTooLarge, fitting

__all__ = ["START", "Fetch", "newest", "since_moment", "unread"]

Fetch = Callable[[str | None, str | None, int], Awaitable[tuple[msgspec.Raw, ...]]]
"""Returns a page of entries that come behind one id and before another, at most so many."""

PAGE = 80
COMPLETE_BELOW = 15
"""A page of fewer has no other beside it: no server's pages are smaller."""
START = "0"
"""The place before every id."""
FIRST_ID = re.compile(
    rb'\s*\[\s*\{\s*(?:"\w{1,40}"\s*:\s*(?:"[^"\\]{0,200}"|\d{1,20}|true|false|null)\s*,\s*){0,9}'
    rb'"id"\s*:\s*"([^"\\]{1,200})"'
)
"""The id of the first entry of a page, where nothing but plain values stands before it."""


class WireDated(msgspec.Struct, frozen=True):
    id: str
    created_at: Moment


DATED = msgspec.json.Decoder(WireDated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page, newest first."""

    entries: tuple[msgspec.Raw, ...]
    asked: int
    """For so many entries."""

    @property
    def is_alone(self) -> bool:
        """Whether there is no other page beside it for sure."""
        return len(self.entries) < min(self.asked, COMPLETE_BELOW)


async def newest(fetch: Fetch) -> str | None:
    """Return the highest id in the list; None: it is empty."""
    names = [name for raw in (await _page(fetch, None, None, 1)).entries if (name := _name(raw)) is not None]
    return max(names, key=place, default=None)


async def unread(fetch: Fetch, low: str) -> AsyncGenerator[msgspec.Raw, None]:
    """Yield the entries behind `low`, oldest first, until there are no more. Each comes once; one whose id cannot be
    read comes with its page, first.

    However long the list is, two of its pages are in memory; of the others only where they begin.
    """
    while True:
        page = newest_page = await _page(fetch, low, None)
        ends: list[tuple[str, int]] = []
        """Where pages below the newest one end, and for how many entries they were asked."""
        while not page.is_alone and (lowest := _lowest(page.entries)) is not None:
            below = await _page(fetch, low, lowest)
            if not any((name := _name(raw)) is not None and newer(name, low) for raw in below.entries):
                break
            ends.append((lowest, below.asked))
            page = below
        begun = low
        while True:
            for raw in sorted(page.entries, key=_order):
                name = _name(raw)
                if name is not None and not newer(name, low):
                    continue
                yield raw
                low = name or low
            if not ends:
                break
            ends.pop()
            # As many as before: with fewer, what lies below would be passed over.
            page = await _page(fetch, low, ends[-1][0], ends[-1][1], least=ends[-1][1]) if ends else newest_page
        if low == begun or newest_page.is_alone:
            return


async def since_moment(fetch: Fetch, since: datetime) -> str:
    """Return an id behind which everything is that was made at this moment or later."""
    page = (await _page(fetch, None, None)).entries
    while (lowest := _lowest(page)) is not None:
        if any((at := _made(raw)) is not None and at < since for raw in page):
            old = [name for raw in page if (at := _made(raw)) is not None and at < since and (name := _name(raw))]
            return max(old, key=place)
        page = (await _page(fetch, None, lowest)).entries
    return START


async def _page(fetch: Fetch, above: str | None, below: str | None, most: int = PAGE, *, least: int = 1) -> Page:
    """Return a page of as many entries as are not too large together.

    :raises AnswerTooLarge: `least` are, and they are more than one, or it has no id where ids stand
    """
    try:
        entries, asked = await fitting(lambda limit: fetch(above, below, limit), most, least=least)
    except AnswerTooLarge as error:
        found = FIRST_ID.match(error.beginning)
        if found is None or least > 1:
            raise
        left = {"id": found[1].decode("utf-8", "replace"), "beginning": error.beginning.decode("utf-8", "replace")}
        entries, asked = (msgspec.Raw(msgspec.json.encode(left)),), 1
    return Page(entries=entries, asked=asked)


def _name(raw: msgspec.Raw) -> str | None:
    try:
        return IDS.decode(raw).id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _made(raw: msgspec.Raw) -> datetime | None:
    try:
        return DATED.decode(raw).created_at
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _order(raw: msgspec.Raw) -> tuple[int, str]:
    return place(_name(raw) or "")


def _lowest(page: tuple[msgspec.Raw, ...]) -> str | None:
    names = [name for raw in page if (name := _name(raw)) is not None]
    return min(names, key=place, default=None)
