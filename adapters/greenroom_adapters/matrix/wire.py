"""The JSON of the client-server API, as far as it is used here; what strangers may write into it is read late."""

from typing import Annotated

import msgspec

__all__ = [
    "ACCOUNTS",
    "CONFIGS",
    "CREATED",
    "DIRECT",
    "ENTERED_ROOMS",
    "EVENTS",
    "IDS",
    "LEFT",
    "MEMBERS",
    "MESSAGES",
    "PAGES",
    "PROFILES",
    "REDACTIONS",
    "SENT",
    "STATES",
    "SYNCS",
    "UPLOADS",
    "WireEntered",
    "WireEvent",
    "WireInvited",
    "WireJoined",
    "WireMember",
    "WireMessage",
    "WirePage",
    "WireRelation",
    "WireSummary",
    "WireSync",
    "WireTimeline",
]


class WireUnsigned(msgspec.Struct, frozen=True):
    """What a server adds to an event."""

    prev_content: msgspec.Raw = msgspec.Raw(b"{}")
    redacted_because: msgspec.Raw = msgspec.Raw(b"null")
    transaction_id: str | None = None


class WireEvent(msgspec.Struct, frozen=True):
    """An event (client-server API, "Room event format"). Its content is whatever its sender wrote."""

    event_id: str
    type: str
    sender: str
    origin_server_ts: int
    content: msgspec.Raw = msgspec.Raw(b"{}")
    state_key: str | None = None
    redacts: str | None = None
    unsigned: WireUnsigned = WireUnsigned()

    @property
    def is_redacted(self) -> bool:
        """Whether its content has been taken away."""
        return bytes(self.unsigned.redacted_because) != b"null"


class WireStateEvent(msgspec.Struct, frozen=True):
    """State, also as invitations show it, without an id or a time ("Stripped state")."""

    type: str
    sender: str = ""
    state_key: str | None = None
    """None: not state at all, whatever its type."""
    content: msgspec.Raw = msgspec.Raw(b"{}")


class WireMentions(msgspec.Struct, frozen=True):
    """`m.mentions` ("User and room mentions")."""

    user_ids: tuple[str, ...] = ()


class WireInReplyTo(msgspec.Struct, frozen=True):
    event_id: str


class WireRelation(msgspec.Struct, frozen=True):
    """`m.relates_to` ("Forming relationships between events")."""

    rel_type: str | None = None
    event_id: str | None = None
    key: str | None = None
    is_falling_back: bool = False
    in_reply_to: WireInReplyTo | None = msgspec.field(default=None, name="m.in_reply_to")


class WireInfo(msgspec.Struct, frozen=True):
    mimetype: str = ""


class WireNewContent(msgspec.Struct, frozen=True):
    body: str
    formatted_body: str = ""
    mentions: WireMentions | None = msgspec.field(default=None, name="m.mentions")


class WireMessage(msgspec.Struct, frozen=True):
    """The content of `m.room.message`, `m.sticker` and `m.reaction`."""

    body: str = ""
    msgtype: str = ""
    formatted_body: str = ""
    filename: str | None = None
    url: str | None = None
    info: WireInfo = WireInfo()
    mentions: WireMentions | None = msgspec.field(default=None, name="m.mentions")
    relates_to: WireRelation = msgspec.field(default=WireRelation(), name="m.relates_to")
    new_content: WireNewContent | None = msgspec.field(default=None, name="m.new_content")
    key: str | None = msgspec.field(default=None, name="org.greenroom.key")


class WireRedaction(msgspec.Struct, frozen=True):
    """The content of `m.room.redaction`; `redacts` moved here with room version 11."""

    redacts: str | None = None
    reason: str = ""


class WireMember(msgspec.Struct, frozen=True):
    """The content of `m.room.member`."""

    membership: str = ""
    displayname: str | None = None
    is_direct: bool = False
    reason: str = ""


class WireEntered(msgspec.Struct, frozen=True):
    """The content of our own `org.greenroom.entered_as_direct`, in the account's data."""

    rooms: tuple[str, ...] = ()


class WireSummary(msgspec.Struct, frozen=True):
    """How many are in a room; what is missing is as it was."""

    heroes: tuple[str, ...] | None = msgspec.field(default=None, name="m.heroes")
    joined: int | None = msgspec.field(default=None, name="m.joined_member_count")
    invited: int | None = msgspec.field(default=None, name="m.invited_member_count")


class WireTimeline(msgspec.Struct, frozen=True):
    events: tuple[msgspec.Raw, ...] = ()
    limited: bool = False
    prev_batch: str | None = None


class WireRaws(msgspec.Struct, frozen=True):
    events: tuple[msgspec.Raw, ...] = ()


class WireJoined(msgspec.Struct, frozen=True):
    """A room that we are in."""

    summary: WireSummary = WireSummary()
    state: WireRaws = WireRaws()
    timeline: WireTimeline = WireTimeline()


class WireInvited(msgspec.Struct, frozen=True):
    """A room that we are invited into."""

    invite_state: WireRaws = WireRaws()


class WireLeft(msgspec.Struct, frozen=True):
    """A room that we are not in any more."""

    state: WireRaws = WireRaws()
    timeline: WireTimeline = WireTimeline()


class WireRooms(msgspec.Struct, frozen=True):
    join: dict[str, WireJoined] = {}
    invite: dict[str, WireInvited] = {}
    leave: dict[str, msgspec.Raw] = {}


class WireSync(msgspec.Struct, frozen=True):
    """The answer of `/sync`."""

    next_batch: str
    rooms: WireRooms = WireRooms()
    account_data: WireRaws = WireRaws()


class WirePage(msgspec.Struct, frozen=True):
    """A page of `/messages` or of relations."""

    chunk: tuple[msgspec.Raw, ...] = ()
    state: tuple[msgspec.Raw, ...] = ()
    end: str | None = None
    next_batch: str | None = None


class WireAccount(msgspec.Struct, frozen=True):
    """Whose token it is."""

    user_id: str
    device_id: str = ""


class WireProfile(msgspec.Struct, frozen=True):
    displayname: str | None = None


class WireSent(msgspec.Struct, frozen=True):
    event_id: str


class WireCreated(msgspec.Struct, frozen=True):
    room_id: str


class WireUpload(msgspec.Struct, frozen=True):
    content_uri: str


class WireConfig(msgspec.Struct, frozen=True):
    """Limits of the content repository."""

    size: Annotated[int, msgspec.Meta(gt=0)] | None = msgspec.field(default=None, name="m.upload.size")


LEFT = msgspec.json.Decoder(WireLeft)
SYNCS = msgspec.json.Decoder(WireSync)
PAGES = msgspec.json.Decoder(WirePage)
IDS = msgspec.json.Decoder(WireSent)
EVENTS = msgspec.json.Decoder(WireEvent)
STATES = msgspec.json.Decoder(WireStateEvent)
MESSAGES = msgspec.json.Decoder(WireMessage)
REDACTIONS = msgspec.json.Decoder(WireRedaction)
MEMBERS = msgspec.json.Decoder(WireMember)
ACCOUNTS = msgspec.json.Decoder(WireAccount)
PROFILES = msgspec.json.Decoder(WireProfile)
SENT = msgspec.json.Decoder(WireSent)
CREATED = msgspec.json.Decoder(WireCreated)
UPLOADS = msgspec.json.Decoder(WireUpload)
CONFIGS = msgspec.json.Decoder(WireConfig)
ENTERED_ROOMS = msgspec.json.Decoder(WireEntered)
DIRECT = msgspec.json.Decoder(dict[str, tuple[str, ...]])
