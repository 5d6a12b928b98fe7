"""What an account can do right now, as data."""

import enum
from dataclasses import dataclass, field, replace
from datetime import timedelta

from greenroom_adapters.contract.embeds import EmbedLimit
from greenroom_adapters.contract.events import Kind
from greenroom_adapters.contract.posts import Post, Visibility

__all__ = [
    "Capabilities",
    "ClipLimit",
    "CountingRule",
    "Idempotency",
    "IdempotencyKind",
    "Limits",
    "MediaLimit",
    "PollLimit",
    "Surface",
    "TextLimit",
]


class CountingRule(enum.StrEnum):
    """How a platform measures the length of a text (implemented in `greenroom_adapters.text`)."""

    CODE_POINTS = "code points"
    GRAPHEMES = "graphemes"
    UTF16_UNITS = "UTF-16 units"
    UTF8_BYTES = "UTF-8 bytes"
    EMOJI_AS_BYTES = "characters, each emoji as its bytes"
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
class ClipLimit:
    """What a video may be, where the platform has other limits for it than for pictures."""

    bytes: int
    """Largest size of one file."""
    count: int = 1
    """So many to one post; none beside pictures where this is less than `MediaLimit.count`."""
    seconds: float | None = None
    """Longest duration."""
    pixels: int | None = None
    """Largest width x height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimit:
    """What may be attached to one post."""

    count: int
    types: frozenset[str]
    """Media types that are accepted."""
    bytes: int
    """Largest size of one file, as the platform gets it."""
    alt_length: int
    """Largest length of a description, in code points."""
    pixels: int | None = None
    """Largest width x height of a picture."""
    shows_alt: bool = True
    """False: the platform has no place for a description, and nobody there gets to read it."""
    clip: ClipLimit | None = None
    """For videos; None: what is said of pictures holds for them too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PollLimit:
    """What a poll may be."""

    options: int
    """At most so many answers."""
    option_length: int
    """Largest length of an answer, in code points."""
    shortest: timedelta
    longest: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sizes that the platform enforces."""

    text: tuple[TextLimit, ...]
    """Every one of them must hold; never empty."""
    direct: tuple[TextLimit, ...] | None = None
    """The same of a direct message, where it may be longer or shorter than a post; None: `text` holds for it too."""
    answer: tuple[TextLimit, ...] | None = None
    """The same of an answer to a post."""
    caption: tuple[TextLimit, ...] = ()
    """These hold as well for words beside which media goes; none: `text` alone."""
    media: MediaLimit | None = None
    """None: nothing can be attached."""
    poll: PollLimit | None = None
    """None: the platform has no polls."""
    embed: EmbedLimit | None = None
    """None: nothing can be shown below the words in a frame of its own."""
    addressing: int = 0
    """So much of a text goes to naming the person for whom it is, in an answer or a direct message: there the adapter
    writes that before the words."""

    def text_on(self, surface: Surface) -> tuple[TextLimit, ...]:
        """Return what the words of one post may be on this surface."""
        own = {Surface.DIRECT_MESSAGE: self.direct, Surface.REPLY: self.answer}
        limits = own.get(surface) or self.text
        if not self.addressing or surface not in own:
            return limits
        return tuple(replace(limit, length=limit.length - self.addressing) for limit in limits)


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
    quotes: bool = False
    """A post may quote another."""
    content_warnings: bool = False
    """A post may be hidden behind a warning in any words."""
    warning_labels: frozenset[str] = field(default_factory=frozenset[str])
    """Warnings that may be chosen where the platform has labels of its own instead of words."""
    holds_answers: str | None = None
    """Why the platform wants no answer that a machine wrote by itself: each waits for a person. None: it does not.
    Looked at when the account has signed in."""
    visibilities: frozenset[Visibility] = field(default_factory=frozenset[Visibility])
    """Who may be chosen to see a post; empty: there is nothing to choose."""

    def lacks(self, post: Post) -> str | None:
        """Say what `post` has that this account cannot publish at all, whatever its size; None: nothing."""
        if post.quote is not None and not self.quotes:
            return "posts quote nothing here"
        warning = post.content_warning
        if warning is not None and not self.content_warnings and warning not in self.warning_labels:
            labels = ", ".join(sorted(self.warning_labels))
            return f"a content warning is one of {labels} here" if labels else "there are no content warnings here"
        if post.visibility is not None and post.visibility not in self.visibilities:
            return f"a post cannot be {post.visibility} here"
        if post.poll is not None and self.limits.poll is None:
            return "there are no polls here"
        if post.embed is not None and self.limits.embed is None:
            return "there are no embeds here"
        if post.media and self.limits.media is None:
            return "nothing can be attached here"
        return None
