"""A feed that a persona knows: read as the source of posts is, its items made into documents."""

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit

from greenroom.clock import MICROSECOND
from greenroom.memory.documents import Document, Section, short_title
from greenroom.memory.index import FeedItem, KnownFeed
from greenroom.origins import FeedBroken, Item, feed_items, unaddressed
from greenroom.origins.feed import LARGEST
from greenroom.origins.item import mark
from greenroom.personas.knowing import Feed
from greenroom.settings.origin import FEED_LOOK
from greenroom_adapters.contract import AdapterError, RateLimited
from greenroom_adapters.web import Seen, read_page

__all__ = ["is_due", "next_look", "read_items", "without_query"]

PATIENCE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(days=1)
"""Between two looks, whatever a server asks for."""


def is_due(known: KnownFeed | None, *, now: int, tries_anew: bool) -> bool:
    """Say whether a feed is to be looked at: its time has come, or it could not be read and is tried anew. One that
    would wait longer than any does is looked at, for the clock was wrong."""
    if known is None or (tries_anew and known.fault is not None):
        return True
    return not now < known.next_look <= now + LONGEST_PAUSE // MICROSECOND


def next_look(now: int, asked: timedelta) -> int:
    """Return when a feed is looked at again whose server `asked` to be left alone for so long."""
    return now + min(LONGEST_PAUSE, max(FEED_LOOK, asked)) // MICROSECOND


async def read_items(
    feed: Feed, before: KnownFeed | None, *, reading: asyncio.Lock
) -> tuple[list[FeedItem] | None, Seen | None, str | None, timedelta]:
    """Return what stands in a feed, oldest first (None: the same as before, or it cannot be read), what its server says
    of it, why it cannot be read (None: it can), and for how long it asks to be left alone. `reading` is held by whoever
    reads one that was fetched: each takes memory."""
    seen = Seen(etag=before.etag, modified=before.modified) if before is not None else None
    try:
        page = await read_page(
            feed.feed, called="the feed", most=LARGEST, seen=seen, is_private=feed.private, patience=PATIENCE
        )
        if page.body is None:
            return None, None, None, timedelta(0)
        async with reading:
            items = await feed_items(page.body, address=page.address, media_type=page.media_type)
    except (AdapterError, FeedBroken, TimeoutError) as error:
        asked = error.retry_after if isinstance(error, RateLimited) else timedelta(0)
        hint = "" if feed.private or "not public" not in str(error) else ": write `private: true` if it is your own"
        return None, None, f"{str(error) or type(error).__name__}{hint}", asked
    return list(map(_kept, items)), page.seen, None, timedelta(0)


def without_query(address: str) -> str:
    """Return an address as it may stand in a log: what is behind its question mark may let in whoever knows it."""
    return urlsplit(address)._replace(query="", fragment="").geturl()


def _kept(item: Item) -> FeedItem:
    """Return an item as it is kept: nobody is addressed by what stands in it."""
    text = unaddressed(item.text)
    title = short_title(unaddressed(item.title) or text)
    heading = "" if item.published is None else item.published.date().isoformat()
    text, address = text or title, item.link or ""
    return FeedItem(
        mark=item.marks[0],
        stamp=mark("item", title, heading, text, address),
        address=address,
        document=Document(title=title, sections=(Section(heading=heading, text=text),)),
    )
