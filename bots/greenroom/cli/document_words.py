"""A persona's documents and feeds in words: how many there are, which cannot be read, and which patterns mean none."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom.memory import Known, KnownFeed, Library, files_of

if TYPE_CHECKING:
    from greenroom.clock import Clock
    from greenroom.personas import Persona

__all__ = ["of_documents", "of_feed", "of_feeds", "surveyed", "surveyed_feeds", "without_files"]


def of_documents(known: Sequence[Known]) -> str:
    """Return how many documents and passages there are."""
    good = [one for one in known if one.fault is None]
    return f"{_counted(len(good), 'document')}, {_counted(sum(one.passages for one in good), 'passage')}"


def of_feed(feed: KnownFeed) -> str:
    """Return what stands in a feed."""
    newest = f", the newest: {feed.newest}" if feed.newest else ""
    return f"{feed.address}: {_counted(feed.items, 'item')}{newest}"


def of_feeds(feeds: Sequence[KnownFeed]) -> str:
    """Return how many feeds can be read, and how many items and passages are known of them."""
    good = [one for one in feeds if one.fault is None]
    items, passages = sum(one.items for one in good), sum(one.passages for one in good)
    return f"{_counted(len(good), 'feed')}, {_counted(items, 'item')}, {_counted(passages, 'passage')}"


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def without_files(persona: "Persona") -> list[str]:
    """Return the patterns that mean no file now, each with what is read."""
    patterns = () if persona.knowledge is None else persona.knowledge.files
    return [
        f"`knowledge`: {pattern} means no file; .md, .txt, .html and .pdf are read"
        for pattern in patterns
        if not files_of([pattern])
    ]


async def surveyed(persona: "Persona", *, clock: "Clock") -> tuple[str | None, list[str]]:
    """Read a persona's documents, as a bot would; return how many there are (None: it has none of its own), and what is
    wrong with them. No feed is asked."""
    if persona.knowledge is None or not persona.knowledge.files:
        return None, []
    library = Library(persona.knowledge, clock=clock)
    try:
        known = await library.known()
    finally:
        await library.aclose()
    faults = [f"{one.path} is not read: {one.fault}" for one in known if one.fault is not None]
    return of_documents(known), [*without_files(persona), *faults]


async def surveyed_feeds(persona: "Persona", *, clock: "Clock") -> list[tuple[str, bool]]:
    """Look at every feed that a persona knows; return a line for each, and whether it can be read."""
    library = Library(persona.knowledge, clock=clock)
    try:
        feeds = await library.feeds()
    finally:
        await library.aclose()
    return [
        (f"known: {of_feed(one)}", True)
        if one.fault is None
        else (f"`knowledge`: the feed {one.address} cannot be read: {one.fault}", False)
        for one in feeds
    ]
