"""The JSON of an account's media, comments and containers, as far as it is used here."""

from typing import Literal

import msgspec

from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.wire import Id, WirePage, WirePerson

__all__ = [
    "COMMENTS",
    "CONTAINERS",
    "LIMITS",
    "MEDIA",
    "MENTIONED",
    "MENTIONS",
    "PROFILES",
    "WATCHED",
    "WireComment",
    "WireContainer",
    "WireMedia",
    "WireProfile",
    "WireWatched",
]


class WireProfile(msgspec.Struct, frozen=True):
    """The account itself; `user_id` is what the rest of the API calls it."""

    username: str
    user_id: str = ""
    id: str = ""
    name: str = ""
    account_type: str = ""


class WireComment(msgspec.Struct, frozen=True):
    """A comment, with the answers below it."""

    id: Id
    timestamp: str
    text: str = ""
    username: str = ""
    sender: WirePerson | None = msgspec.field(name="from", default=None)
    replies: WirePage = WirePage()
    media: "WireOf | None" = None

    def __post_init__(self) -> None:
        moment(self.timestamp)

    @property
    def author(self) -> WirePerson | None:
        """Who wrote it; where only the name is told, that stands for him."""
        if self.sender is not None:
            return self.sender if self.sender.username else msgspec.structs.replace(self.sender, username=self.username)
        return WirePerson(id=f"@{self.username}", username=self.username) if self.username else None


class WireOf(msgspec.Struct, frozen=True):
    id: Id


class WireMedia(msgspec.Struct, frozen=True):
    """A post: a picture, a reel, or several of them."""

    id: Id
    timestamp: str
    caption: str = ""
    username: str = ""
    permalink: str | None = None
    media_type: str = ""
    media_url: str = ""
    comments: WirePage = WirePage()
    like_count: int | None = None
    comments_count: int | None = None

    def __post_init__(self) -> None:
        moment(self.timestamp)


class WireContainer(msgspec.Struct, frozen=True):
    """How far Instagram is with something that is to be published."""

    status_code: Literal["IN_PROGRESS", "FINISHED", "PUBLISHED", "ERROR", "EXPIRED"]
    status: str = ""


class WireAllowance(msgspec.Struct, frozen=True):
    quota_total: int = 0


class WireUsed(msgspec.Struct, frozen=True):
    quota_usage: int = 0
    config: WireAllowance = WireAllowance()


class WireLimits(msgspec.Struct, frozen=True):
    """How often the account has posted in 24 hours, and how often it may."""

    data: tuple[WireUsed, ...] = ()


class WireWatched(msgspec.Struct, frozen=True):
    """A new comment below a post of the account, as a call tells it."""

    id: Id
    media: WireOf
    text: str = ""
    sender: WirePerson | None = msgspec.field(name="from", default=None)
    parent_id: str = ""


class WireMention(msgspec.Struct, frozen=True):
    """Where somebody named the account, as a call tells it."""

    media_id: Id
    comment_id: str = ""


class WireMentioned(msgspec.Struct, frozen=True):
    """What was said there."""

    mentioned_comment: WireComment | None = None
    mentioned_media: WireMedia | None = None


PROFILES = msgspec.json.Decoder(WireProfile)
MEDIA = msgspec.json.Decoder(WireMedia)
COMMENTS = msgspec.json.Decoder(WireComment)
CONTAINERS = msgspec.json.Decoder(WireContainer)
LIMITS = msgspec.json.Decoder(WireLimits)
WATCHED = msgspec.json.Decoder(WireWatched)
MENTIONS = msgspec.json.Decoder(WireMention)
MENTIONED = msgspec.json.Decoder(WireMentioned)
