"""The JSON of TikTok's open API, as far as it is used here."""

from typing import Annotated

import msgspec

__all__ = [
    "BEGINNINGS",
    "CREATORS",
    "LISTS",
    "PERSONS",
    "REFUSALS",
    "STATUSES",
    "TOKENS",
    "WireBegun",
    "WireCreator",
    "WireError",
    "WireList",
    "WirePerson",
    "WireStatus",
    "WireTokens",
    "WireVideo",
]

Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.~:=+/-]{1,200}$")]
OK = "ok"


class WireError(msgspec.Struct, frozen=True):
    """What went wrong; nothing did where the code is `ok`."""

    code: str = OK
    message: str = ""

    @property
    def is_one(self) -> bool:
        """Whether anything went wrong."""
        return self.code != OK


NOTHING = WireError()


class WireRefusal(msgspec.Struct, frozen=True):
    """An answer that is perhaps a refusal. Where tokens are asked for, the code stands there by itself."""

    error: WireError | str | None = None
    error_description: str = ""

    @property
    def told(self) -> WireError:
        """What went wrong."""
        if isinstance(self.error, str):
            return WireError(code=self.error, message=self.error_description)
        return self.error or NOTHING


class WireUser(msgspec.Struct, frozen=True):
    open_id: Name
    display_name: str = ""


class WireUserData(msgspec.Struct, frozen=True):
    user: WireUser | None = None


class WirePerson(msgspec.Struct, frozen=True):
    """Whose token it is."""

    data: WireUserData = WireUserData()


class WireCreatorData(msgspec.Struct, frozen=True):
    creator_username: str = ""
    creator_nickname: str = ""
    privacy_level_options: tuple[str, ...] = ()
    comment_disabled: bool = False
    duet_disabled: bool = False
    stitch_disabled: bool = False
    max_video_post_duration_sec: int = 0


class WireCreator(msgspec.Struct, frozen=True):
    """What the account may post at this moment."""

    data: WireCreatorData = WireCreatorData()


class WireBegunData(msgspec.Struct, frozen=True):
    publish_id: Name
    upload_url: Annotated[str, msgspec.Meta(max_length=4096)] = ""


class WireBegun(msgspec.Struct, frozen=True):
    """What a post is called while it comes into being, and where the bytes of its video go."""

    data: WireBegunData


class WireStatusData(msgspec.Struct, frozen=True):
    status: str = ""
    fail_reason: str = ""
    uploaded_bytes: int = 0
    downloaded_bytes: int = 0
    # the first is how TikTok spells it
    publicaly_available_post_id: tuple[int | str, ...] = ()
    publicly_available_post_id: tuple[int | str, ...] = ()

    @property
    def post(self) -> str:
        """Id of the post; empty: it is not public, or not yet."""
        found = next(iter((*self.publicaly_available_post_id, *self.publicly_available_post_id)), "")
        name = str(found)
        return name if name.isascii() and name.isdigit() and len(name) <= 30 else ""


class WireStatus(msgspec.Struct, frozen=True):
    """How far a post is."""

    data: WireStatusData = WireStatusData()


class WireVideo(msgspec.Struct, frozen=True):
    """A post of the account that everybody sees."""

    id: Name
    title: str = ""
    video_description: str = ""
    create_time: int = 0
    share_url: str = ""
    like_count: int | None = None
    comment_count: int | None = None
    share_count: int | None = None
    view_count: int | None = None


class WireListData(msgspec.Struct, frozen=True):
    videos: tuple[msgspec.Raw, ...] = ()
    cursor: int = 0
    has_more: bool = False


class WireList(msgspec.Struct, frozen=True):
    """A page of the account's posts, newest first."""

    data: WireListData = WireListData()

    @property
    def posts(self) -> tuple[WireVideo, ...]:
        """Those that can be read."""
        found: list[WireVideo] = []
        for raw in self.data.videos:
            try:
                found.append(VIDEOS.decode(raw))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue
        return tuple(found)


class WireTokens(msgspec.Struct, frozen=True):
    """Tokens of OAuth 2 (RFC 6749, section 5.1)."""

    access_token: str
    refresh_token: str = ""
    expires_in: int = 86_400


REFUSALS = msgspec.json.Decoder(WireRefusal)
PERSONS = msgspec.json.Decoder(WirePerson)
CREATORS = msgspec.json.Decoder(WireCreator)
BEGINNINGS = msgspec.json.Decoder(WireBegun)
STATUSES = msgspec.json.Decoder(WireStatus)
VIDEOS = msgspec.json.Decoder(WireVideo)
LISTS = msgspec.json.Decoder(WireList)
TOKENS = msgspec.json.Decoder(WireTokens)
