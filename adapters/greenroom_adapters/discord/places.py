"""The servers, channels and threads of one account, as far as they must be known to understand what is said there."""

import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from discord import Permissions

from greenroom_adapters.contract import Room, Trust
from greenroom_adapters.discord.permissions import in_channel, in_server, sends_away
from greenroom_adapters.discord.wire import (
    CHANNEL,
    MEMBER,
    WireChannel,
    WireGuild,
    WireListedGuild,
    WireMember,
    WireOverwrite,
    WireRole,
)

__all__ = ["DIRECT", "FORUMS", "THREADS", "Guild", "Place", "Places"]

logger = logging.getLogger(__name__)

DIRECT = frozenset({1, 3})
"""Types of channels that belong to no server: with one person, with a group."""
THREADS = frozenset({10, 11, 12})
"""Of announcements, public, private."""
FORUMS = frozenset({15, 16})
"""Forum and media channels: all that is said there is said in threads."""
SPOKEN_IN = frozenset({0, 2, 5, 13}) | THREADS | FORUMS
"""Types of channels in which messages are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something can be said."""

    id: str
    type: int
    guild: str | None
    name: str
    parent: str | None
    """Of a thread: the channel that it is in."""
    overwrites: tuple[WireOverwrite, ...] = ()
    """What it grants and takes away beside the roles; a thread has those of its channel."""

    @property
    def is_direct(self) -> bool:
        """Whether it is a conversation with one person (or a group)."""
        return self.guild is None

    @property
    def is_thread(self) -> bool:
        """Whether it is a thread or a post of a forum."""
        return self.type in THREADS


@dataclass(slots=True, kw_only=True)
class Guild:
    """A server."""

    id: str
    name: str
    owner: str | None
    granted: dict[str, int] = field(default_factory=dict[str, int])
    """Role → its permissions."""
    role_names: dict[str, str] = field(default_factory=dict[str, str])
    """Role → what it is called."""
    joined: str = ""
    """When the bot came, as the server tells it."""
    silenced_until: datetime | None = None
    """Until when the bot may say nothing there; it may be over."""
    my_roles: tuple[str, ...] = ()
    bot_role: str | None = None
    """The role that Discord made for the bot when it came: people who mention it mean the bot."""

    def learn_roles(self, roles: Iterable[WireRole], me: str) -> None:
        """Take the roles in."""
        for role in roles:
            self.granted[role.id] = _number(role.permissions)
            self.role_names[role.id] = role.name
            if role.tags.bot_id == me:
                self.bot_role = role.id

    def mine(self, me: str) -> Permissions:
        """Return what the bot may do in the server as a whole."""
        return in_server(me, owner=self.owner, roles=self.my_roles, granted=self.granted, guild=self.id)


