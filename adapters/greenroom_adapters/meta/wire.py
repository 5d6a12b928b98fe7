"""The JSON that Graph's lists, errors and conversations share; what single rows hold is read late."""

from typing import Annotated, Literal, TypeVar

import msgspec

from greenroom_adapters.meta.moments import moment

__all__ = [
    "CALLS",
    "CONVERSATIONS",
    "CREATED",
    "ERRORS",
    "IDS",
    "KNOCKS",
    "MESSAGES",
    "PAGES",
    "PEOPLE",
    "SUCCESSES",
    "TOKENS",
    "WireAttachments",
    "WireCall",
    "WireConversation",
    "WireEntry",
    "WireError",
    "WireId",
    "WireKnock",
    "WireMessage",
    "WirePage",
    "WirePart",
    "WirePerson",
    "read_rows",
]

T = TypeVar("T")
Id = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_.:=-]{1,500}$")]


class WireId(msgspec.Struct, frozen=True):
    """Something of which the id is told."""

    id: Id


class WireCreated(msgspec.Struct, frozen=True):
    """What a call that makes something answers: one of these."""

    id: Id | None = None
    post_id: Id | None = None
    message_id: Id | None = None


class WireSuccess(msgspec.Struct, frozen=True):
    """What a call that changes something answers. Meta's own pages show the word as well as the value."""

    success: bool | Literal["true", "false"] = True

    @property
    def is_done(self) -> bool:
        """It was done."""
        return self.success is True or self.success == "true"


class WirePerson(msgspec.Struct, frozen=True):
    """Somebody. Facebook tells a name, Instagram a handle, and neither where an app may not know."""

    id: str
    name: str = ""
    username: str = ""


class WireCursors(msgspec.Struct, frozen=True):
    after: str = ""


class WirePaging(msgspec.Struct, frozen=True):
    cursors: WireCursors = WireCursors()
    next: str = ""


class WirePage(msgspec.Struct, frozen=True):
    """A page of a list."""

    data: tuple[msgspec.Raw, ...] = ()
    paging: WirePaging = WirePaging()

    @property
    def after(self) -> str:
        """What the next page is asked for with; empty: this is the last one."""
        return self.paging.cursors.after if self.paging.next else ""


class WireUrl(msgspec.Struct, frozen=True):
    url: str = ""


class WirePart(msgspec.Struct, frozen=True):
    """A file of a message: as a list shows it, with `image_data` or `video_data`, or as a call does, with `payload`."""

    type: str = ""
    mime_type: str = ""
    image_data: WireUrl | None = None
    video_data: WireUrl | None = None
    payload: WireUrl | None = None


class WireAttachments(msgspec.Struct, frozen=True):
    data: tuple[WirePart, ...] = ()


class WireMessage(msgspec.Struct, frozen=True):
    """One message of a conversation."""

    id: Id
    created_time: str
    sender: WirePerson = msgspec.field(name="from")
    to: WirePage = WirePage()
    message: str = ""
    attachments: WireAttachments = WireAttachments()

    def __post_init__(self) -> None:
        moment(self.created_time)


class WireConversation(msgspec.Struct, frozen=True):
    """What was said between the account and one other."""

    id: Id
    updated_time: str = ""
    messages: WirePage = WirePage()

    def __post_init__(self) -> None:
        if self.updated_time:
            moment(self.updated_time)


class WireErrorBody(msgspec.Struct, frozen=True):
    """What went wrong, in Graph's codes and words."""

    message: str = ""
    code: int = 0
    error_subcode: int = 0
    is_transient: bool = False
    error_user_msg: str | None = None


class WireError(msgspec.Struct, frozen=True):
    error: WireErrorBody


class WireChange(msgspec.Struct, frozen=True):
    """A field of the account that changed, and to what."""

    field: str
    value: msgspec.Raw


class WireKnockMessage(msgspec.Struct, frozen=True):
    mid: Id
    text: str = ""
    is_echo: bool = False
    is_deleted: bool = False
    """Whoever sent it has taken it back."""
    attachments: tuple[WirePart, ...] = ()


class WireKnock(msgspec.Struct, frozen=True):
    """One thing that happened in direct messages."""

    sender: WirePerson
    timestamp: int
    message: WireKnockMessage | None = None


class WireEntry(msgspec.Struct, frozen=True):
    """What is told of one account."""

    id: str
    time: int = 0
    changes: tuple[WireChange, ...] = ()
    messaging: tuple[msgspec.Raw, ...] = ()


class WireCall(msgspec.Struct, frozen=True):
    """One call of the webhook: a batch."""

    object: str
    entry: tuple[WireEntry, ...] = ()


class WireToken(msgspec.Struct, frozen=True):
    """A token that lasts."""

    access_token: str
    expires_in: int = 0


IDS = msgspec.json.Decoder(WireId)
CREATED = msgspec.json.Decoder(WireCreated)
SUCCESSES = msgspec.json.Decoder(WireSuccess)
PEOPLE = msgspec.json.Decoder(WirePerson)
PAGES = msgspec.json.Decoder(WirePage)
MESSAGES = msgspec.json.Decoder(WireMessage)
CONVERSATIONS = msgspec.json.Decoder(WireConversation)
ERRORS = msgspec.json.Decoder(WireError)
CALLS = msgspec.json.Decoder(WireCall)
KNOCKS = msgspec.json.Decoder(WireKnock)
TOKENS = msgspec.json.Decoder(WireToken)


def read_rows(decoder: "msgspec.json.Decoder[T]", page: WirePage) -> list[T]:
    """Return the rows of a page that can be read."""
    rows: list[T] = []
    for raw in page.data:
        try:
            rows.append(decoder.decode(raw))
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
    return rows
