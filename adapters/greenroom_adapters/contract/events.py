"""What happened on a platform, as facts in the past tense. All text in them is untrusted."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from greenroom_adapters.contract.posts import PostRef

__all__ = [
    "Author",
    "DirectMessageReceived",
    "Event",
    "FollowReceived",
    "JoinReceived",
    "Kind",
    "MentionReceived",
    "MessageReceived",
    "PostDeleted",
    "PostEdited",
    "QuoteReceived",
    "ReactionReceived",
    "RemoteMedia",
    "ReplyReceived",
    "RepostReceived",
    "Room",
    "TextEvent",
    "Trust",
    "UnknownEvent",
]


class Kind(enum.StrEnum):
    """Kinds of events; the values are the words that owners write under `to:` in the singular."""

    MENTION = "mention"
    REPLY = "reply"
    QUOTE = "quote"
    MESSAGE = "message"
    DIRECT_MESSAGE = "direct_message"
    REACTION = "reaction"
    REPOST = "repost"
    FOLLOW = "follow"
    JOIN = "join"
    DELETION = "deletion"
    EDIT = "edit"
    UNKNOWN = "unknown"


class Trust(enum.StrEnum):
    """How far an author is trusted: set by the adapter from the platform's own roles, raised or lowered by
    the bot's `people`, and carried with the text as far as the prompt."""

    OWNER = "owner"
    MODERATOR = "moderator"
    ANYONE = "anyone"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who did it."""

    id: str
    """Stable platform id. The only thing that rights may hang on."""
    handle: str
    """As people write it, without a leading @; it may change hands."""
    name: str = ""
    """Display name: decoration, freely chosen by its owner."""
    is_bot: bool = False
    """The platform marks this account as automated."""
    trust: Trust = Trust.ANYONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A place where several people talk."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteMedia:
    """A picture or clip that somebody attached."""

    url: str
    media_type: str
    alt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One inbound fact."""

    kind: ClassVar[Kind]

    id: str
    """Unique per account and stable over redelivery. Where the platform gives none (follows, reactions), the
    adapter states how it makes one."""
    source: str
    """Which stream of the account it came from; cursors are kept per source."""
    cursor: str
    """Opaque; `Adapter.events` resumes after it."""
    occurred_at: datetime
    """By the platform's clock; aware."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextEvent(Event):
    """Somebody wrote something. A post that mentions, replies and quotes at once is one event: its class is
    the strongest of (direct message, reply to us, quote of us, mention, message), `also` names the others."""

    post: PostRef
    author: Author
    text: str
    """Plain text: markup removed by the adapter, nothing else changed."""
    conversation: str
    """Stable id of the thread, room or direct conversation: the lane in which answers keep their order."""
    also: tuple[Kind, ...] = ()
    room: Room | None = None
    """None: the public timeline, or a direct conversation."""
    in_reply_to: PostRef | None = None
    media: tuple[RemoteMedia, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionReceived(TextEvent):
    """Somebody addressed the bot in a post."""

    kind: ClassVar[Kind] = Kind.MENTION


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReceived(TextEvent):
    """Somebody answered a post of the bot."""

    kind: ClassVar[Kind] = Kind.REPLY


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteReceived(TextEvent):
    """Somebody quoted a post of the bot."""

    kind: ClassVar[Kind] = Kind.QUOTE


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(TextEvent):
    """Somebody wrote in a room or on a timeline that the bot reads, without addressing it."""

    kind: ClassVar[Kind] = Kind.MESSAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMessageReceived(TextEvent):
    """Somebody wrote to the bot alone."""

    kind: ClassVar[Kind] = Kind.DIRECT_MESSAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class ReactionReceived(Event):
    """Somebody liked a post of the bot or reacted to it."""

    kind: ClassVar[Kind] = Kind.REACTION
    post: PostRef
    author: Author
    reaction: str = "like"


@dataclass(frozen=True, slots=True, kw_only=True)
class RepostReceived(Event):
    """Somebody reposted a post of the bot."""

    kind: ClassVar[Kind] = Kind.REPOST
    post: PostRef
    author: Author


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowReceived(Event):
    """Somebody follows the bot's account now."""

    kind: ClassVar[Kind] = Kind.FOLLOW
    author: Author


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinReceived(Event):
    """Somebody came into a room."""

    kind: ClassVar[Kind] = Kind.JOIN
    author: Author
    room: Room


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDeleted(Event):
    """A post that the bot may have seen is gone."""

    kind: ClassVar[Kind] = Kind.DELETION
    post: PostRef


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEdited(Event):
    """A post that the bot may have seen has another text now."""

    kind: ClassVar[Kind] = Kind.EDIT
    post: PostRef
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(Event):
    """Something that the adapter does not understand; never dropped in silence."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    raw: str
    """What came, as text."""
