"""Turns messages and what else the gateway dispatches into the contract's events. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from greenroom_adapters.contract import (
    Author,
    CommandGiven,
    DirectMessageReceived,
    Event,
    InvitationReceived,
    JoinReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    PostDeleted,
    PostEdited,
    PostRef,
    ReactionReceived,
    RemoteMedia,
    ReplyReceived,
    SanctionReceived,
    TextEvent,
    ThreadPost,
    Trust,
    UnknownEvent,
)
from greenroom_adapters.discord.forum import text_of
from greenroom_adapters.discord.places import Places
from greenroom_adapters.discord.references import command_given, digest_of_nonce, reference
from greenroom_adapters.discord.snowflakes import first_of, moment_of
from greenroom_adapters.discord.wire import WireInteraction, WireMessage, WireReaction, WireUser
from greenroom_adapters.text import as_one_word

__all__ = [
    "COMMANDS",
    "DIRECT_SOURCE",
    "KINDS",
    "LIKE",
    "LIVE",
    "LIVE_ONLY",
    "Reader",
    "author",
    "handle_of",
    "source_of",
    "unknown",
]

RAW_CAP = 4000
"""How much of something unreadable is kept, in characters."""
LIKE = "\N{THUMBS UP SIGN}"
LIVE = "live"
"""Source of what no history has. Nothing resumes from its cursors."""
DIRECT_SOURCE = "dm"

COMMANDS = "commands"
"""Source of the commands that people give. Nothing resumes from its cursors either."""

KINDS = frozenset(
    {
        Kind.MENTION,
        Kind.REPLY,
        Kind.DIRECT_MESSAGE,
        Kind.COMMAND,
        Kind.REACTION,
        Kind.JOIN,
        Kind.DELETION,
        Kind.EDIT,
        Kind.OWN_POST,
        Kind.SANCTION,
        Kind.INVITATION,
    }
)
"""What is heard in any case; `MESSAGE` comes with the intent to read what does not mention the bot."""
LIVE_ONLY = frozenset({Kind.COMMAND, Kind.REACTION, Kind.DELETION, Kind.EDIT, Kind.SANCTION, Kind.INVITATION})
"""A channel's history has its messages as they are now, and nothing of these."""

DEFAULT, JOINED, REPLY, SLASH_COMMAND, MENU_COMMAND = 0, 7, 19, 20, 23
SPEECH = frozenset({DEFAULT, REPLY, SLASH_COMMAND, MENU_COMMAND})
NOT_SPEECH = frozenset(range(60)) - SPEECH - {JOINED}
"""What Discord writes itself into a channel, as its contract knows it (`MessageType`): pins, calls, threads, boosts."""
FORWARD = 1
APPLICATION_COMMAND, CHAT_INPUT = 2, 1

MARK = re.compile(
    r"<(?:@!?(?P<user>\d{1,20})|@&(?P<role>\d{1,20})|#(?P<channel>\d{1,20})|a?:(?P<emoji>\w{1,32}):\d{1,20})>"
)
"""How people, roles, channels and emoji stand in a text (API reference, "Message formatting")."""


def author(
    user: WireUser,
    *,
    trust: Trust = Trust.ANYONE,
    nick: str | None = None,
    is_bot: bool = False,
    roles: tuple[str, ...] = (),
) -> Author:
    """Return somebody as the author of something."""
    return Author(
        id=user.id,
        handle=handle_of(user),
        name=nick or user.global_name or user.username,
        is_bot=user.bot or is_bot,
        trust=trust,
        roles=roles,
    )


def handle_of(user: WireUser) -> str:
    """Return a name as people write it; bots still have four digits behind it, without which it is not unique."""
    return user.username if user.discriminator in ("0", "") else f"{user.username}#{user.discriminator}"


def source_of(channel: str, *, is_direct: bool) -> str:
    """Return the source of what is said in a channel; its cursors are ids of messages."""
    return f"{DIRECT_SOURCE if is_direct else 'channel'}:{channel}"


