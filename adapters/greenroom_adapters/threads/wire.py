"""The JSON of an account's posts and containers, as far as it is used here."""

import msgspec
from typing_extensions import override

from greenroom_adapters.meta.moments import moment
from greenroom_adapters.meta.wire import Id, WirePage

__all__ = [
    "CALLS",
    "CONTAINERS",
    "INSIGHTS",
    "LIMITS",
    "PAGES",
    "POSTS",
    "PROFILES",
    "WireInsights",
    "WirePost",
    "WireProfile",
]


REPOST = "REPOST_FACADE"


class WireCursorPage(WirePage, frozen=True):
    """A page of a list. Here a cursor alone tells that more may follow: behind the last rows comes an empty page."""

    @property
    @override
    def after(self) -> str:
        return self.paging.cursors.after if self.data else ""


class WireProfile(msgspec.Struct, frozen=True):
    """The account itself."""

    id: Id
    username: str
    name: str = ""


class WireOf(msgspec.Struct, frozen=True):
    """Another post. Whose it is only calls tell."""

    id: Id
    owner_id: str = ""
    username: str = ""


class WirePost(msgspec.Struct, frozen=True):
    """A post of anybody. Who wrote it is not told of private accounts."""

    id: Id
    timestamp: str
    text: str = ""
    username: str = ""
    permalink: str | None = None
    media_type: str = ""
    media_url: str = ""
    has_replies: bool = False
    is_reply_owned_by_me: bool = False
    root_post: WireOf | None = None
    """The post at the top; None: this is one."""
    replied_to: WireOf | None = None

    def __post_init__(self) -> None:
        moment(self.timestamp)

    @property
    def is_repost(self) -> bool:
        """It stands for a post of somebody else, and says nothing of its own."""
        return self.media_type == REPOST


class WireContainer(msgspec.Struct, frozen=True):
    """How far Threads is with something that is to be published."""

    status: str
    error_message: str = ""


class WireAllowance(msgspec.Struct, frozen=True):
    quota_total: int = 0


class WireUsed(msgspec.Struct, frozen=True):
    quota_usage: int = 0
    config: WireAllowance = WireAllowance()
    reply_quota_usage: int = 0
    reply_config: WireAllowance = WireAllowance()


class WireLimits(msgspec.Struct, frozen=True):
    """How often the account has posted and answered in 24 hours, and how often it may."""

    data: tuple[WireUsed, ...] = ()


class WireValue(msgspec.Struct, frozen=True):
    value: int


class WireInsight(msgspec.Struct, frozen=True):
    name: str
    values: tuple[WireValue, ...] = ()


class WireInsights(msgspec.Struct, frozen=True):
    """What a post received, by name."""

    data: tuple[WireInsight, ...] = ()

    def count(self, name: str) -> int | None:
        """Return one of the counts; None: it is not told."""
        return next((one.values[0].value for one in self.data if one.name == name and one.values), None)


class WireChange(msgspec.Struct, frozen=True):
    field: str
    value: msgspec.Raw


class WireCall(msgspec.Struct, frozen=True):
    """One call of the webhook: one thing that happened."""

    values: WireChange
    target_id: str = ""
    """Of a mention: the account that is named."""
    time: int = 0


PAGES: msgspec.json.Decoder[WirePage] = msgspec.json.Decoder(WireCursorPage)
PROFILES = msgspec.json.Decoder(WireProfile)
POSTS = msgspec.json.Decoder(WirePost)
CONTAINERS = msgspec.json.Decoder(WireContainer)
LIMITS = msgspec.json.Decoder(WireLimits)
INSIGHTS = msgspec.json.Decoder(WireInsights)
CALLS = msgspec.json.Decoder(WireCall)
