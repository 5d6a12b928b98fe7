"""Where listening stands: in each channel the last message that was heard, and what the gateway brought since.

A channel is either *current*, and then what the gateway brings is passed on, or *behind*, and then its history is read:
what the gateway brings of it meanwhile only says that there is more to read. So nothing falls between the two, and a
burst that is too large for memory makes channels fall behind instead of being lost.
"""

import logging
import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import Event, OwnPostSeen, TextEvent
from greenroom_adapters.discord.interactions import Given, Interactions
from greenroom_adapters.discord.mapping import LIVE, Reader, source_of, unknown
from greenroom_adapters.discord.memory import Memory
from greenroom_adapters.discord.places import Places, readable_channels
from greenroom_adapters.discord.positions import Mark, Positions
from greenroom_adapters.discord.snowflakes import first_of, moment_of
from greenroom_adapters.discord.socket import Dispatch, Lost
from greenroom_adapters.discord.wire import (
    CHANNEL,
    DELETED_BULK,
    GUILD,
    INTERACTIONS,
    MEMBER_CHANGES,
    MESSAGE,
    NAMED,
    REACTIONS,
    READY,
    ROLE_CHANGES,
    THREAD_LISTS,
    WireChannel,
)
from greenroom_adapters.remembering import Recent

__all__ = ["Hearing"]

logger = logging.getLogger(__name__)

WAITING = 10_000
"""Events that wait for whoever takes them; with more, channels fall behind."""
REMEMBERED = 20_000
ARCHIVED_AFTER = timedelta(minutes=55)
"""No thread is archived sooner after its last message (an hour is the shortest that can be chosen)."""
ARCHIVED_READ = 200
"""Threads that are archived now and are looked into after a longer absence: those spoken in last."""
TOKEN = re.compile(rb'("token"\s*:\s*)"[^"]*"?')
"""Of a command: whoever has it can answer in our name."""
NOT_OURS = frozenset(
    {
        "RESUMED",
        "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
        "CHANNEL_INFO",
        "CHANNEL_PINS_UPDATE",
        "CHANNEL_TOPIC_UPDATE",
        "GUILD_APPLICATION_COMMAND_INDEX_UPDATE",
        "GUILD_AUDIT_LOG_ENTRY_CREATE",
        "GUILD_EMOJIS_UPDATE",
        "GUILD_INTEGRATIONS_UPDATE",
        "GUILD_JOIN_REQUEST_DELETE",
        "GUILD_JOIN_REQUEST_UPDATE",
        "GUILD_ROLE_DELETE",
        "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
        "GUILD_SOUNDBOARD_SOUND_CREATE",
        "GUILD_SOUNDBOARD_SOUND_DELETE",
        "GUILD_SOUNDBOARD_SOUND_UPDATE",
        "GUILD_STICKERS_UPDATE",
        "GUILD_UPDATE",
        "INTEGRATION_CREATE",
        "INTEGRATION_DELETE",
        "INTEGRATION_UPDATE",
        "MESSAGE_REACTION_REMOVE",
        "MESSAGE_REACTION_REMOVE_ALL",
        "MESSAGE_REACTION_REMOVE_EMOJI",
        "STAGE_INSTANCE_CREATE",
        "STAGE_INSTANCE_DELETE",
        "STAGE_INSTANCE_UPDATE",
        "THREAD_MEMBERS_UPDATE",
        "THREAD_MEMBER_UPDATE",
        "USER_UPDATE",
        "VOICE_CHANNEL_EFFECT_SEND",
        "VOICE_CHANNEL_STATUS_UPDATE",
        "WEBHOOKS_UPDATE",
    }
)
"""What the intents bring along and nobody here listens to."""


