"""One turn: an event's way from the inbox to its receipts, as one row of the ledger."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from typing_extensions import override

from greenroom.clock import from_micros
from greenroom_adapters.contract import (
    DirectMessageReceived,
    Event,
    FollowReceived,
    JoinReceived,
    Media,
    MentionReceived,
    MessageReceived,
    Post,
    QuoteReceived,
    ReactionReceived,
    ReplyReceived,
    RepostReceived,
    Surface,
    Trust,
    UnknownEvent,
)

__all__ = ["CLOCK", "Draft", "Due", "Part", "State", "Turn", "decode_event", "emptied_event"]

CLOCK = "clock"
"""Kind of a turn that the clock, not a platform, brought."""


class State(enum.IntEnum):
    """Where a turn stands. The numbers are stored: below 4 work is to be done, from 10 on it is over."""

    RECEIVED = 0
    """In the inbox; nothing generated yet."""
    DRAFTED = 1
    """The generated text is stored."""
    INTENDED = 2
    """What to publish and under which keys is stored; the current part was never tried, or surely did not go out."""
    SENDING = 3
    """A try was recorded before its first byte; until a receipt is stored its outcome is unknown."""
    HELD = 4
    """Waits for a person before it is sent."""
    UNKNOWN = 5
    """Parked: it may have gone out and the platform cannot tell. A person decides; it is never resent blindly."""
    SENT = 10
    IGNORED = 11
    STALE = 12
    REFUSED = 13
    WITHDRAWN = 14
    DEAD = 15

    @property
    def is_over(self) -> bool:
        """Nothing will happen to it by itself any more."""
        return self >= State.SENT

    @property
    def word(self) -> str:
        """The state as owners read it."""
        return self.name.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """The event of the clock: a post whose time has come."""

    name: str
    """The schedule's durable name."""
    period: str
    """The period that this occurrence serves; with the name it is the identity of the post."""
    due: datetime
    about: str | None = None
    """What the engine is to write about."""
    say: str | None = None
    """Fixed words; the engine is not asked."""
    media: tuple[Media, ...] = ()
    room: str | None = None

    @property
    def id(self) -> str:
        """Identity in the inbox."""
        return f"post:{self.name}@{self.period}"


class Draft(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an engine wrote for a turn."""

    parts: tuple[str, ...]
    """One text for each post of the thread, within the platform's limits."""
    engine: str
    model: str | None = None
    cost: int = 0
    """Millionths of a US dollar."""
    notes: tuple[str, ...] = ()
    """What was checked, repaired or cut, in words."""


class Part(msgspec.Struct, omit_defaults=True):
    """One post of a turn, its key, and how far its publishing has come."""

    key: str
    post: Post
    prepared: bytes = b""
    number: int = 0
    """Tries so far."""
    first_tried: int = 0
    """Microseconds since 1970; 0: never."""
    last_tried: int = 0
    checkpoint: bytes | None = None
    post_id: str | None = None
    """The platform's id once it is out."""
    url: str | None = None
    published: int = 0


class Turn:
    """One turn, mutable in memory; what the ledger has is the snapshot of its last `save`."""

    __slots__ = (
        "account",
        "changed",
        "draft",
        "event",
        "event_id",
        "expires",
        "kind",
        "lane",
        "not_before",
        "outbox",
        "persona",
        "post_id",
        "reason",
        "received",
        "revisions",
        "rule",
        "seq",
        "starts",
        "state",
        "surface",
        "suspect",
        "trust",
    )

    def __init__(
        self,
        account: str,
        event_id: str,
        lane: str,
        kind: str,
        event: Event | Due,
        surface: Surface,
        rule: str,
        trust: Trust,
        received: int,
        expires: int,
        post_id: str | None = None,
        not_before: int = 0,
    ) -> None:
        self.seq = 0
        self.account = account
        self.event_id = event_id
        self.lane = lane
        self.kind = kind
        self.event = event
        self.surface = surface
        self.rule = rule
        """Name of the rule or schedule that brought it here."""
        self.trust = trust
        self.received = received
        self.expires = expires
        """Microseconds since 1970: after that it is stale."""
        self.post_id = post_id
        """The platform post that it answers."""
        self.not_before = not_before
        """Microseconds since 1970; 0: at once."""
        self.state = State.RECEIVED
        self.reason = ""
        """Why it is in this state, where that is not the usual way."""
        self.starts = 0
        """Starts of the engine's work that have not ended; the third one makes it dead."""
        self.persona = ""
        """Version of the persona that wrote the draft."""
        self.draft: Draft | None = None
        self.outbox: list[Part] = []
        self.changed = received
        self.suspect = False
        """In memory only: found after a restart with a start that never ended."""
        self.revisions = 0
        """In memory only: how often its source was edited."""

    @override
    def __repr__(self) -> str:
        return f"<Turn {self.seq} {self.event_id} {self.state.word}>"


_TYPES: dict[str, type[Any]] = {
    CLOCK: Due,
    **{
        str(cls.kind): cls
        for cls in (
            MentionReceived,
            ReplyReceived,
            QuoteReceived,
            MessageReceived,
            DirectMessageReceived,
            ReactionReceived,
            RepostReceived,
            FollowReceived,
            JoinReceived,
        )
    },
}
_DECODERS = {kind: msgspec.json.Decoder(cls) for kind, cls in _TYPES.items()}


def decode_event(kind: str, body: bytes) -> Event | Due:
    """Return the event that a row of `kind` holds."""
    event: Event | Due = _DECODERS[kind].decode(body)
    return event


def emptied_event(event_id: str, received: int) -> Event:
    """Return what stands in for an event whose text retention has taken."""
    return UnknownEvent(id=event_id, source="", cursor="", occurred_at=from_micros(received), raw="")
