"""Reads what Facebook tells by calls: batches of what happened on the page."""

from collections.abc import Callable, Sequence

import msgspec

from greenroom_adapters.contract import Event, PostRejected
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.mapping import comment_event, mention_event, watched_comment, watched_event
from greenroom_adapters.facebook.wire import MENTIONS, WATCHED, WireParent
from greenroom_adapters.meta.listening import TOLD
from greenroom_adapters.meta.mail import read_knock
from greenroom_adapters.meta.moments import from_epoch
from greenroom_adapters.meta.sources import unknown
from greenroom_adapters.meta.wire import CALLS, WireEntry

__all__ = ["Told"]


class Told:
    """The reader of one page's calls."""

    def __init__(self, api: Api, *, direct_messages: bool) -> None:
        self._api = api
        self._direct_messages = direct_messages

    async def __call__(self, body: bytes, cursor: Callable[[], str]) -> Sequence[Event]:
        """Return what a call tells of this page; what is not understood becomes an `UnknownEvent`.

        :raises AdapterError: something has to be looked up for it, and cannot now
        :raises ValueError: it is no call
        """
        events: list[Event] = []
        for entry in CALLS.decode(body).entry:
            if entry.id == self._api.page:
                events += await self._entry(entry, cursor)
        return events

    async def _entry(self, entry: WireEntry, cursor: Callable[[], str]) -> list[Event]:
        events: list[Event] = []
        parts = [(change.field, change.value) for change in entry.changes]
        for field, raw in [*parts, *(("messages", knock) for knock in entry.messaging)]:
            try:
                event = await self._part(field, raw, entry.time, cursor)
            except (ValueError, PostRejected):
                event = unknown(bytes(raw), source=TOLD, cursor=cursor(), at=from_epoch(entry.time))
            if event is not None:
                events.append(event)
        return events

    async def _part(self, field: str, raw: msgspec.Raw, time: int, cursor: Callable[[], str]) -> Event | None:
        me = self._api.page
        match field:
            case "messages" if self._direct_messages:
                return read_knock(raw, is_me=lambda person: person == me, source=TOLD, cursor=cursor)
            case "feed":
                told = WATCHED.decode(raw)
                if (told.item, told.verb) != ("comment", "add"):
                    return watched_event(told, me=me, time=time, source=TOLD, cursor=cursor)
                if told.sender is not None and told.sender.id == me:
                    return None  # the list tells of it
                comment = await watched_comment(told, self._parent)
                return comment_event(comment, told.post_id, me=me, source=TOLD, cursor=cursor())
            case "mention":
                return await self._mention(raw, cursor)
            case _:
                return None

    async def _mention(self, raw: msgspec.Raw, cursor: Callable[[], str]) -> Event | None:
        """Return what a mention says, which the call does not tell."""
        told, me = MENTIONS.decode(raw), self._api.page
        if told.verb != "add":
            return None
        if told.comment_id:
            comment = await self._api.comment(told.comment_id)
            return comment_event(comment, told.post_id, me=me, source=TOLD, cursor=cursor(), ours=False)
        return mention_event(await self._api.post(told.post_id), me=me, source=TOLD, cursor=cursor())

    async def _parent(self, comment: str) -> WireParent:
        above = await self._api.comment(comment)
        return WireParent(id=above.id, sender=above.sender)