class Hearing:
    """One run of listening. What the gateway dispatches goes in, events come out; reading history is for the caller."""

    def __init__(
        self,
        after: Mapping[str, str],
        *,
        reader: Reader,
        places: Places,
        memory: Memory,
        now: Callable[[], datetime],
        reads_everything: bool,
        begins: int,
        interactions: Interactions,
    ) -> None:
        """`begins` is where listening begins when `after` does not say. Without `reads_everything` Discord hides the
        text of what does not address the bot."""
        self._reader = reader
        self._places = places
        self._memory = memory
        self._now = now
        self._reads_everything = reads_everything
        self._interactions = interactions
        self.positions = Positions(after, begins=begins)
        self._waiting: deque[Event] = deque()
        self._taken = 0
        self.newcomers: set[str] = set()
        """Direct conversations that no cursor told of."""
        self._heard = Recent[int, None](REMEMBERED)
        """Messages that were told in this run: the gateway delivers some twice."""
        self._awaited: set[str] | None = None
        """Servers that were announced and have not come yet; None: nothing was announced."""

    # What comes out --------------------------------------------------------------------------------------------------

    def take(self) -> Event | None:
        """Return the next event; None: there is none now."""
        if not self._waiting:
            return None
        self._taken += 1
        return self._waiting.popleft()

    @property
    def taken(self) -> int:
        """How many events were taken."""
        return self._taken

    @property
    def brought(self) -> int:
        """How many events the gateway has brought so far."""
        return self._taken + len(self._waiting)

    @property
    def waits(self) -> bool:
        """Some of them wait to be taken."""
        return bool(self._waiting)

    def from_history(self, channel: str, raw: msgspec.Raw) -> Event | None:
        """Take a message of a channel's history in, the next one behind what was heard; return what it means."""
        mark = self.positions.get(channel)
        if mark is None:
            return None
        place = self._places.get(channel)
        guild = None if place is None else place.guild
        try:
            id = int(NAMED.decode(raw).id)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._unknown(bytes(raw), source_of(channel, is_direct=mark.is_direct), str(mark.last))
        mark.last = max(mark.last, id)
        if id in self._heard:
            return None
        return self._read(raw, channel, mark, guild, id)

    # What goes in ----------------------------------------------------------------------------------------------------

    def handle(self, told: Dispatch | Lost) -> None:
        """Take in what the gateway says, whatever it is."""
        if isinstance(told, Lost):
            self._queue(self._unknown(TOKEN.sub(rb'\1"***"', told.raw)))
            return
        try:
            known = self._dispatched(told.name, told.data)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, OverflowError):
            known = False
        if not known:
            raw = bytes(told.data)
            self._queue(self._unknown(TOKEN.sub(rb'\1"***"', raw), kind=told.name))

    def _dispatched(self, name: str, data: msgspec.Raw) -> bool:
        """Act upon it; say whether it is known."""
        match name:
            case "MESSAGE_CREATE":
                self._message(data)
            case "MESSAGE_UPDATE":
                self._edited(data)
            case "MESSAGE_DELETE":
                gone = NAMED.decode(data)
                if gone.channel_id is None:
                    raise msgspec.ValidationError("a message that was said nowhere")
                self._deleted(gone.channel_id, (gone.id,), gone.guild_id)
            case "MESSAGE_DELETE_BULK":
                many = DELETED_BULK.decode(data)
                self._deleted(many.channel_id, many.ids, many.guild_id)
            case "MESSAGE_REACTION_ADD":
                self._reacted(data)
            case "INTERACTION_CREATE":
                self._commanded(data)
            case "READY":
                self._began(data)
            case "GUILD_CREATE":
                self._guild(data)
            case "GUILD_DELETE":
                self._guild_gone(data)
            case "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE":
                self._channel(CHANNEL.decode(data))
            case "THREAD_LIST_SYNC":
                for thread in readable_channels(THREAD_LISTS.decode(data).threads):
                    self._channel(thread)
            case "CHANNEL_DELETE" | "THREAD_DELETE":
                self._channel_gone(NAMED.decode(data).id)
            case "GUILD_MEMBER_UPDATE":
                self._member_changed(data)
            case "GUILD_ROLE_CREATE" | "GUILD_ROLE_UPDATE":
                change = ROLE_CHANGES.decode(data)
                self._places.learn_role(change.guild_id, change.role)
            case _:
                return name in NOT_OURS
        return True

    def _message(self, data: msgspec.Raw) -> None:
        told = NAMED.decode(data)
        channel, id = told.channel_id, int(told.id)
        if channel is None:
            raise msgspec.ValidationError("a message that was said nowhere")
        if not self._places.serves(told.guild_id):
            return
        mark = self.positions.get(channel) or self._new_mark(channel, id, told.guild_id)
        if mark.is_behind or len(self._waiting) >= WAITING:
            self.positions.fall_behind(channel, mark)
            return
        if id in self._heard:
            return
        mark.last = max(mark.last, id)
        event = self._read(data, channel, mark, told.guild_id, id)
        if event is not None:
            self._waiting.append(event)

    def _new_mark(self, channel: str, id: int, guild: str | None) -> Mark:
        """Return where a channel stands that nobody told of before. There may be more in it than this message, unless
        its server told of all that the bot could see: then it sees the channel only now."""
        if self._places.guild(guild) is not None and channel in self._places:
            return self.positions.begin(channel, is_direct=False, at=id - 1)
        if guild is None:
            return self.heard_of_direct(channel)
        mark = self.positions.begin(channel, is_direct=False)
        self.positions.fall_behind(channel, mark)
        return mark

    def heard_of_direct(self, channel: str) -> Mark:
        """Note that something was said in a direct conversation: it stands in its history."""
        mark = self.positions.get(channel)
        if mark is None:
            self.newcomers.add(channel)
            mark = self.positions.begin(channel, is_direct=True)
        self.positions.fall_behind(channel, mark)
        return mark

    def _read(self, raw: msgspec.Raw, channel: str, mark: Mark, guild: str | None, id: int) -> Event | None:
        self._heard[id] = None
        cursor = str(mark.last)
        try:
            message = MESSAGE.decode(raw)
            if message.author.id == self._reader.me:
                self._memory.saw_own(message.id, message.nonce)
            event = self._reader.message(message, guild=guild, cursor=cursor)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            return self._unknown(bytes(raw), source_of(channel, is_direct=mark.is_direct), cursor, name=str(id))
        if isinstance(event, OwnPostSeen) and event.key is None:
            # told once by the gateway or in the answer, though the history tells it no more
            event = replace(event, key=self._memory.own.get(str(id)) or None)
        if isinstance(event, TextEvent):
            self._memory.people[event.author.id] = event.author
        return event

    def _edited(self, data: msgspec.Raw) -> None:
        message = MESSAGE.decode(data)
        if not self._places.serves(message.guild_id):
            return
        if message.content or self._reads_everything:
            event = self._reader.edit(message, guild=message.guild_id)
            if event is not None:
                self._queue(event)

    def _deleted(self, channel: str, messages: tuple[str, ...], guild: str | None) -> None:
        if not self._places.serves(guild):
            return
        for message in messages:
            self._memory.deleted[message] = channel
            self._queue(self._reader.deletion(channel, message, guild=guild, at=self._now()))

    def _reacted(self, data: msgspec.Raw) -> None:
        told = REACTIONS.decode(data)
        is_ours = told.message_author_id == self._reader.me or told.message_id in self._memory.own
        if told.user_id == self._reader.me or not is_ours or not self._places.serves(told.guild_id):
            return
        people = {told.user_id: known} if (known := self._memory.people.get(told.user_id)) is not None else {}
        self._queue(self._reader.reaction(told, people, at=self._now()))

    def _commanded(self, data: msgspec.Raw) -> None:
        told = INTERACTIONS.decode(data)
        if not self._interactions.are_ours or not self._places.serves(told.guild_id):
            return
        is_private = self._interactions.is_private(told.data.name)
        event = self._reader.command(told, is_private=is_private)
        if event is None or len(self._waiting) >= WAITING:
            return
        given = Given(id=told.id, token=told.token, channel=event.conversation, is_private=is_private)
        if self._interactions.heard(given):
            self._memory.people[event.author.id] = event.author
            self._queue(event)

    # Where something can be said -------------------------------------------------------------------------------------

    def _began(self, data: msgspec.Raw) -> None:
        """A session began: what was said between the last one and this one is in the histories."""
        ready = READY.decode(data)
        self._places.announce(guild.id for guild in ready.guilds)
        # one session for each shard
        self._awaited = (self._awaited or set()) | {one.id for one in ready.guilds if self._places.serves(one.id)}
        self.positions.all_direct_fall_behind()
        self._look_into_archived()

    def _guild(self, data: msgspec.Raw) -> None:
        told = GUILD.decode(data)
        if told.unavailable or not self._places.serves(told.id):
            return
        floor = 0 if told.joined_at is None else first_of(told.joined_at)
        for channel in self._places.learn_guild(told):
            self.positions.compare(channel, floor=floor)
        self._memory.left.discard(told.id)
        if told.joined_at is not None and not self._places.has_names(told.id):
            # neither listed nor the first one: whether its owner knows of it, the bot finds out
            self._queue(self._reader.taken_along(told.id, told.joined_at))
        guild = self._places.guild(told.id)
        if guild is not None and guild.silenced_until is not None:
            self._silenced(told.id, guild.silenced_until)
        if self._awaited is not None:
            self._awaited.discard(told.id)
            self._look_into_archived()

    def _member_changed(self, data: msgspec.Raw) -> None:
        """Somebody is another now. Discord tells of the bot itself in any case ("Gateway Intents"), and of others
        nothing with our intents."""
        told = MEMBER_CHANGES.decode(data)
        guild = self._places.guild(told.guild_id)
        if told.user is None or told.user.id != self._reader.me or guild is None:
            return
        guild.my_roles = told.roles
        if (until := told.communication_disabled_until) is not None and self._places.serves(told.guild_id):
            self._silenced(told.guild_id, until)

    def _silenced(self, guild: str, until: datetime) -> None:
        if until > (now := self._now()):
            self._queue(self._reader.silenced(guild, until, at=now))

    def _look_into_archived(self) -> None:
        """Once all servers are there: channels with a cursor that none of them told of are threads that were archived
        meanwhile, or gone. Threads are archived when nobody spoke in them for at least an hour."""
        if self._awaited is None or self._awaited:
            return
        self._awaited = None
        if self._now() - moment_of(str(self.positions.newest)) >= ARCHIVED_AFTER:
            self.positions.untold_fall_behind({place.id for place in self._places}, most=ARCHIVED_READ)

    def _guild_gone(self, data: msgspec.Raw) -> None:
        """The bot was thrown out; a server that is only out of order comes again."""
        told = NAMED.decode(data)
        if told.unavailable:
            return
        guild = self._places.guild(told.id)
        if guild is not None and told.id not in self._memory.left:
            self._queue(self._reader.sent_away(told.id, guild.joined, at=self._now()))
        gone = [place.id for place in self._places if place.guild == told.id]
        self._places.forget_guild(told.id)
        for channel in gone:
            self._channel_gone(channel)

    def _channel(self, told: WireChannel) -> None:
        if told.guild_id is None or not self._places.serves(told.guild_id):
            return
        is_new = told.id not in self._places
        self._places.learn_channel(told)
        if is_new:
            self.positions.compare(told, floor=0)

    def _channel_gone(self, channel: str) -> None:
        self._places.forget_channel(channel)
        self.positions.forget(channel)

    # Odds and ends ---------------------------------------------------------------------------------------------------

    def _queue(self, event: Event) -> None:
        if len(self._waiting) < WAITING:
            self._waiting.append(event)
        else:
            logger.warning("too much at once: %s %s is left out", event.kind, event.id)

    def _unknown(
        self, raw: bytes, source: str = LIVE, cursor: str | None = None, *, name: str = "", kind: str = ""
    ) -> Event:
        now = self._now()
        if kind:
            raw = f"{kind} ".encode() + raw
        where = str(first_of(now)) if cursor is None else cursor
        return unknown(raw, source=source, cursor=where, received_at=now, name=name)
