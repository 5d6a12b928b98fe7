"""The account's notifications, from a place on: read backward by pages, told forward.

A notification brings the whole record with it, and what strangers put into one may be many times larger as JSON than
it is in their repository (a megabyte at most). Pages that are too large are asked for with fewer notifications. A
single one stays far below the cap.
"""

from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from greenroom_adapters.bluesky.api import PAGE, Api
from greenroom_adapters.bluesky.dates import moment
from greenroom_adapters.bluesky.mapping import read_notification, unknown
from greenroom_adapters.bluesky.position import EPOCH, SOURCE, Position
from greenroom_adapters.bluesky.wire import PEEKS, UNREADABLE, WireNotificationPage
from greenroom_adapters.contract import Event
from greenroom_adapters.transport import fitting

__all__ = ["Notifications"]


@dataclass(frozen=True, slots=True)
class Item:
    """One notification, as far as its place needs."""

    name: str
    at: datetime
    raw: msgspec.Raw


class Notifications:
    """What the AppView tells the account about others' records. Nothing pushes it, so it is asked for."""

    def __init__(self, api: Api, *, now: Callable[[], datetime]) -> None:
        self._api = api
        self._now = now

    async def here(self) -> Position:
        """Return the place of this moment, behind all that is there."""
        page, _ = await self._page(None)
        items = self._items(page)
        # What is below the first page was there before.
        position = Position(items[-1].at if items and page.cursor is not None else EPOCH)
        for item in reversed(items):
            position.take(item.name, item.at)
        return position

    async def look(self, position: Position) -> AsyncGenerator[Event, None]:
        """Yield what came since, oldest first, then end; the position moves with each event that is taken.

        :raises Unavailable: it cannot be asked for now
        """
        async for item in self._upward(position.floor):
            if position.is_done(item.name, item.at):
                continue
            event = self._read(item)
            position.take(item.name, item.at)
            if event is not None:
                yield replace(event, cursor=position.cursor())

    async def since(self, moment: datetime) -> AsyncGenerator[Event, None]:
        """Yield what is dated from a moment on, oldest first, then end."""
        position = Position(EPOCH)
        async for item in self._upward(moment):
            if item.at < moment:
                continue
            event = self._read(item)
            position.take(item.name, item.at)
            if event is not None:
                yield replace(event, cursor=position.cursor())

    async def _upward(self, floor: datetime) -> AsyncGenerator[Item, None]:
        """Yield what is dated at `floor` or later, and perhaps some before, oldest first.

        Two pages are in memory at any time. The newest is kept from the first look on: asked for again, its end would
        have moved.
        """
        newest = page = (await self._page(None))[0]
        tokens: dict[str, int] = {}
        """Where pages begin, and of how many notifications they are."""
        while page.cursor is not None and page.cursor not in tokens and not self._reaches(page, floor):
            cursor = page.cursor
            page, tokens[cursor] = await self._page(cursor)
        while True:
            for item in reversed(self._items(page)):
                yield item
            if not tokens:
                return
            tokens.popitem()
            # As many as before: with fewer, those behind them would be passed over.
            page = await self._api.notifications(*next(reversed(tokens.items()))) if tokens else newest

    async def _page(self, before: str | None) -> tuple[WireNotificationPage, int]:
        """Return a page of as many notifications as are not too large together, and of how many it is."""
        return await fitting(lambda limit: self._api.notifications(before, limit), PAGE)

    def _reaches(self, page: WireNotificationPage, floor: datetime) -> bool:
        items = self._items(page)
        return not items or items[-1].at < floor

    def _items(self, page: WireNotificationPage) -> list[Item]:
        """Return the notifications of a page, newest first. One whose date cannot be read has that of its neighbour,
        and none is of the future: it would hide all that come until then."""
        items: list[Item] = []
        now = self._now()
        for raw in page.notifications:
            before = items[-1].at if items else now
            try:
                peek = PEEKS.decode(raw)
            except UNREADABLE:
                items.append(Item(name=bytes(raw).decode("utf-8", "replace"), at=before, raw=raw))
            else:
                items.append(Item(name=peek.uri, at=min(moment(peek.indexed_at) or before, now), raw=raw))
        return items

    def _read(self, item: Item) -> Event | None:
        """Return what a notification means; whatever it is, it does not end the stream."""
        try:
            return read_notification(item.raw, me=self._api.me, source=SOURCE, at=item.at)
        except UNREADABLE:
            return unknown(bytes(item.raw), source=SOURCE, at=item.at)