def unknown(raw: bytes, *, source: str, cursor: str, received_at: datetime, name: str = "") -> UnknownEvent:
    """Return what can be saved of something that cannot be understood. The same bytes have the same id at every
    delivery."""
    return UnknownEvent(
        id=name or f"unreadable-{hashlib.sha256(raw).hexdigest()[:32]}",
        source=source,
        cursor=cursor,
        occurred_at=received_at,
        raw=raw.decode("utf-8", "replace")[:RAW_CAP],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads for one account."""

    me: str
    places: Places
    called: str = ""
    """The bot's name, as people read it where they mention it."""

    def message(self, message: WireMessage, *, guild: str | None, cursor: str) -> Event | None:
        """Return what a message means: somebody said something, to us or in a room, we did, or somebody came in.

        None: it is none of our business.

        :raises msgspec.ValidationError: it is of a kind that Discord did not have when this was written
        """
        if message.type in NOT_SPEECH:
            return None
        if message.type == JOINED:
            return self._join(message, guild=guild, cursor=cursor)
        if message.type not in SPEECH:
            raise msgspec.ValidationError(f"messages of the type {message.type} are unknown here")
        source = source_of(message.channel_id, is_direct=guild is None)
        post = reference(message.channel_id, message.id, guild=guild)
        in_reply_to = self._answered(message, guild=guild)
        if message.author.id == self.me and message.type in (SLASH_COMMAND, MENU_COMMAND):
            # the answer to a command, which no hand can have written; it comes before its words do
            return None
        if message.author.id == self.me:
            return OwnPostSeen(
                id=message.id,
                source=source,
                cursor=cursor,
                occurred_at=message.timestamp,
                post=post,
                # as it was sent, so that it can be compared with what is on its way
                text=self._sent(message),
                conversation=message.channel_id,
                in_reply_to=in_reply_to,
                key=digest_of_nonce(message.nonce),
            )
        kinds = self._kinds(message, guild=guild)
        strongest = kinds[0] if kinds else MessageReceived
        return strongest(
            id=message.id,
            source=source,
            cursor=cursor,
            occurred_at=message.timestamp,
            post=post,
            author=self._author(message, guild=guild),
            text=self.text(message, guild=guild),
            conversation=message.channel_id,
            also=tuple(kind.kind for kind in kinds[1:]),
            room=None if guild is None else self.places.room(message.channel_id, guild=guild),
            in_reply_to=in_reply_to,
            media=tuple(
                RemoteMedia(
                    url=attachment.url,
                    media_type=attachment.content_type or "application/octet-stream",
                    alt=attachment.description or attachment.filename,
                )
                for attachment in message.attachments
            ),
        )

    def command(self, told: WireInteraction, *, is_private: bool) -> CommandGiven | None:
        """Return what somebody gave from the menu of commands; None: it is no command of ours.

        :raises msgspec.ValidationError: it says neither who nor where
        """
        if told.type != APPLICATION_COMMAND or told.data.type != CHAT_INPUT:
            return None
        user = told.user if told.member is None else told.member.user
        if user is None or told.channel_id is None:
            raise msgspec.ValidationError("a command that nobody gave anywhere")
        guild = told.guild_id
        trust = self.places.trust(told.member, user.id, channel=told.channel_id, guild=guild)
        roles = self.places.roles(told.member, guild=guild)
        return CommandGiven(
            id=told.id,
            source=COMMANDS,
            cursor=told.id,
            occurred_at=moment_of(told.id),
            post=command_given(told.channel_id, told.id, is_private=is_private),
            author=author(user, trust=trust, nick=None if told.member is None else told.member.nick, roles=roles),
            command=told.data.name,
            text="\n".join(option.value for option in told.data.options if isinstance(option.value, str)),
            conversation=told.channel_id,
            also=(Kind.DIRECT_MESSAGE if guild is None else Kind.MENTION,),
            room=None if guild is None else self.places.room(told.channel_id, guild=guild),
        )

    def edit(self, message: WireMessage, *, guild: str | None) -> PostEdited | None:
        """Return an edit; None: what changed is not the text, or it is our own."""
        if message.edited_timestamp is None or message.author.id == self.me or message.type not in SPEECH:
            return None
        return PostEdited(
            id=f"{message.id}:edited:{message.edited_timestamp.timestamp():.6f}",
            source=LIVE,
            cursor=str(first_of(message.edited_timestamp)),
            occurred_at=message.edited_timestamp,
            post=reference(message.channel_id, message.id, guild=guild),
            text=self.text(message, guild=guild),
        )

    def deletion(self, channel: str, message: str, *, guild: str | None, at: datetime) -> PostDeleted:
        """Return that a message is gone; a message can be deleted only once, so its id makes that of the event."""
        return PostDeleted(
            id=f"{message}:deleted",
            source=LIVE,
            cursor=str(first_of(at)),
            occurred_at=at,
            post=reference(channel, message, guild=guild),
        )

    def silenced(self, guild: str, until: datetime, *, at: datetime) -> SanctionReceived:
        """Return that a server lets the bot say nothing for a while. The same silence has the same id."""
        return SanctionReceived(
            id=f"{guild}:silenced:{until.timestamp():.6f}",
            source=LIVE,
            cursor=str(first_of(at)),
            occurred_at=at,
            room=self.places.server(guild),
            until=until,
        )

    def taken_along(self, guild: str, joined: datetime) -> InvitationReceived:
        """Return that somebody took the bot into a server. Discord tells no bot who that was."""
        return InvitationReceived(
            id=f"{guild}:joined:{joined.timestamp():.6f}",
            source=LIVE,
            cursor=str(first_of(joined)),
            occurred_at=joined,
            room=self.places.server(guild),
            is_in=True,
        )

    def sent_away(self, guild: str, joined: str, *, at: datetime) -> SanctionReceived:
        """Return that the bot was sent out of a server; it can be sent out once for each time that it `joined`."""
        return SanctionReceived(
            id=f"{guild}:sent-away:{joined}",
            source=LIVE,
            cursor=str(first_of(at)),
            occurred_at=at,
            room=self.places.server(guild),
            until=None,
        )

    def reaction(self, told: WireReaction, known: Mapping[str, Author], *, at: datetime) -> ReactionReceived:
        """Return a reaction to a message of ours. Discord gives it no id: made of message, person and emoji, it is the
        same when somebody takes it back and gives it again."""
        emoji = told.emoji.name or ""
        called = f"{emoji}:{told.emoji.id}" if told.emoji.id is not None else emoji
        user = None if told.member is None else told.member.user
        if user is not None and told.member is not None:
            by = author(
                user,
                trust=self.places.trust(told.member, user.id, channel=told.channel_id, guild=told.guild_id),
                nick=told.member.nick,
                roles=self.places.roles(told.member, guild=told.guild_id),
            )
        else:
            by = known.get(told.user_id) or Author(id=told.user_id, handle=told.user_id)
        return ReactionReceived(
            id=f"{told.message_id}:reaction:{told.user_id}:{called}",
            source=LIVE,
            cursor=str(first_of(at)),
            occurred_at=at,
            post=reference(told.channel_id, told.message_id, guild=told.guild_id),
            author=by,
            reaction="like" if emoji == LIKE else called,
        )

    def thread_post(self, message: WireMessage, *, guild: str | None) -> ThreadPost:
        """Return a message as context for an answer."""
        return ThreadPost(
            ref=reference(message.channel_id, message.id, guild=guild),
            author=self._author(message, guild=guild),
            text=self.text(message, guild=guild),
            posted_at=message.timestamp,
        )

    def text(self, message: WireMessage, *, guild: str | None) -> str:
        """Return what somebody wrote, as a person reads it: names instead of ids, those that others chose as one word
        each. The role that Discord made for the bot goes by the bot's name, whatever a server calls it."""
        content = _content(message)
        if "<" not in content:
            return content
        known = self.places.guild(guild)
        my_role = None if known is None else known.bot_role
        people = {user.id: user.global_name or user.username for user in message.mentions}
        people |= {user: as_one_word(name) for user, name in people.items() if user != self.me}

        def shown(mark: re.Match[str]) -> str:
            if (emoji := mark["emoji"]) is not None:
                return f":{emoji}:"
            if (user := mark["user"]) is not None:
                return f"@{people[user]}" if user in people else mark[0]
            if (role := mark["role"]) is not None:
                return f"@{self.called}" if self.called and role == my_role else mark[0]
            place = self.places.get(mark["channel"])
            return f"#{as_one_word(place.name)}" if place is not None and place.name else mark[0]

        return MARK.sub(shown, content)

    def _sent(self, message: WireMessage) -> str:
        """Return what we wrote, as it was sent: in a forum the first line may have become the thread's title."""
        said, place = _content(message), self.places.get(message.channel_id)
        is_first = place is not None and place.is_thread and message.id == message.channel_id
        return text_of(place.name, said) if place is not None and is_first else said

    def _kinds(self, message: WireMessage, *, guild: str | None) -> list[type[TextEvent]]:
        """Return what a message is, the strongest first; nothing: it is not for the bot."""
        answered = message.referenced_message
        is_reply = message.type == REPLY and answered is not None and answered.author.id == self.me
        known = self.places.guild(guild)
        by_role = known is not None and known.bot_role is not None and known.bot_role in message.mention_roles
        named = by_role or any(user.id == self.me for user in message.mentions)
        if is_reply and named and not by_role:
            # Whoever answers mentions, unless he switches that off; then the text says nothing of it.
            named = re.search(rf"<@!?{self.me}>", message.content) is not None
        found: tuple[tuple[type[TextEvent], bool], ...] = (
            (DirectMessageReceived, guild is None),
            (ReplyReceived, is_reply),
            (MentionReceived, named),
        )
        return [kind for kind, holds in found if holds]

    def _author(self, message: WireMessage, *, guild: str | None) -> Author:
        user, member = message.author, message.member
        is_webhook = message.webhook_id is not None
        nick = None if member is None else member.nick
        if is_webhook:
            return author(user, nick=nick, is_bot=True)
        trust = self.places.trust(member, user.id, channel=message.channel_id, guild=guild)
        return author(user, trust=trust, nick=nick, roles=self.places.roles(member, guild=guild))

    def _answered(self, message: WireMessage, *, guild: str | None) -> PostRef | None:
        told = message.message_reference
        if message.type != REPLY or told is None or told.type == FORWARD or told.message_id is None:
            return None
        return reference(told.channel_id or message.channel_id, told.message_id, guild=guild)

    def _join(self, message: WireMessage, *, guild: str | None, cursor: str) -> Event | None:
        if guild is None:
            raise msgspec.ValidationError("somebody came into no server")
        if message.author.id == self.me:
            return None
        return JoinReceived(
            id=message.id,
            source=source_of(message.channel_id, is_direct=False),
            cursor=cursor,
            occurred_at=message.timestamp,
            author=self._author(message, guild=guild),
            room=self.places.room(message.channel_id, guild=guild),
        )


def _content(message: WireMessage) -> str:
    """Return what somebody wrote, as it was sent; of a poll its question."""
    if not message.content and message.poll is not None:
        return message.poll.question.text or ""
    return message.content
