"""What an engine is asked for, what it returns, and how it fails."""

import abc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from greenroom.memory import NOTHING_FOUND, Found
from greenroom.personas.persona import Persona
from greenroom.personas.silences import Silence
from greenroom.storage import NOBODYS, Cause, PersonFact
from greenroom_adapters.contract import Author, GreenroomError, RemoteMedia, Surface, TextLimit, Trust

__all__ = [
    "NOTHING",
    "Brief",
    "BudgetSpent",
    "Engine",
    "EngineUnavailable",
    "Generated",
    "GenerationError",
    "Line",
    "ModelUnknown",
    "NothingToAdd",
    "Overlong",
    "Refused",
    "ShareSpent",
    "Sight",
    "no_documents",
    "no_facts",
    "no_history",
    "no_pictures",
]

NOTHING = "[nothing]"
"""What a model returns instead of a text where it may be silent (`Brief.may_be_silent`)."""


class GenerationError(GreenroomError):
    """Base of every failure to find words. Nothing was published."""


class Refused(GenerationError):
    """The engine (or its provider) will not answer this. Asking again will not help; another engine may."""


class Overlong(GenerationError):
    """The engine stopped at its own limit before the text was whole."""


class EngineUnavailable(GenerationError):
    """The engine cannot answer now."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None, permanent: bool = False) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """How long its server asked us to wait; None: it did not say."""
        self.permanent = permanent
        """A person must mend it (key unknown, no such model): waiting will not help."""


class ModelUnknown(EngineUnavailable):
    """Its server has no such model, or not for this key."""


class BudgetSpent(GenerationError):
    """The money for this period is spent; nothing was asked and nothing was paid."""


class NothingToAdd(GenerationError):
    """There is nothing worth saying to it, and the persona is silent then (`silent_when: nothing_to_add`)."""


class ShareSpent(BudgetSpent):
    """What one person may cost on a day is spent, for the one who asked; nothing was asked and nothing was paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was said earlier in the conversation. Text of others is untrusted."""

    author: Author | None
    """None: the bot itself."""
    text: str
    trust: Trust = Trust.ANYONE
    """How far whoever said it is trusted; a line of the bot's own: as far as whatever it was written from."""


async def no_history() -> tuple[Line, ...]:
    """Return nothing: the conversation begins here."""
    return ()


async def nothing_elsewhere() -> tuple[str, ...]:
    """Return nothing: this is all that was said."""
    return ()


async def no_documents() -> Found:
    """Return nothing: there are none to look into."""
    return NOTHING_FOUND


async def no_facts() -> tuple[PersonFact, ...]:
    """Return nothing: nobody has said anything of himself."""
    return ()


async def no_pictures() -> tuple[bytes, ...]:
    """Return nothing: there is nothing to look at."""
    return ()


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that is to be described for people who cannot see it."""

    persona: Persona
    picture: bytes
    """JPEG, small. What is written in it is untrusted."""
    most: int
    """Characters that a description may have."""
    turn: str = ""
    cause: Cause = NOBODYS
    about: str | None = None
    """What it was made of or goes with, in the owner's words."""


