"""What a relay has stored since a moment, oldest first, however much it is: read backwards in pages, told forwards."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

import msgspec

from greenroom_adapters.nostr.connection import Connection
from greenroom_adapters.nostr.wire import UNREADABLE, Filter

__all__ = ["backlog", "created_at", "pages"]

LIMIT = 500
"""Events that are asked for at a time; a relay may give fewer."""
KEPT = 5_000
"""Events that stay in memory while a relay is read backwards. What is older is read a second time when its turn
comes."""
CERTAIN = 20
"""A page of fewer events is all there is: no relay gives so few at a time."""
PAGE_WITHIN = timedelta(seconds=15)


class Heading(msgspec.Struct, frozen=True):
    """What must be known of an event to put it in its place. Nothing of it is believed yet."""

    id: str
    created_at: int


HEADINGS = msgspec.json.Decoder(Heading)


async def backlog(connection: Connection, asked: Filter, *, since: int) -> AsyncGenerator[msgspec.Raw, None]:
    """Yield what fits the filter and is not older than `since`, oldest first, none twice and none left out.

    :raises Unavailable: the relay cannot be asked to the end
    """
    read: list[tuple[int | None, list[msgspec.Raw] | None]] = []
    kept = 0
    async with aclosing(pages(connection, asked, since=since)) as found:
        async for until, raws in found:
            kept += len(raws)
            read.append((until, raws if kept <= KEPT else None))
    told: set[str] = set()
    while read:
        until, remembered = read.pop()
        raws = remembered if remembered is not None else await _again(connection, asked, since, until)
        for raw in raws:
            name = _name(raw)
            if name not in told:
                told.add(name)
                yield raw


async def pages(
    connection: Connection, asked: Filter, *, since: int, at_once: int = LIMIT
) -> AsyncGenerator[tuple[int | None, list[msgspec.Raw]], None]:
    """Yield what fits the filter and is not older than `since` in pages, the newest first: the `until` with which each
    was asked for, and what is new in it, oldest first.

    Relays give the newest first, and no more than they like. So each page ends where the one before it began. `until`
    is inclusive (NIP-01), but not with every relay: pages overlap by a second, and one that brings nothing new is
    followed by another that begins a second earlier before the end is believed. More events in a single second than a
    relay gives at a time cannot be told apart by any client.

    :raises Unavailable: the relay cannot be asked to the end
    """
    seen: set[str] = set()
    until: int | None = None
    doubts = 0
    while True:
        page = await _page(connection, asked, since, until, at_once)
        oldest, fresh = _look(page, seen, since)
        if not fresh:
            if until is None or doubts or oldest is None:
                return
            doubts += 1
            until = min(until, oldest) - 1
            if until < since:
                return
            continue
        doubts = 0
        seen.update(heading.id for heading, _ in fresh)
        yield until, _in_order(fresh)
        if oldest is None or len(page) < CERTAIN:
            return
        until = oldest + 1 if until is None or oldest + 1 < until else until - 1


async def _page(
    connection: Connection, asked: Filter, since: int, until: int | None, at_once: int = LIMIT
) -> list[msgspec.Raw]:
    bounds: dict[str, object] = {"since": since, "limit": at_once}
    if until is not None:
        bounds["until"] = until
    return await connection.query({**asked, **bounds}, within=PAGE_WITHIN)


async def _again(connection: Connection, asked: Filter, since: int, until: int | None) -> list[msgspec.Raw]:
    _, fresh = _look(await _page(connection, asked, since, until), set(), since)
    return _in_order(fresh)


def _in_order(fresh: list[tuple[Heading, msgspec.Raw]]) -> list[msgspec.Raw]:
    return [raw for _, raw in sorted(fresh, key=lambda one: (one[0].created_at, one[0].id))]


def _look(page: list[msgspec.Raw], seen: set[str], since: int) -> tuple[int | None, list[tuple[Heading, msgspec.Raw]]]:
    """Return the oldest time in a page, and what is new in it. What has no id and no time has no place in any order:
    it is the first."""
    oldest: int | None = None
    fresh: dict[str, tuple[Heading, msgspec.Raw]] = {}
    for raw in page:
        try:
            heading = HEADINGS.decode(raw)
        except UNREADABLE:
            heading = Heading(id=_name(raw), created_at=since)
        else:
            if heading.created_at < since:
                continue
            oldest = heading.created_at if oldest is None else min(oldest, heading.created_at)
        if heading.id not in seen:
            fresh[heading.id] = heading, raw
    return oldest, list(fresh.values())


def _name(raw: msgspec.Raw) -> str:
    try:
        return HEADINGS.decode(raw).id
    except UNREADABLE:
        return f"{hash(bytes(raw)):x}"


def created_at(raw: msgspec.Raw) -> int:
    """Return the time of an event, unread; of what has none, the earliest there is."""
    try:
        return HEADINGS.decode(raw).created_at
    except UNREADABLE:
        return 0
