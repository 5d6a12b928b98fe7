"""One turn: an event's way from the inbox to its receipts, as one row of the ledger."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from typing_extensions import override

from greenroom.clock import from_micros, to_micros
from greenroom_adapters.contract import (
    Author,
    CommandGiven,
    DirectMessageReceived,
    Embed,
    Event,
    FollowReceived,
    JoinReceived,
    Media,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    Poll,
    Post,
    PostRef,
    QuoteReceived,
    ReactionReceived,
    ReplyReceived,
    RepostReceived,
    Room,
    Surface,
    TextEvent,
    Trust,
    UnknownEvent,
    Visibility,
)

__all__ = [
    "CLOCK",
    "HAND",
    "TELL",
    "Act",
    "Card",
    "Draft",
    "Due",
    "Judgement",
    "Part",
    "State",
    "Turn",
    "Wish",
    "asked_at",
    "author_of",
    "decode_event",
    "emptied_event",
    "room_of",
]

CLOCK = "clock"
"""Kind of a turn that the clock, not a platform, brought."""
TELL = "tell"
"""Rule and name of a turn that tells the bot's owner something. Such a turn is no post: nothing that limits, holds or
counts posts is asked about it."""


HAND = "by hand"
"""Who has rewritten a draft: the bot's owner."""


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


class Card(msgspec.Struct, frozen=True, omit_defaults=True):
    """A card that is to be drawn."""

    show: str
    """What is on it: quote, bars or line."""
    say: str | None = None
    """The words of a quote; None: those of the post."""
    by: str | None = None
    """Who says so; None: the persona."""
    title: str | None = None
    rows: tuple[tuple[str, float], ...] = ()
    """Numbers by name, in their order."""
    table: str | None = None
    """Path of the file that has them instead."""


class Wish(msgspec.Struct, frozen=True, omit_defaults=True):
    """A picture that is to be made for a post, in the owner's words."""

    card: Card | None = None
    about: str | None = None
    """What is to be seen on it, where a model makes it."""
    file: str | None = None
    """Path of a picture that is there, and only wants a description."""
    alt: str | None = None
    """Description for people who cannot see it; None: it is found when it is made."""
    shape: str = "square"


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
    filter: str | None = None
    """Name of the filter that `media` goes out under."""
    room: str | None = None
    direct_to: str | None = None
    """Stable id of the one person who reads it; None: it is posted."""
    visibility: Visibility | None = None
    """Who is to see it; None: as the account says."""
    warning: str | None = None
    """What readers are to be told before they open it."""
    poll: Poll | None = None
    """A question to the readers, which the words ask."""
    picture: Wish | None = None
    """A picture that is to be made for it."""
    material: str | None = None
    """What it is made from, out of a feed: a stranger's words, and what `say` has of them is a stranger's as well."""
    link: str | None = None
    """Where that comes from; it goes with the words."""
    embed: Embed | None = None
    """Shown below the words."""
    written: str | None = None
    """Which engine wrote `say` ahead of its time, or `HAND` where the owner has rewritten that; None: it is no such
    draft."""
    trust: Trust = Trust.ANYONE
    """How far the least trusted is trusted whose words that engine wrote it from."""

    @property
    def id(self) -> str:
        """Identity in the inbox."""
        return f"post:{self.name}@{self.period}"


