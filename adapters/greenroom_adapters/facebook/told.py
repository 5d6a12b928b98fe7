"""Reads what Facebook tells by calls: batches of what happened on the page."""

from collections.abc import Callable

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import Event
from greenroom_adapters.facebook.api import Api
from greenroom_adapters.facebook.mapping import comment_event, mention_event, watched_comment, watched_event
from greenroom_adapters.facebook.wire import MENTIONS, WATCHED, WireParent
from greenroom_adapters.meta.listening import TOLD
from greenroom_adapters.meta.told import Teller

__all__ = ["Told"]


class Told(Teller):
    """The reader of one page's calls."""

    def __init__(self, api: Api, *, direct_messages: bool) -> None:
        super().__init__(is_me=api.is_me, direct_messages=direct_messages)
        self._api = api

    @override
    async def _change(self, field: str, raw: msgspec.Raw, time: int, cursor: Callable[[], str]) -> Event | None:
        me = self._api.me
        match field:
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
        told, me = MENTIONS.decode(raw), self._api.me
        if told.verb != "add":
            return None
        if told.comment_id:
            comment = await self._api.comment(told.comment_id)
            return comment_event(comment, told.post_id, me=me, source=TOLD, cursor=cursor(), ours=False)
        return mention_event(await self._api.post(told.post_id), me=me, source=TOLD, cursor=cursor())

    async def _parent(self, comment: str) -> WireParent:
        above = await self._api.comment(comment)
        return WireParent(id=above.id, sender=above.sender)
