"""What happened on a platform, as facts in the past tense. All text in them is untrusted."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from greenroom_adapters.contract.posts import PostRef
from greenroom_adapters.contract.values import quickly_made

__all__ = [
    "Author",
    "CommandGiven",
    "DirectMessageReceived",
    "Event",
    "FollowReceived",
    "InvitationReceived",
    "JoinReceived",
    "Kind",
    "MentionReceived",
    "MessageReceived",
    "OwnPostSeen",
    "PostDeleted",
    "PostEdited",
    "QuoteReceived",
    "ReactionReceived",
    "RemoteMedia",
    "ReplyReceived",
    "RepostReceived",
    "Room",
    "RoomUnreadable",
    "SanctionReceived",
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
    COMMAND = "command"
    REACTION = "reaction"
    REPOST = "repost"
    FOLLOW = "follow"
    JOIN = "join"
    DELETION = "deletion"
    EDIT = "edit"
    OWN_POST = "own_post"
    UNREADABLE = "unreadable"
    SANCTION = "sanction"
    INVITATION = "invitation"
    UNKNOWN = "unknown"


class Trust(enum.StrEnum):
    """How far an author is trusted: set by the adapter from the platform's own roles, raised or lowered by
    the bot's `people`, and carried with the text as far as the prompt."""

    OWNER = "owner"
    MODERATOR = "moderator"
    ANYONE = "anyone"
    BLOCKED = "blocked"


@quickly_made
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
    declines_bots: bool = False
    """Their profile asks bots to stay away (`#nobot` and its like, where the platform shows profiles with events)."""
    roles: tuple[str, ...] = ()
    """Ids of the roles that they have where they did it, and names of those that go by a name there: as the platform
    told when it happened, never from a text or a display name."""
    power: int | None = None
    """Their power where they did it, on platforms that count it; None: not told, or not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A place where several people talk."""

    id: str
    name: str = ""
    server: str = ""
    """Id of what the room belongs to, where rooms belong together and are left together; empty: it stands alone."""


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
    is_limited: bool = False
    """Not everybody may read it, although it stands in no room and is not for the bot alone: it is for followers, or
    for several people."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class MentionReceived(TextEvent):
    """Somebody addressed the bot in a post."""

    kind: ClassVar[Kind] = Kind.MENTION


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyReceived(TextEvent):
    """Somebody answered a post of the bot."""

    kind: ClassVar[Kind] = Kind.REPLY


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteReceived(TextEvent):
    """Somebody quoted a post of the bot."""

    kind: ClassVar[Kind] = Kind.QUOTE


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class MessageReceived(TextEvent):
    """Somebody wrote in a room or on a timeline that the bot reads, without addressing it."""

    kind: ClassVar[Kind] = Kind.MESSAGE


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMessageReceived(TextEvent):
    """Somebody wrote to the bot alone."""

    kind: ClassVar[Kind] = Kind.DIRECT_MESSAGE


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGiven(TextEvent):
    """Somebody gave one of the commands that the account offers (`SupportsCommands.offer`).

    `text` is what he wrote behind it. `post` stands for the command itself: whatever answers it answers that. `also`
    says where it was given: `DIRECT_MESSAGE` in a direct conversation, else `MENTION`.
    """

    kind: ClassVar[Kind] = Kind.COMMAND
    command: str
    """Its name, as it was offered."""


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
    by: Author | None = None
    """Who took it down, where the platform tells; None: it does not."""
    reason: str = ""
    """In his words. Untrusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEdited(Event):
    """A post that the bot may have seen has another text now."""

    kind: ClassVar[Kind] = Kind.EDIT
    post: PostRef
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPostSeen(Event):
    """The bot's own account has written something: the bot itself, or its owner by hand in the platform's app.

    Which of the two it was, the ledger knows. An adapter whose platform shows the account's own posts lists the kind
    in `Capabilities.kinds`; such a post never comes as any other kind.
    """

    kind: ClassVar[Kind] = Kind.OWN_POST
    post: PostRef
    text: str
    """Plain text: markup removed by the adapter, nothing else changed."""
    conversation: str
    """As `TextEvent.conversation`."""
    in_reply_to: PostRef | None = None
    key: str | None = None
    """`key_digest` of the `Attempt.key` under which it was published, where the platform tells that back in a way that
    only the account itself can have written: such a post is never its owner's hand. None: written by hand, or the
    platform tells nothing back; then the words are compared with what is on its way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomUnreadable(Event):
    """The account is in a room whose messages it cannot read; `why` says so to those in the room. Comes once a room:
    its `id` is made from the room alone."""

    kind: ClassVar[Kind] = Kind.UNREADABLE
    room: Room
    why: str
    """Plain words, for example "its messages are encrypted"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SanctionReceived(Event):
    """Somebody who keeps order has silenced the account for a while, or sent it away. What it does by itself (leaving)
    is none."""

    kind: ClassVar[Kind] = Kind.SANCTION
    room: Room
    """Where; `id` is that of a server where it holds for the whole of it."""
    until: datetime | None
    """When the account may speak again; aware. None: it was sent away."""
    by: Author | None = None
    """Who did it, where the platform tells; None: it does not."""
    reason: str = ""
    """In his words. Untrusted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationReceived(Event):
    """Somebody wants the account in a room or server that its own settings do not cover. May come again at each start;
    each invitation has one `id`."""

    kind: ClassVar[Kind] = Kind.INVITATION
    room: Room
    """Where to; `id` is that of a server where the invitation is to the whole of it."""
    is_in: bool
    """The account is there already: nobody asks it first. Then `occurred_at` is since when."""
    by: Author | None = None
    """Who did it, where the platform tells; None: it does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownEvent(Event):
    """Something that the adapter does not understand; never dropped in silence."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    raw: str
    """What came, as text."""