class Act(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that is done about a post or a person, without words. Doing it twice is doing it once."""

    kind: str
    """One of `like`, `react`, `repost` and `follow`."""
    post: PostRef | None = None
    """What is liked, reacted to or reposted."""
    person: str | None = None
    """Stable id of who is followed."""
    reaction: str = "like"

    @override
    def __str__(self) -> str:
        """In an owner's words."""
        return f"react with {self.reaction}" if self.kind == "react" else self.kind


class Judgement(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a model that was asked about words says of the harm in them."""

    by: str
    """Who was asked, as the bot file names it."""
    scores: dict[str, float] = {}
    """The highest, from 0 to 1, by what they are about."""
    flagged: tuple[str, ...] = ()
    """What it says itself that the words are."""
    missing: str = ""
    """Why nobody could judge; empty: somebody has."""


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
    approved: bool = False
    """A person has let it out."""
    media: tuple[Media, ...] = ()
    """Files that go with the first part."""
    also: tuple[int, ...] = ()
    """Seqs of the turns that it answers as well: what the same person wrote straight after."""
    read: tuple[str, ...] = ()
    """The texts of those turns, as the engine read them: what could do harm in them can do it in the answer."""
    acts: tuple[Act, ...] = ()
    """What is done beside the words, or without any: after them, in this order."""
    judgement: Judgement | None = None
    """What was said of the harm in it; None: nobody was asked."""
    trust: Trust = Trust.ANYONE
    """How far the least trusted is trusted whose words it was written from."""


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
    spend: int = 0
    """Id of the money that is set aside for it, as long as nobody knows whether it was spent; 0: none is."""
    price: int = 0
    """How much that is, in millionths of a US dollar."""
    act: Act | None = None
    """What is done instead of posting; then `post` is empty."""
    refused: str = ""
    """Why the platform does not let it be done, where it is an act: then it is over."""

    @property
    def is_over(self) -> bool:
        """Nothing is left to do about it."""
        return self.post_id is not None or (self.act is not None and (self.published > 0 or bool(self.refused)))


class Turn(msgspec.Struct, eq=False):
    """One turn, mutable in memory; what the ledger has is the snapshot of its last `save`."""

    account: str
    event_id: str
    lane: str
    kind: str
    event: Event | Due
    surface: Surface
    rule: str
    """Name of the rule or schedule that brought it here."""
    trust: Trust
    received: int
    expires: int
    """Microseconds since 1970: after that it is stale."""
    post_id: str | None = None
    """The platform post that it answers."""
    not_before: int = 0
    """Microseconds since 1970; 0: at once."""
    seq: int = 0
    """Given by the ledger; 0 before that."""
    state: State = State.RECEIVED
    reason: str = ""
    """Why it is in this state, where that is not the usual way."""
    starts: int = 0
    """Starts of the engine's work that have not ended; the third one makes it dead."""
    persona: str = ""
    """Version of the persona that wrote the draft."""
    draft: Draft | None = None
    outbox: list[Part] = []
    changed: int = 0
    """Microseconds since 1970; 0 before it is stored."""
    stored_draft: Draft | None = None
    """In memory only: the draft that the ledger has; it is not written again while it is the same."""
    late: bool = False
    """In memory only: it came in long after it happened."""
    suspect: bool = False
    """In memory only: found after a restart with a start that never ended."""
    revisions: int = 0
    """In memory only: how often it has to be drafted anew, because its source was edited."""
    decided_by: int = 0
    """In memory only: which of the versions of the files brought its rule; 0: none in this run."""
    is_read: bool = False
    """In memory only: an engine reads its source at the moment."""

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
            CommandGiven,
            ReactionReceived,
            RepostReceived,
            FollowReceived,
            JoinReceived,
            OwnPostSeen,
        )
    },
}
# Bound once: `A | B` in a call makes an object of it each time.
_OF_SOMEBODY = (TextEvent, ReactionReceived, RepostReceived, FollowReceived, JoinReceived)
_IN_ROOMS = (TextEvent, JoinReceived)
_DECODERS = {kind: msgspec.json.Decoder(cls) for kind, cls in _TYPES.items()}


def author_of(event: Event | Due) -> Author | None:
    """Return whose doing an event is; None: the clock's, the bot's own, or nobody's in particular."""
    if isinstance(event, _OF_SOMEBODY):
        return event.author
    return None


def room_of(event: Event | Due) -> Room | None:
    """Return the room that an event is about, in which what is said to it stands; None: none. That of a post is known
    by what the owner calls it."""
    if isinstance(event, _IN_ROOMS):
        return event.room
    return Room(id=event.room, name=event.room) if isinstance(event, Due) and event.room is not None else None


def asked_at(turn: Turn) -> int:
    """Return when that happened which the turn is about, in microseconds since 1970: by the platform's clock, but never
    after it came in. On some platforms a stranger sets that clock."""
    return min(turn.received, to_micros(turn.event.occurred_at)) if isinstance(turn.event, Event) else turn.received


def decode_event(kind: str, body: str) -> Event | Due:
    """Return the event that a row of `kind` holds."""
    event: Event | Due = _DECODERS[kind].decode(body)
    return event


def emptied_event(event_id: str, received: int) -> Event:
    """Return what stands in for an event whose text retention has taken."""
    return UnknownEvent(id=event_id, source="", cursor="", occurred_at=from_micros(received), raw="")
