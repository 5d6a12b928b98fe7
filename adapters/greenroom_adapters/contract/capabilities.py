"""What an account can do right now, as data."""

import enum
from dataclasses import dataclass, field
from datetime import timedelta

from greenroom_adapters.contract.events import Kind

__all__ = [
    "Capabilities",
    "CountingRule",
    "Idempotency",
    "IdempotencyKind",
    "Limits",
    "MediaLimit",
    "Surface",
    "TextLimit",
]


class CountingRule(enum.StrEnum):
    """How a platform measures the length of a text (implemented in `greenroom_adapters.text`)."""

    CODE_POINTS = "code points"
    GRAPHEMES = "graphemes"
    UTF16_UNITS = "UTF-16 units"
    UTF8_BYTES = "UTF-8 bytes"
    URLS_AS_23 = "characters, each link as 23"
    X_WEIGHTED = "X weighted"


class IdempotencyKind(enum.Enum):
    """How a platform lets us avoid posting twice."""

    KEYED = "keyed"
    """The platform deduplicates on a key of ours (perhaps only for a window)."""
    TWO_PHASE = "two phases"
    """A first phase returns an id without publishing; the second phase publishes that id once."""
    LISTED = "listed"
    """Nothing deduplicates, but our own posts can be read back and recognised."""
    NONE = "none"
    """Neither: an outcome that is unknown stays unknown and is parked for a person."""


class Surface(enum.StrEnum):
    """Where a text appears; personas have a voice for each."""

    POST = "post"
    REPLY = "reply"
    CHAT = "chat"
    DIRECT_MESSAGE = "direct_message"


@dataclass(frozen=True, slots=True, kw_only=True)
class Idempotency:
    """The class that a platform belongs to, and for how long its key can be trusted."""

    kind: IdempotencyKind
    window: timedelta | None = None
    """KEYED only: how long after the first try the key still deduplicates; None: for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TextLimit:
    """A largest length, counted by a rule."""

    length: int
    rule: CountingRule = CountingRule.CODE_POINTS


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimit:
    """What may be attached to one post."""

    count: int
    types: frozenset[str]
    """Media types that are accepted."""
    bytes: int
    """Largest size of one file."""
    alt_length: int
    """Largest length of a description, in code points."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes that the platform enforces."""

    text: tuple[TextLimit, ...]
    """Every one of them must hold; never empty."""
    media: MediaLimit | None = None
    """None: nothing can be attached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """Everything that must be known before something is composed or retried. May differ by account or server."""

    limits: Limits
    idempotency: Idempotency
    settles_after: timedelta
    """How long after a try its post may still appear: the platform's visibility delay plus `publish_deadline`."""
    publish_deadline: timedelta = timedelta(seconds=30)
    """One try is given up (as `OutcomeUnknown`) after this long."""
    kinds: frozenset[Kind]
    """Kinds of events that this account hears of."""
    live_only: frozenset[Kind] = field(default_factory=frozenset[Kind])
    """Kinds that no history has: missed during downtime, they stay missed."""
    surfaces: frozenset[Surface]
    """Where this account can speak."""
