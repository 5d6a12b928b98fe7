"""What the Stage's network consists of, as values that its rules hand out."""

import enum
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from greenroom_adapters.contract import (
    CountingRule,
    GreenroomError,
    Idempotency,
    IdempotencyKind,
    Kind,
    Limits,
    MediaLimit,
    TextLimit,
)

__all__ = [
    "Account",
    "Attachment",
    "Change",
    "ChangeKind",
    "Container",
    "Conversation",
    "Draft",
    "Listing",
    "Notification",
    "Options",
    "Post",
    "PostRoom",
    "Profile",
    "Refusal",
    "Refused",
    "Room",
    "Thread",
    "Viewed",
    "stage_limits",
]


class Refusal(enum.StrEnum):
    """Why the Stage will not do something; the value is the wire's error code."""

    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    INVALID = "invalid"
    GONE = "gone"
    """What was asked for does not exist, does not exist any more, or is not for these eyes."""
    TARGET_GONE = "target_gone"
    """What a new post answers or quotes is gone."""
    TOO_LONG = "too_long"
    MEDIA_REFUSED = "media_refused"


class Refused(GreenroomError):
    """The Stage will not do it, and nothing has changed."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        super().__init__(message)
        self.refusal = refusal
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One identity on the Stage."""

    id: str
    handle: str
    """Without a leading @; letters, digits, `_` and inner `-`; unique without regard to case; never changes."""
    name: str
    """Display name; never empty (the handle until its owner chooses another)."""
    bio: str
    bot: bool
    created_at: datetime

    @property
    def path(self) -> str:
        """Where the page shows it."""
        return f"/@{self.handle}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRoom:
    """The room that a post stands in."""

    id: str
    name: str

    @property
    def path(self) -> str:
        """Where the page shows it."""
        return f"/rooms/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """A place where several people talk. Anyone may read it; members write in it and hear of what is written."""

    id: str
    name: str
    members: int
    created_at: datetime

    @property
    def path(self) -> str:
        """Where the page shows it."""
        return f"/rooms/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """One stored picture or clip."""

    id: str
    media_type: str
    """Found by looking at the bytes, never taken from the sender."""
    alt: str

    @property
    def path(self) -> str:
        """Where the server serves its bytes (no token is needed; the id cannot be guessed)."""
        return f"/media/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post as it is now. Its text is untrusted."""

    id: str
    author: Account
    text: str
    """Plain text. Empty when only media was posted, or when `deleted`."""
    created_at: datetime
    edited_at: datetime | None = None
    in_reply_to: str | None = None
    """Id of the post it answers, which may be gone by now."""
    conversation: str
    """Id of the thread's first post; in a room the room's id; in a direct conversation an id of the two people."""
    quote: str | None = None
    """Id of the post it quotes, which may be gone by now."""
    room: PostRoom | None = None
    direct_to: Account | None = None
    """Who alone may read it besides the author; None: everybody may."""
    by_moderator: bool = False
    """Its author keeps order in its room, now."""
    media: tuple[Attachment, ...] = ()
    language: str | None = None
    content_warning: str | None = None
    likes: int = 0
    reposts: int = 0
    replies: int = 0
    quotes: int = 0
    deleted: bool = False
    """True only for what `publish` hands back when a known key belongs to a post that was deleted since."""

    @property
    def path(self) -> str:
        """Where the page shows it."""
        return f"/posts/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewed:
    """A post with what one viewer did to it."""

    post: Post
    liked: bool = False
    reposted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What somebody wants to publish."""

    text: str
    in_reply_to: str | None = None
    quote: str | None = None
    room: str | None = None
    """A reply that names none stands where its target stands."""
    direct_to: str | None = None
    """Account id or handle. A reply to a direct message that names nobody goes to the other of the two."""
    media: tuple[str, ...] = ()
    """Ids of attachments of the same account, in the order in which they are shown."""
    language: str | None = None
    content_warning: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """The first phase of a two-phase publication."""

    id: str
    post: Post | None
    """None: open. Otherwise what it was published as."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """What stands around a post, without the post itself; both lists oldest first."""

    above: tuple[Post, ...]
    """From the first post (or the first below a gap) down to the one that the post answers."""
    below: tuple[Post, ...]
    """Everything that answers it, directly or not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """An account's own posts, as far as the Stage lists them."""

    posts: tuple[Post, ...]
    """Newest first."""
    deleted: tuple[str, ...]
    """Ids of own posts that were deleted, within the listing's reach; newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """An account with its numbers, and how a viewer stands to it."""

    account: Account
    posts: int
    """Public posts, rooms included; direct messages are not counted."""
    followers: int
    following: int
    followed: bool
    """Whether the viewer follows it; False without a viewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A direct conversation of two people, as one of them sees it."""

    id: str
    other: Account
    latest: Post


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One event for one account."""

    id: str
    """Unique, and the same at every delivery."""
    cursor: int
    """Grows with every event of the Stage, also from one data file to the next."""
    kind: Kind
    also: tuple[Kind, ...] = ()
    occurred_at: datetime
    actor: Account | None = None
    """Who did it; None for edits, and for deletions by the author."""
    post: Post | None = None
    """Kinds with text: the post as it is now. Reactions and reposts: the recipient's post, or None when it is gone."""
    post_id: str | None = None
    """Every kind that is about a post."""
    room: PostRoom | None = None
    """Joins and sanctions."""
    text: str | None = None
    """Edits: the new text."""
    key: str | None = None
    """Own posts: the `Idempotency-Key` that they were published under, where the Stage is of the class KEYED."""


class ChangeKind(enum.StrEnum):
    """What happened to a post, for who is watching."""

    POSTED = "posted"
    EDITED = "edited"
    DELETED = "deleted"
    COUNTED = "counted"
    """Its likes, reposts, replies or quotes changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Something that changed what a page shows. Direct messages come too: ask `visible_to` before showing."""

    kind: ChangeKind
    post: Post
    """As it is after the change; for `DELETED` a post without text."""

    def visible_to(self, account_id: str | None) -> bool:
        """Say whether this viewer (None: a guest) may see the post."""
        post = self.post
        return post.direct_to is None or account_id in (post.author.id, post.direct_to.id)


def stage_limits() -> Limits:
    """Return what the Stage accepts unless it is told otherwise."""
    types = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "video/mp4"})
    return Limits(
        text=(TextLimit(length=500, rule=CountingRule.CODE_POINTS),),
        media=MediaLimit(count=4, types=types, bytes=8 * 1024 * 1024, alt_length=1500),
    )


def keyed_for_ever() -> Idempotency:
    """Return the class that a Stage plays unless it is told otherwise."""
    return Idempotency(kind=IdempotencyKind.KEYED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Which kind of platform this Stage plays."""

    name: str = "Stage"
    idempotency: Idempotency = field(default_factory=keyed_for_ever)
    visible_after: timedelta = timedelta(0)
    """How long a new post is missing from its author's listing."""
    listing_reach: int = 5000
    """How many of an account's newest posts its listing knows, deleted ones included."""
    limits: Limits = field(default_factory=stage_limits)
    closed: bool = False
    """True: nobody registers by signing in; tokens are handed out by hand."""
