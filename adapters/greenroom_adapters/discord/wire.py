"""What the API and the gateway say, as far as it is looked at here. Untrusted: decoding checks types and nothing else.

Named as in the contract (`MessageResponse` and so on). Unknown fields are left out, unknown kinds of things are kept as
their numbers.
"""

from datetime import datetime
from typing import Annotated

import msgspec
from typing_extensions import override

__all__ = [
    "APPLICATIONS",
    "CHANNEL",
    "CHANNELS",
    "DELETED_BULK",
    "FRAMES",
    "GATEWAYS",
    "GUILD",
    "GUILDS",
    "INTERACTIONS",
    "LISTED_GUILDS",
    "MEMBER",
    "MEMBERS",
    "MEMBER_CHANGES",
    "MESSAGE",
    "MESSAGES",
    "NAMED",
    "REACTIONS",
    "READY",
    "ROLE_CHANGES",
    "THREAD_LISTS",
    "USER",
    "WEBHOOK",
    "Frame",
    "Snowflake",
    "WireApplication",
    "WireChannel",
    "WireForumTag",
    "WireGateway",
    "WireGuild",
    "WireInteraction",
    "WireListedGuild",
    "WireMember",
    "WireMessage",
    "WireOverwrite",
    "WireReaction",
    "WireReadyGuild",
    "WireRole",
    "WireUser",
    "WireWebhook",
]

Snowflake = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")]


