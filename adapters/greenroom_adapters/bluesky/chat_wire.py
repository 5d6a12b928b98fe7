"""The JSON of direct messages (`chat.bsky.convo`), as far as it is used here."""

import msgspec

__all__ = [
    "AVAILABILITIES",
    "CONVOS",
    "CONVO_LISTS",
    "LOGS",
    "LOG_ENTRIES",
    "MESSAGES",
    "MESSAGE_PAGES",
    "SENT",
    "WireConvo",
    "WireConvoList",
    "WireLog",
    "WireLogEntry",
    "WireMessage",
    "WireMessagePage",
]

MESSAGE = "chat.bsky.convo.defs#messageView"


class WireSender(msgspec.Struct, frozen=True):
    """`chat.bsky.convo.defs#messageViewSender`."""

    did: str = ""


class WireMessage(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """`chat.bsky.convo.defs#messageView`, or what stands in the place of a deleted one, without a text."""

    type: str = msgspec.field(default=MESSAGE, name="$type")
    id: str = ""
    sender: WireSender = WireSender()
    sent_at: str = ""
    text: str = ""

    @property
    def is_standing(self) -> bool:
        """Whether it says something: it is neither deleted nor a note of the system."""
        return self.type == MESSAGE


class WireMember(msgspec.Struct, frozen=True):
    """`chat.bsky.actor.defs#profileViewBasic`."""

    did: str


class WireConvoKind(msgspec.Struct, frozen=True):
    """Whether a conversation is one of two people or of a group."""

    type: str = msgspec.field(default="", name="$type")


class WireConvo(msgspec.Struct, frozen=True, kw_only=True):
    """`chat.bsky.convo.defs#convoView`."""

    id: str
    members: tuple[WireMember, ...] = ()
    kind: WireConvoKind | None = None

    @property
    def is_group(self) -> bool:
        """Whether others than two people are in it."""
        return self.kind is not None and self.kind.type.endswith("#groupConvo")


class WireConvoAnswer(msgspec.Struct, frozen=True):
    """`chat.bsky.convo.getConvoForMembers` and `getConvo`."""

    convo: WireConvo


class WireAvailability(msgspec.Struct, frozen=True, rename="camel"):
    """`chat.bsky.convo.getConvoAvailability`."""

    can_chat: bool
    convo: WireConvo | None = None


class WireConvoList(msgspec.Struct, frozen=True):
    """`chat.bsky.convo.listConvos`."""

    convos: tuple[WireConvo, ...] = ()
    cursor: str | None = None


class WireMessagePage(msgspec.Struct, frozen=True):
    """`chat.bsky.convo.getMessages`: newest first."""

    messages: tuple[msgspec.Raw, ...] = ()
    cursor: str | None = None


class WireLog(msgspec.Struct, frozen=True):
    """`chat.bsky.convo.getLog`: oldest first."""

    logs: tuple[msgspec.Raw, ...] = ()
    cursor: str | None = None


class WireLogEntry(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One entry of the log; a message is in some of them."""

    type: str = msgspec.field(default="", name="$type")
    rev: str
    convo_id: str = ""
    message: msgspec.Raw = msgspec.Raw(b"{}")


AVAILABILITIES = msgspec.json.Decoder(WireAvailability)
CONVOS = msgspec.json.Decoder(WireConvoAnswer)
CONVO_LISTS = msgspec.json.Decoder(WireConvoList)
MESSAGES = msgspec.json.Decoder(WireMessage)
MESSAGE_PAGES = msgspec.json.Decoder(WireMessagePage)
SENT = MESSAGES
LOGS = msgspec.json.Decoder(WireLog)
LOG_ENTRIES = msgspec.json.Decoder(WireLogEntry)
