"""Reads what Instagram tells by calls: batches of what happened to the account."""

from collections.abc import Callable

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import Event
from greenroom_adapters.instagram.api import Api
from greenroom_adapters.instagram.mapping import comment_event, mention_event, mentioned_event
from greenroom_adapters.instagram.wire import MENTIONS, WATCHED, WireComment
from greenroom_adapters.meta.listening import TOLD
from greenroom_adapters.meta.moments import from_epoch
from greenroom_adapters.meta.told import Teller

__all__ = ["Told"]


class Told(Teller):
    """The reader of one account's calls."""

    def __init__(self, api: Api, *, handle: Callable[[], str], direct_messages: bool) -> None:
        super().__init__(is_me=api.is_me, direct_messages=direct_messages)
        self._api = api
        self._handle = handle

    @override
    async def _change(self, field: str, raw: msgspec.Raw, time: int, cursor: Callable[[], str]) -> Event | None:
        match field:
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
