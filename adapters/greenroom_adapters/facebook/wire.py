"""The JSON of a page's posts and comments, as far as it is used here."""

from collections.abc import Iterator
from typing import Any

import msgspec

from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.wire import Id, WirePage, WirePerson

__all__ = [
    "ACCOUNTS",
    "COMMENTS",
    "COUNTS",
    "INSPECTED",
    "MENTIONS",
    "POSTS",
    "PROFILES",
    "WATCHED",
    "WireComment",
    "WireCounts",
    "WireMention",
    "WirePost",
    "WireProfile",
    "WireTokenFacts",
    "WireWatched",
]


PICTURES = ("photo", "animated_image_autoplay", "sticker")
"""What an attachment is called that is a picture."""


class WireProfile(msgspec.Struct, frozen=True):
    """The page itself."""

    id: Id
    name: str = ""
    username: str = ""


class WireTarget(msgspec.Struct, frozen=True):
    id: str = ""


class WireAttachment(msgspec.Struct, frozen=True):
    """A picture of a post, or an album of some."""

    media_type: str = ""
    target: WireTarget = WireTarget()
    subattachments: "WireAttached | None" = None


class WireAttached(msgspec.Struct, frozen=True):
    data: tuple[WireAttachment, ...] = ()


class WirePost(msgspec.Struct, frozen=True):
    """A post, of the page or of somebody else."""

    id: Id
    created_time: str
    message: str = ""
    sender: WirePerson | None = msgspec.field(name="from", default=None)
    permalink_url: str | None = None
    attachments: WireAttached = WireAttached()
    comments: WirePage = WirePage()

    def __post_init__(self) -> None:
        moment(self.created_time)

    @property
    def photos(self) -> frozenset[str]:
        """Ids of its pictures."""
        return frozenset(one.target.id for one in _all(self.attachments) if one.media_type == "photo")


def _all(attached: WireAttached) -> Iterator[WireAttachment]:
    for one in attached.data:
        yield one
        if one.subattachments is not None:
            yield from _all(one.subattachments)


class WireParent(msgspec.Struct, frozen=True):
    """The comment above an answer to it."""

    id: Id
    sender: WirePerson | None = msgspec.field(name="from", default=None)


class WireTag(msgspec.Struct, frozen=True):
    id: str = ""


class WireComment(msgspec.Struct, frozen=True):
    """A comment. Who wrote it is not told of people who keep that from apps."""

    id: Id
    created_time: str
    message: str = ""
    sender: WirePerson | None = msgspec.field(name="from", default=None)
    parent: WireParent | None = None
    message_tags: tuple[WireTag, ...] = ()
    attachment: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        moment(self.created_time)

    @property
    def has_picture(self) -> bool:
        """It was written with a picture. What the first link of its words leads to is shown as an attachment too."""
        return self.attachment is not None and self.attachment.get("type") in PICTURES


class WireSummary(msgspec.Struct, frozen=True):
    total_count: int | None = None


class WireCounted(msgspec.Struct, frozen=True):
    summary: WireSummary = WireSummary()


class WireShares(msgspec.Struct, frozen=True):
    count: int = 0


class WireCounts(msgspec.Struct, frozen=True):
    """What a post or a comment received."""

    likes: WireCounted = WireCounted()
    comments: WireCounted = WireCounted()
    shares: WireShares | None = None


class WireWatched(msgspec.Struct, frozen=True):
    """What a call tells of the page's feed."""

    item: str = ""
    verb: str = ""
    post_id: str = ""
    comment_id: str = ""
    parent_id: str = ""
    sender: WirePerson | None = msgspec.field(name="from", default=None)
    message: str = ""
    created_time: int = 0
    reaction_type: str = "like"


class WireMention(msgspec.Struct, frozen=True):
    """What a call tells of a mention: where it is."""

    item: str = ""
    verb: str = ""
    post_id: str = ""
    comment_id: str = ""


class WireAccount(msgspec.Struct, frozen=True):
    """A page that a person looks after, and its token."""

    id: Id
    access_token: str
    name: str = ""


class WireAccounts(msgspec.Struct, frozen=True):
    data: tuple[WireAccount, ...] = ()


class WireTokenFacts(msgspec.Struct, frozen=True):
    """What Meta says of a token."""

    is_valid: bool = True
    expires_at: int = 0
    data_access_expires_at: int = 0
    scopes: tuple[str, ...] = ()


class WireInspected(msgspec.Struct, frozen=True):
    data: WireTokenFacts


PROFILES = msgspec.json.Decoder(WireProfile)
POSTS = msgspec.json.Decoder(WirePost)
COMMENTS = msgspec.json.Decoder(WireComment)
COUNTS = msgspec.json.Decoder(WireCounts)
WATCHED = msgspec.json.Decoder(WireWatched)
MENTIONS = msgspec.json.Decoder(WireMention)
ACCOUNTS = msgspec.json.Decoder(WireAccounts)
INSPECTED = msgspec.json.Decoder(WireInspected)
