"""Outgoing content, one attempt at publishing it, and the proof that it went out."""

import enum
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from greenroom_adapters.contract.embeds import Embed
from greenroom_adapters.contract.values import quickly_made

__all__ = [
    "Absent",
    "Attempt",
    "Found",
    "Media",
    "Poll",
    "Post",
    "PostRef",
    "Quota",
    "Receipt",
    "Undecided",
    "Visibility",
    "key_digest",
]


class Visibility(enum.StrEnum):
    """Who gets to see a public post."""

    PUBLIC = "public"
    """Everybody, and it is shown around."""
    UNLISTED = "unlisted"
    """Everybody who comes by; it is shown around nowhere."""
    FOLLOWERS = "followers"
    """Those who follow the account."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class PostRef:
    """Identity of a published post on its platform."""

    id: str
    """The platform's own id, opaque to us."""
    url: str | None = None
    """Where a person can look at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One picture or clip to publish. The file must stay unchanged until the receipt."""

    path: str
    """Absolute path of the file."""
    media_type: str
    """For example `image/png`."""
    alt: str
    """Description for people who cannot see it; never empty."""
    is_generated: bool = False
    """A machine made it: it goes out with the platform's mark for that, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Poll:
    """A question to the readers; the text of its post asks it."""

    options: tuple[str, ...]
    """The answers, at least two, no two alike."""
    open_for: timedelta
    """How long votes are counted, from the publishing on."""
    several: bool = False
    """Readers may choose more than one."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What a bot wants published: exactly one post, already within the platform's limits."""

    text: str
    in_reply_to: PostRef | None = None
    quote: PostRef | None = None
    room: str | None = None
    """Platform id of the room it goes to; None: the account's public timeline."""
    direct_to: str | None = None
    """Stable id of the person who alone receives it; None: not a direct message."""
    media: tuple[Media, ...] = ()
    language: str | None = None
    """BCP 47 tag of the text, where known."""
    content_warning: str | None = None
    """What readers are told before they open it."""
    visibility: Visibility | None = None
    """Who sees it; None: as the account's settings say."""
    poll: Poll | None = None
    embed: Embed | None = None
    """Shown below the words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a platform's limit headers said after a request."""

    bucket: str
    """Which limit this is; requests of one bucket share it."""
    limit: int
    remaining: int
    resets_at: datetime
    """When `remaining` becomes `limit` again; aware."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """Proof that one `Post` was published under one idempotency key."""

    key: str
    ref: PostRef
    published_at: datetime
    """By the platform's clock; aware."""
    quota: Quota | None = None
    """The limit that this publish counted against, when the platform tells."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at publishing one post. It comes back whole on every retry and in `find`."""

    post: Post
    key: str
    """Idempotency key: made before the first try, the same for every later one."""
    prepared: bytes
    """What `Adapter.prepare` returned for this post and key, stored with the intent."""
    number: int
    """1 for the first try."""
    first_tried_at: datetime
    """When try 1 was recorded, before its first byte; aware. On try 1 it equals `last_tried_at`, in `find` it may be
    earlier."""
    last_tried_at: datetime
    """When this try was recorded; in `find`: when the last try was recorded or, later than that, given up. Aware."""
    state: bytes | None = field(default=None, repr=False)
    """The latest checkpoint of an earlier try; None when there was none. It may hold secrets, and is not shown."""
    save: Callable[[bytes], Awaitable[None]] = field(repr=False)
    """Where `checkpoint` commits to; supplied by delivery."""

    async def checkpoint(self, state: bytes) -> None:
        """Commit `state` durably between two phases; returns when it is on disk."""
        await self.save(state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The post is on the platform."""

    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The post is certainly not on the platform and will not appear there by itself.

    May be said only when the last try is older than `Capabilities.settles_after`, younger than the reach of the
    platform's listing, and no deletion is known for it.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """The platform cannot tell yet, or can never tell."""

    reason: str
    """In words for the log."""
    final: bool = False
    """True: asking again will not help (nothing to read, or out of the listing's reach)."""


def key_digest(key: str) -> str:
    """Return what may stand in public for an idempotency key: by it a platform tells back which key published a post,
    and nobody has the key from it. The same key has the same digest for ever."""
    return f"greenroom-{hashlib.sha256(key.encode()).hexdigest()[:40]}"
