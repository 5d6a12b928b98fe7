"""Reads what Instagram tells by calls: batches of what happened to the account."""

from collections.abc import Callable, Sequence

import msgspec

from greenroom_adapters.contract import Event, PostRejected
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.mapping import comment_event, mention_event, mentioned_event
from greenroom_adapters.instagram.wire import MENTIONS, WATCHED, WireComment
from greenroom_adapters.meta.listening import TOLD
from greenroom_adapters.meta.mail import read_knock
from greenroom_adapters.meta.moments import from_epoch
from greenroom_adapters.meta.sources import unknown
from greenroom_adapters.meta.wire import CALLS, WireEntry

__all__ = ["Told"]


class Told:
    """The reader of one account's calls."""

    def __init__(self, api: Api, *, handle: Callable[[], str], direct_messages: bool) -> None:
        self._api = api
        self._direct_messages = direct_messages
        self._handle = handle

    async def __call__(self, body: bytes, cursor: Callable[[], str]) -> Sequence[Event]:
        """Return what a call tells of this account; what is not understood becomes an `UnknownEvent`.

        :raises AdapterError: something has to be looked up for it, and cannot now
        :raises ValueError: it is no call
        """
        events: list[Event] = []
        for entry in CALLS.decode(body).entry:
            if self._api.is_me(entry.id):
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
        match field:
            case "messages" if self._direct_messages:
                return read_knock(raw, is_me=self._api.is_me, source=TOLD, cursor=cursor)
            case "comments":
                return await self._comment(raw, time, cursor)
            case "mentions":
                told = MENTIONS.decode(raw)
                if told.comment_id:
                    comment = await self._api.mentioned_comment(told.comment_id)
                    return mentioned_event(comment, told.media_id, source=TOLD, cursor=cursor())
                return mention_event(await self._api.mentioned_media(told.media_id), source=TOLD, cursor=cursor())
            case _:
                return None

    async def _comment(self, raw: msgspec.Raw, time: int, cursor: Callable[[], str]) -> Event | None:
        told = WATCHED.decode(raw)
        if told.sender is not None and self._api.is_me(told.sender.id):
            return None  # the list tells of it
        above = await self._api.comment(told.parent_id) if told.parent_id else None
        at = from_epoch(time)
        comment = WireComment(id=told.id, timestamp=at.isoformat(), text=told.text, sender=told.sender)
        handle = self._handle()
        return comment_event(
            comment, told.media.id, above=above, api=self._api, handle=handle, source=TOLD, cursor=cursor(), at=at
        )