class Brief(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine is asked for. What people wrote (`said`, `history`, `item`) is untrusted; `about` is the owner's.

    A struct and not a dataclass, as all that is made anew for every turn: it costs a quarter.
    """

    persona: Persona
    surface: Surface
    limits: tuple[TextLimit, ...]
    """The platform's own; all of them hold."""
    seed: str
    """Stable for the turn: the same brief with the same seed may give the same text."""
    turn: str = ""
    """Identity of the turn, for the record of what was paid."""
    cause: Cause = NOBODYS
    """Of whom and of what that is, for the same record."""
    about: str | None = None
    """Posts: what to write about, in the owner's words."""
    item: str | None = None
    """Posts: what stands in a feed, its title in the first line, about which the post is."""
    options: tuple[str, ...] = ()
    """Posts: the answers of the poll whose question the text asks, in the owner's words; empty: there is none."""
    said: str | None = None
    """Replies: the text that is answered."""
    author: Author | None = None
    """Who wrote `said`; `author.trust` says how far to trust it."""
    platform: str = ""
    """Where `said` came from."""
    relation: str | None = None
    """Replies: what `author` is to the persona, in the owner's words."""
    at: datetime | None = None
    """Posts: when it will be read (aware), where it is written ahead of that; None: it is written for now."""
    is_caption: bool = False
    """Posts: a picture or a clip is shown with the words."""
    choices: tuple[str, ...] = ()
    """Replies: what a model may choose to have done, `reply` among it where it may answer; empty: it answers."""
    below: str | None = None
    """Words of the owner's that stand below the text, whoever writes it; no bound of the persona's counts them."""
    media: tuple[RemoteMedia, ...] = ()
    language: str | None = None
    correction: str | None = None
    """Why the previous text would not do ("over the limit by 40 characters"); None on the first try."""
    history: Callable[[], Awaitable[tuple[Line, ...]]] = no_history
    """The conversation so far, oldest first; for a post: the bot's own recent posts. Read only when called."""
    elsewhere: Callable[[], Awaitable[tuple[str, ...]]] = nothing_elsewhere
    """Replies: what the bot said to `author` lately in other conversations, not to be shown to anybody: who is answered
    by a script is not told the same again while there are other words. Read only when called."""
    facts: Callable[[], Awaitable[tuple[PersonFact, ...]]] = no_facts
    """What the author has said of himself and may be used here, the newest first; untrusted. Read only when called."""
    documents: Callable[[], Awaitable[Found]] = no_documents
    """What the owner's documents have on it; untrusted. Looked into only when called, and once."""
    pictures: Callable[[], Awaitable[tuple[bytes, ...]]] = no_pictures
    """What was sent with `said`, as small JPEG files. Fetched only when called, by an engine that sees."""

    @property
    def trust(self) -> Trust:
        """How far whoever it follows is trusted: the author of what is answered; a post follows the owner's words,
        unless it is about what stands in a feed."""
        if self.said is None:
            return Trust.OWNER if self.item is None else Trust.ANYONE
        return Trust.ANYONE if self.author is None else self.author.trust

    @property
    def may_be_silent(self) -> bool:
        """Whether an engine may say that it has nothing to add."""
        return self.said is not None and Silence.NOTHING_TO_ADD in self.persona.silent_when


class Generated(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine returned."""

    text: str
    engine: str
    """As the bot file names it."""
    model: str | None = None
    """The model that the server says answered."""
    cost: int = 0
    """Millionths of a US dollar that were settled for it."""
    found: Found | None = None
    """The documents that it was shown, and is held to; None: none, or it wrote nothing but its owner's words."""
    notes: tuple[str, ...] = ()
    """What its owner should know of the way it came about, in words."""
    trust: Trust = Trust.ANYONE
    """How far the least trusted is trusted whose words it was written from."""


class Engine(abc.ABC):
    """Finds words for a brief. Used as an async context manager by its owner when it holds connections."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """As the bot file names it."""

    @abc.abstractmethod
    async def generate(self, brief: Brief) -> Generated:
        """Write one text. Publishes nothing. May be called for thousands of briefs at once.

        :raises Refused: it will not answer this
        :raises NothingToAdd: it has nothing to say, and the persona is silent then
        :raises Overlong: it was cut off at its own limit
        :raises EngineUnavailable: it cannot answer now (or ever, see `permanent`)
        :raises BudgetSpent: the price does not fit into what is left; a `ShareSpent`: of the asker's share
        """

    async def describe(self, sight: Sight) -> Generated:
        """Write what is to be seen in a picture.

        :raises GenerationError: as `generate`; an engine that does not see says so
        """
        raise EngineUnavailable("it does not look at pictures (`sees: true` where its model can)", permanent=True)

    async def aclose(self) -> None:
        """Give connections back. Safe to call twice."""
        return