class Places:
    """What the gateway, or a look at everything, told of them."""

    def __init__(self, *, me: str, served: Collection[str], first: str | None = None) -> None:
        """`served` are the ids of the only servers that count; none: all. `first` is the one that was the bot's only
        one when it began."""
        self._me = me
        self._served = frozenset(served)
        self._first = first
        self._guilds: dict[str, Guild] = {}
        self._announced: set[str] = set()
        """Servers that the bot is in, though nothing may have been told of them yet."""
        self._places: dict[str, Place] = {}

    def serves(self, guild: str | None) -> bool:
        """Say whether the bot is to hear what happens in a server; None: a direct conversation."""
        return guild is None or not self._served or guild in self._served

    def __contains__(self, channel: str) -> bool:
        return channel in self._places

    def __iter__(self) -> Iterator[Place]:
        return iter(self._places.values())

    def get(self, channel: str) -> Place | None:
        """Return a channel; None: nobody has told of it."""
        return self._places.get(channel)

    def guild(self, guild: str | None) -> Guild | None:
        """Return a server; None: nobody has told of it."""
        return self._guilds.get(guild or "")

    @property
    def first(self) -> str | None:
        """The server that was the only one; None: there was none yet, or several from the beginning."""
        return self._first

    def guilds(self) -> list[Guild]:
        """Return the servers that are known."""
        return list(self._guilds.values())

    # Learning --------------------------------------------------------------------------------------------------------

    def announce(self, guilds: Iterable[str]) -> None:
        """Take in which servers there are."""
        self._announced.update(guilds)
        if self._first is None and len(self._announced) == 1:
            (self._first,) = self._announced

    def learn_guild(self, told: WireGuild) -> list[WireChannel]:
        """Take a server in, with everything in it; return its channels and threads whose history the bot may read."""
        joined = "" if told.joined_at is None else told.joined_at.isoformat()
        guild = Guild(id=told.id, name=told.name, owner=told.owner_id, joined=joined)
        guild.learn_roles(told.roles, self._me)
        for raw in told.members:
            try:
                member = MEMBER.decode(raw)
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
            if member.user is not None and member.user.id == self._me:
                guild.my_roles = member.roles
                guild.silenced_until = member.communication_disabled_until
        self.forget_guild(told.id)
        self.announce((told.id,))
        self._guilds[told.id] = guild
        return self._learn_channels(guild, readable_channels(told.channels), readable_channels(told.threads))

    def learn_listed(
        self, told: WireListedGuild, mine: WireMember, channels: Iterable[WireChannel], threads: Iterable[msgspec.Raw]
    ) -> list[WireChannel]:
        """Take a server in as the API tells of it; return its channels and threads that the bot may read."""
        guild = Guild(id=told.id, name=told.name, owner=told.owner_id, my_roles=mine.roles)
        guild.learn_roles(told.roles, self._me)
        self.forget_guild(told.id)
        self.announce((told.id,))
        self._guilds[told.id] = guild
        return self._learn_channels(guild, channels, readable_channels(threads))

    def _learn_channels(
        self, guild: Guild, channels: Iterable[WireChannel], threads: Iterable[WireChannel]
    ) -> list[WireChannel]:
        may = guild.mine(self._me)
        open_to_me: dict[str, WireChannel] = {}
        for channel in channels:
            self.learn_channel(channel, guild=guild.id)
            rights = in_channel(may, channel.permission_overwrites, me=self._me, roles=guild.my_roles, guild=guild.id)
            if channel.type in SPOKEN_IN and rights.view_channel and rights.read_message_history:
                open_to_me[channel.id] = channel
        readable = [channel for channel in open_to_me.values() if channel.type not in FORUMS]
        for thread in threads:
            self.learn_channel(thread, guild=guild.id)
            if thread.parent_id in open_to_me:
                readable.append(thread)
        return readable

    def learn_channel(self, told: WireChannel, *, guild: str | None = None) -> None:
        """Take a channel or thread in, or what is new about it."""
        self._places[told.id] = Place(
            id=told.id,
            type=told.type,
            guild=told.guild_id or guild,
            name=told.name or "",
            parent=told.parent_id if told.type in THREADS else None,
            overwrites=told.permission_overwrites,
        )

    def learn_role(self, guild: str, role: WireRole) -> None:
        """Take a role in, or what is new about it."""
        if (known := self._guilds.get(guild)) is not None:
            known.learn_roles((role,), self._me)

    def forget_channel(self, channel: str) -> None:
        """Forget a channel or thread."""
        self._places.pop(channel, None)

    def forget_guild(self, guild: str) -> None:
        """Forget a server, with everything in it."""
        self._announced.discard(guild)
        if self._guilds.pop(guild, None) is not None:
            for id in [place.id for place in self._places.values() if place.guild == guild]:
                del self._places[id]

    # Telling ---------------------------------------------------------------------------------------------------------

    def room(self, channel: str, *, guild: str) -> Room:
        """Return the room that a message of a server was said in: the channel; that of a thread is the one it is in.

        It has a name only where the owner knows who gives names: in the `servers` that he listed, or else in the first
        that the bot was in, whoever invites it later. Anybody may make a server with a channel of any name.
        """
        place = self._places.get(channel)
        if place is not None and place.parent is not None:
            place = self._places.get(place.parent, place)
        if place is None:
            return Room(id=channel, server=guild)
        name = f"#{place.name}" if place.name and self.has_names(guild) else ""
        return Room(id=place.id, name=name, server=guild)

    def server(self, guild: str) -> Room:
        """Return a server as a place where something holds for all of its channels."""
        known = self._guilds.get(guild)
        return Room(id=guild, name="" if known is None else known.name)

    def has_names(self, guild: str) -> bool:
        """Say whether the channels of a server go by their names."""
        return guild in self._served if self._served else guild == self._first

    def called(self, name: str) -> list[Place]:
        """Return the channels with this name, written as `#log`, in servers whose channels go by their names."""
        return [
            place
            for place in self._places.values()
            if place.guild is not None
            and place.type in SPOKEN_IN - THREADS
            and f"#{place.name}" == name
            and self.has_names(place.guild)
        ]

    def trust(self, member: WireMember | None, user: str, *, channel: str, guild: str | None) -> Trust:
        """Return how far a server raises somebody in a channel: who may delete messages of others there is a
        moderator."""
        known = self._guilds.get(guild or "")
        if known is None or member is None:
            return Trust.ANYONE
        place = self._places.get(channel)
        if place is not None and place.parent is not None:
            place = self._places.get(place.parent)
        base = in_server(user, owner=known.owner, roles=member.roles, granted=known.granted, guild=known.id)
        overwrites = () if place is None else place.overwrites
        rights = in_channel(base, overwrites, me=user, roles=member.roles, guild=known.id)
        return Trust.MODERATOR if rights.manage_messages else Trust.ANYONE

    def roles(self, member: WireMember | None, *, guild: str | None) -> tuple[str, ...]:
        """Return the ids of somebody's roles, and where channels go by their names the names of the roles as well: a
        role of any name can be made in any server. A name that looks like an id is none."""
        known = self._guilds.get(guild or "")
        if member is None or known is None:
            return ()
        names = map(known.role_names.get, member.roles) if self.has_names(known.id) else ()
        return (*member.roles, *(name for name in names if name and not name.isdecimal()))

    def sends_away(self, member: WireMember, user: str, *, guild: str) -> bool:
        """Say whether a member may send others out of a server."""
        known = self._guilds.get(guild)
        if known is None:
            return False
        return sends_away(in_server(user, owner=known.owner, roles=member.roles, granted=known.granted, guild=guild))


def readable_channels(raws: Iterable[msgspec.Raw]) -> Iterator[WireChannel]:
    """Yield those channels that can be read."""
    for raw in raws:
        try:
            yield CHANNEL.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            logger.debug("a channel cannot be read")


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        return 0