class WireUser(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody."""

    id: Snowflake
    username: str = ""
    global_name: str | None = None
    discriminator: str = "0"
    """`0` for people; bots still have one."""
    bot: bool = False


class WireMember(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a server."""

    user: WireUser | None = None
    nick: str | None = None
    roles: tuple[Snowflake, ...] = ()
    communication_disabled_until: datetime | None = None
    """Until when they may say nothing; it may be over."""


class WireMemberChange(WireMember, frozen=True, kw_only=True):
    """Somebody in a server is another now."""

    guild_id: Snowflake


class WireAttachment(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a message."""

    url: str
    filename: str = ""
    content_type: str | None = None
    description: str | None = None


class WireReference(msgspec.Struct, frozen=True, kw_only=True):
    """What a message refers to."""

    type: int = 0
    """1 is a forward."""
    message_id: Snowflake | None = None
    channel_id: Snowflake | None = None
    guild_id: Snowflake | None = None


class WireReferenced(msgspec.Struct, frozen=True, kw_only=True):
    """The message that is answered."""

    id: Snowflake
    author: WireUser
    content: str = ""


class WireEmoji(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody reacts with."""

    id: Snowflake | None = None
    name: str | None = None


class WireCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many react alike."""

    count: int
    me: bool = False
    emoji: WireEmoji


class WireQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A text in a poll."""

    text: str | None = None


class WirePoll(msgspec.Struct, frozen=True, kw_only=True):
    """A poll."""

    question: WireQuestion = WireQuestion()


class WireInteractionMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What a message answers that came of a command."""

    id: Snowflake


class WireMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message."""

    id: Snowflake
    channel_id: Snowflake
    author: WireUser
    timestamp: datetime
    type: int = 0
    content: str = ""
    edited_timestamp: datetime | None = None
    guild_id: Snowflake | None = None
    """Told by the gateway alone."""
    member: WireMember | None = None
    """Told by the gateway alone."""
    webhook_id: Snowflake | None = None
    mentions: tuple[WireUser, ...] = ()
    mention_roles: tuple[Snowflake, ...] = ()
    attachments: tuple[WireAttachment, ...] = ()
    message_reference: WireReference | None = None
    referenced_message: WireReferenced | None = None
    nonce: str | int | None = None
    reactions: tuple[WireCount, ...] = ()
    interaction_metadata: WireInteractionMetadata | None = None
    flags: int = 0
    poll: WirePoll | None = None


class WireOverwrite(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel grants or takes away beside the roles."""

    id: Snowflake
    type: int
    """0: of a role, 1: of a member."""
    allow: str = "0"
    deny: str = "0"


class WireRecipient(msgspec.Struct, frozen=True, kw_only=True):
    """The other side of a direct conversation."""

    id: Snowflake


class WireThreadMetadata(msgspec.Struct, frozen=True, kw_only=True):
    """What only threads have."""

    archive_timestamp: datetime | None = None
    """When it was last archived, or taken out of the archive."""


class WireWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook of a channel."""

    id: Snowflake
    name: str | None = None
    channel_id: Snowflake | None = None
    guild_id: Snowflake | None = None


class WireForumTag(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that posts of a forum can have."""

    id: Snowflake
    name: str = ""
    moderated: bool = False
    """Only those may give it who may manage threads."""


class WireChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel, a thread or a direct conversation."""

    id: Snowflake
    type: int
    name: str | None = None
    guild_id: Snowflake | None = None
    parent_id: Snowflake | None = None
    owner_id: Snowflake | None = None
    """Of a thread: who began it."""
    last_message_id: Snowflake | None = None
    """It may be of a message that is gone."""
    thread_metadata: WireThreadMetadata = WireThreadMetadata()
    permission_overwrites: tuple[WireOverwrite, ...] = ()
    flags: int = 0
    available_tags: tuple[WireForumTag, ...] = ()
    """Of a forum."""
    recipients: tuple[WireRecipient, ...] = ()


class WireTags(msgspec.Struct, frozen=True, kw_only=True):
    """Whose role it is."""

    bot_id: Snowflake | None = None


class WireRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role of a server. The one with the server's own id is everybody's."""

    id: Snowflake
    name: str = ""
    permissions: str = "0"
    tags: WireTags = WireTags()


class WireGuild(msgspec.Struct, frozen=True, kw_only=True):
    """A server, as the gateway tells of it."""

    id: Snowflake
    name: str = ""
    unavailable: bool = False
    owner_id: Snowflake | None = None
    joined_at: datetime | None = None
    roles: tuple[WireRole, ...] = ()
    channels: tuple[msgspec.Raw, ...] = ()
    """Each a `WireChannel`: one that cannot be read must not take the others with it."""
    threads: tuple[msgspec.Raw, ...] = ()
    members: tuple[msgspec.Raw, ...] = ()
    """Each a `WireMember`; with our intents, little more than ourselves."""


class WireListedGuild(msgspec.Struct, frozen=True, kw_only=True):
    """A server in our list, or by itself."""

    id: Snowflake
    name: str = ""
    owner_id: Snowflake | None = None
    roles: tuple[WireRole, ...] = ()


class WireNamed(msgspec.Struct, frozen=True, kw_only=True):
    """Something of which only the id is told."""

    id: Snowflake
    guild_id: Snowflake | None = None
    channel_id: Snowflake | None = None
    unavailable: bool | None = None


class WireDeletedBulk(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that are gone."""

    ids: tuple[Snowflake, ...]
    channel_id: Snowflake
    guild_id: Snowflake | None = None


class WireRoleChange(msgspec.Struct, frozen=True, kw_only=True):
    """A role that is new or another now."""

    guild_id: Snowflake
    role: WireRole


class WireThreads(msgspec.Struct, frozen=True, kw_only=True):
    """Threads that are there."""

    guild_id: Snowflake | None = None
    threads: tuple[msgspec.Raw, ...] = ()


class WireReaction(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody reacted."""

    user_id: Snowflake
    channel_id: Snowflake
    message_id: Snowflake
    emoji: WireEmoji
    guild_id: Snowflake | None = None
    member: WireMember | None = None
    message_author_id: Snowflake | None = None


class WireOption(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote behind a command."""

    name: str
    value: str | int | float | bool | None = None


class WireCommandData(msgspec.Struct, frozen=True, kw_only=True):
    """Which command."""

    name: str = ""
    type: int = 1
    options: tuple[WireOption, ...] = ()


class WireInteraction(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody did something that waits for an answer of ours: gave a command, for example."""

    id: Snowflake
    type: int
    token: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._=-]{1,1000}$")]
    data: WireCommandData = WireCommandData()
    channel_id: Snowflake | None = None
    guild_id: Snowflake | None = None
    member: WireMember | None = None
    user: WireUser | None = None
    """Who did it, outside of servers."""

    @override
    def __repr__(self) -> str:
        """Return it without its token."""
        return f"WireInteraction(id={self.id!r}, type={self.type})"


class WireReadyGuild(msgspec.Struct, frozen=True, kw_only=True):
    """A server that is still to come."""

    id: Snowflake


class WireReady(msgspec.Struct, frozen=True, kw_only=True):
    """A new session."""

    session_id: str
    resume_gateway_url: str
    user: WireUser
    guilds: tuple[WireReadyGuild, ...] = ()


class WireApplication(msgspec.Struct, frozen=True, kw_only=True):
    """The application that the bot belongs to."""

    id: Snowflake
    flags: int = 0
    bot_public: bool | None = None


class WireStarts(msgspec.Struct, frozen=True, kw_only=True):
    """How often a session may still be begun."""

    total: int
    remaining: int
    reset_after: int
    """Milliseconds."""
    max_concurrency: int = 1


class WireGateway(msgspec.Struct, frozen=True, kw_only=True):
    """Where the gateway is."""

    url: str
    shards: int = 1
    session_start_limit: WireStarts


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One word of the gateway."""

    op: int
    d: msgspec.Raw = msgspec.Raw(b"null")
    s: int | None = None
    t: str | None = None


FRAMES = msgspec.json.Decoder(Frame)
MESSAGE = msgspec.json.Decoder(WireMessage)
MESSAGES: "msgspec.json.Decoder[tuple[msgspec.Raw, ...]]" = msgspec.json.Decoder(tuple[msgspec.Raw, ...])
NAMED = msgspec.json.Decoder(WireNamed)
DELETED_BULK = msgspec.json.Decoder(WireDeletedBulk)
REACTIONS = msgspec.json.Decoder(WireReaction)
READY = msgspec.json.Decoder(WireReady)
GUILD = msgspec.json.Decoder(WireGuild)
GUILDS: "msgspec.json.Decoder[tuple[WireListedGuild, ...]]" = msgspec.json.Decoder(tuple[WireListedGuild, ...])
LISTED_GUILDS = msgspec.json.Decoder(WireListedGuild)
CHANNEL = msgspec.json.Decoder(WireChannel)
WEBHOOK = msgspec.json.Decoder(WireWebhook)
CHANNELS: "msgspec.json.Decoder[tuple[WireChannel, ...]]" = msgspec.json.Decoder(tuple[WireChannel, ...])
THREAD_LISTS = msgspec.json.Decoder(WireThreads)
ROLE_CHANGES = msgspec.json.Decoder(WireRoleChange)
INTERACTIONS = msgspec.json.Decoder(WireInteraction)
USER = msgspec.json.Decoder(WireUser)
MEMBER = msgspec.json.Decoder(WireMember)
MEMBER_CHANGES = msgspec.json.Decoder(WireMemberChange)
MEMBERS: "msgspec.json.Decoder[tuple[WireMember, ...]]" = msgspec.json.Decoder(tuple[WireMember, ...])
APPLICATIONS = msgspec.json.Decoder(WireApplication)
GATEWAYS = msgspec.json.Decoder(WireGateway)
