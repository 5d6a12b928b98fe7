"""What the account does to messages beside sending them, and what it looks up around them."""

from contextlib import suppress
from datetime import timedelta

from greenroom_adapters.contract import (
    AdapterError,
    Author,
    Forbidden,
    PostRef,
    TargetGone,
    TextEvent,
    ThreadPost,
    TooLong,
    Unsupported,
)
from greenroom_adapters.telegram.api import Api
from greenroom_adapters.telegram.errors import NoText, NotModified, ReactionRefused
from greenroom_adapters.telegram.mapping import LIKE
from greenroom_adapters.telegram.memory import Memory
from greenroom_adapters.telegram.references import Message, chat_named, message_of
from greenroom_adapters.telegram.wire import WireChat
from greenroom_adapters.telegram.writing import TEXT_LIMIT
from greenroom_adapters.text import fits

__all__ = ["Acting"]

TYPING_LASTS = timedelta(seconds=5)
"""`sendChatAction`: "for 5 seconds or less"."""


class Acting:
    """The hands of one account."""

    def __init__(self, api: Api, memory: Memory) -> None:
        self._api = api
        self._memory = memory

    async def delete(self, ref: PostRef) -> None:
        """Delete the message. Deleting one that is gone is no error."""
        where = self._where(ref)
        for id in where.ids:
            with suppress(TargetGone):
                await self._api.delete(where.chat.wire, id)

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text of the message."""
        if not fits(text, (TEXT_LIMIT,)):
            raise self._error(TooLong, "the text is over the limit")
        where = self._where(ref)
        chat, message = where.chat.wire, where.ids[0]
        with suppress(NotModified):
            try:
                await self._api.edit_text(chat, message, text)
            except NoText:
                await self._api.edit_caption(chat, message, text)

    async def react(self, ref: PostRef, reaction: str) -> None:
        """React to the message; a like is a thumb up."""
        where = self._where(ref)
        try:
            await self._api.react(where.chat.wire, where.ids[0], LIKE if reaction == "like" else reaction)
        except ReactionRefused as refused:
            raise self._error(Unsupported, str(refused)) from None

    async def show_typing(self, to: TextEvent) -> timedelta:
        """Show that we are writing, where it was said."""
        where = chat_named(to.conversation)
        if where is None:
            raise self._error(TargetGone, f"{to.conversation!r} is no chat on Telegram")
        await self._api.show_typing(where.wire, where.topic)
        return TYPING_LASTS

    async def leave(self, room: str) -> None:
        """Leave a group or a channel. Having left it is no error."""
        where = chat_named(room)
        if where is None:
            return
        with suppress(Forbidden, TargetGone):
            await self._api.leave(where.wire)

    async def may_message(self, person: str) -> bool:
        """Say whether the bot has a conversation with this person: it can begin none."""
        return await self._private(person) is not None

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this id and a conversation with the bot, or wrote under this name since it listens."""
        bare = handle.removeprefix("@")
        return self._memory.person(bare) or await self._private(bare)

    async def _private(self, person: str) -> Author | None:
        if not person.isdecimal():
            return None
        try:
            chat = await self._api.chat(int(person))
        except Forbidden:
            return None
        return _author(chat)

    def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return what was said above the message, as far as it passed by."""
        return self._memory.above(self._where(ref), limit=limit)

    def _where(self, ref: PostRef) -> Message:
        where = message_of(ref)
        if where is None:
            raise self._error(TargetGone, f"{ref.id!r} is no message on Telegram")
        return where

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)


def _author(chat: WireChat) -> Author:
    name = " ".join(part for part in (chat.first_name, chat.last_name) if part)
    return Author(id=str(chat.id), handle=chat.username or str(chat.id), name=name)
