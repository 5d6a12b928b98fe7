"""What the account does to posts beside publishing them, and what it looks up around them."""

from contextlib import suppress
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    Author,
    Forbidden,
    Metrics,
    PostRef,
    PostRejected,
    TargetGone,
    ThreadPost,
    TooLong,
)
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.channels import Channels
from greenroom_adapters.discord.mapping import LIKE, Reader, author, handle_of
from greenroom_adapters.discord.memory import Memory
from greenroom_adapters.discord.places import Places
from greenroom_adapters.discord.references import command_of, place
from greenroom_adapters.discord.wire import MESSAGE, WireMessage
from greenroom_adapters.discord.writing import MENTIONS_NOBODY, TEXT_LIMIT
from greenroom_adapters.text import fits

__all__ = ["Acting"]

SERVERS_SEARCHED = 25
"""A name is looked for in so many servers."""
REPLY = 19
TYPING_LASTS = timedelta(seconds=10)
"""API reference, "Trigger Typing Indicator"."""


class Acting:
    """The hands of one account."""

    def __init__(self, api: Api, places: Places, memory: Memory, channels: Channels, *, me: str, called: str) -> None:
        self._api = api
        self._memory = memory
        self._places = places
        self._channels = channels
        self._me = me
        self._reader = Reader(me=me, places=places, called=called)

    async def delete(self, ref: PostRef) -> None:
        """Delete the message. Deleting one that is gone is no error."""
        channel, message = self._where(ref)
        with suppress(TargetGone):
            await self._api.delete_message(channel, message)

    async def leave(self, room: str, *, by: str | None) -> None:
        """Leave a server, or the one that a channel is in, when `by` may send people out of it; None: our owner."""
        place = self._places.get(room)
        guild = room if place is None else place.guild
        if guild is None or (place is None and self._places.guild(guild) is None):
            return
        if by is not None:
            member = await self._api.member(guild, by)
            if not self._places.sends_away(member, by, guild=guild):
                raise self._error(Forbidden, "leaving a channel means leaving its server, and that is not his to say")
        # the gateway may tell of it before the answer is there
        self._memory.left.add(guild)
        await self._api.leave(guild)

    async def edit(self, ref: PostRef, text: str) -> None:
        """Replace the text of the message."""
        if not fits(text, (TEXT_LIMIT,)):
            raise self._error(TooLong, "the text is over the limit")
        body = {"content": text, "allowed_mentions": MENTIONS_NOBODY}
        await self._api.edit_message(*self._where(ref), body)

    async def react(self, ref: PostRef, reaction: str) -> None:
        """React to the message; a like is a thumb up. An emoji of a server is written as `name:id`."""
        await self._api.react(*self._where(ref), LIKE if reaction == "like" else reaction)

    async def show_typing(self, channel: str) -> timedelta:
        """Show in the channel that we are writing."""
        await self._api.show_typing(channel)
        return TYPING_LASTS

    async def metrics(self, ref: PostRef) -> Metrics:
        """Count the reactions of others, whatever with: Discord tells no people, and nothing else."""
        message = await self._api.message(*self._where(ref))
        return Metrics(likes=sum(max(0, told.count - told.me) for told in message.reactions))

    async def thread(self, ref: PostRef, *, limit: int) -> tuple[ThreadPost, ...]:
        """Return what was said above the message: in a thread what came before, elsewhere what is answered, and what
        that answers. The newest `limit` of them, oldest first; a gap ends it."""
        if (given := command_of(ref)) is not None:
            channel, id, _ = given
        else:
            channel, id = self._where(ref)
        try:
            where = await self._channels.known(channel)
            if where is not None and where.is_thread:
                above = await self._before(channel, id, limit)
            elif given is not None:
                above = []
            else:
                above = await self._answered(channel, id, limit)
        except PostRejected:
            return ()
        guild = None if where is None else where.guild
        return tuple(self._reader.thread_post(message, guild=guild) for message in reversed(above[:limit]))

    async def person(self, handle: str) -> Author | None:
        """Return whoever has this id, or this user name in one of the servers of the bot."""
        wanted = handle.removeprefix("@")
        if wanted.isdecimal() and len(wanted) <= 20:
            found = await self._api.user(wanted)
            if found is not None:
                return author(found)
        guilds = [guild.id for guild in self._places.guilds()] or [guild.id for guild in await self._api.guilds()]
        name = wanted.partition("#")[0]
        if not name:
            return None
        for guild in [guild for guild in guilds if self._places.serves(guild)][:SERVERS_SEARCHED]:
            for member in await self._api.members_called(guild, name):
                if member.user is not None and handle_of(member.user).casefold() == wanted.casefold():
                    return author(member.user, nick=member.nick)
        return None

    async def may_message(self, person: str) -> bool:
        """Say whether there is such a person: whether they take messages of bots shows only when one is sent. Bots
        take none."""
        if not person.isdecimal():
            return False
        found = await self._api.user(person)
        return found is not None and not found.bot

    async def _before(self, channel: str, id: str, limit: int) -> list[WireMessage]:
        raws = await self._api.messages(channel, before=id, limit=min(100, max(1, limit)))
        above: list[WireMessage] = []
        for raw in raws:
            try:
                above.append(MESSAGE.decode(raw))
            except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
                break
        return above

    async def _answered(self, channel: str, id: str, limit: int) -> list[WireMessage]:
        above: list[WireMessage] = []
        message = await self._api.message(channel, id)
        while len(above) < limit:
            told = message.message_reference
            if message.type != REPLY or told is None or told.message_id is None:
                break
            try:
                message = await self._api.message(told.channel_id or channel, told.message_id)
            except PostRejected:
                break
            above.append(message)
        return above

    def _where(self, ref: PostRef) -> tuple[str, str]:
        where = place(ref)
        if where is None:
            raise self._error(TargetGone, f"{ref.id!r} is no message on Discord")
        return where

    def _error(self, kind: type[AdapterError], words: str) -> AdapterError:
        return self._api.http.error(kind, words)
