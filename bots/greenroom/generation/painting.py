"""Pictures from words: what a painter is asked for, what it returns, and who is asked in which order."""

import abc
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple

import msgspec

from greenroom.generation.busy import Busy
from greenroom.generation.engine import EngineUnavailable, GenerationError, ShareSpent
from greenroom.settings.picture import WithoutModel
from greenroom.storage import NOBODYS, Cause

__all__ = ["Canvas", "Painted", "Painter", "Painting", "Studio"]


class Canvas(msgspec.Struct, frozen=True, kw_only=True):
    """What a painter is asked for."""

    prompt: str
    """What is to be seen. Of people it is what they wrote: a picture can do no more than show it."""
    shape: str = "square"
    """square, wide or tall."""
    turn: str = ""
    """Identity of the turn, for the record of what was paid."""
    cause: Cause = NOBODYS
    """Of whom and of what that is, for the same record."""
    original: bytes | None = None
    """A PNG that is to be changed; None: the picture is made from nothing."""


class Painted(msgspec.Struct, frozen=True, kw_only=True):
    """What a painter returned. Its bytes are a server's: untrusted, and perhaps no picture."""

    content: bytes
    engine: str
    """As the bot file names it."""
    cost: int = 0
    """Millionths of a US dollar that were settled for it."""


class Painter(abc.ABC):
    """Makes pictures from words. Holds connections: closed by its owner."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """As the bot file names it."""

    @abc.abstractmethod
    async def paint(self, canvas: Canvas) -> Painted:
        """Make one picture, or change one. Publishes nothing.

        :raises Refused: it will not paint this
        :raises EngineUnavailable: it cannot now (or ever, see `permanent`)
        :raises BudgetSpent: the price does not fit into what is left; a `ShareSpent`: of the asker's share
        """

    async def aclose(self) -> None:
        """Give connections back. Safe to call twice."""
        return


class Painting(NamedTuple):
    """What came of asking for a picture."""

    painted: Painted | None
    """None: no model made one."""
    instead: WithoutModel
    """What becomes of the post then."""
    notes: tuple[str, ...]
    """Who could not, and why, for the record."""


class Studio:
    """Asks painters in order. Owns them: whoever made the studio closes it."""

    def __init__(self, painters: Sequence[Painter], *, instead: WithoutModel) -> None:
        """Take painters in order of preference, and what becomes of a post when none can."""
        self._painters = tuple(painters)
        self.instead = instead
        self._painting = Busy()

    @property
    def must_be_asked(self) -> bool:
        """A model is there that can be asked, or a person is to decide because there is none."""
        return bool(self._painters) or self.instead is WithoutModel.HOLD

    async def paint(self, canvas: Canvas) -> Painting:
        """Ask for a picture, each painter in turn until one can.

        :raises EngineUnavailable: none could, at least one may later, and the list ends without a card
        :raises ShareSpent: none could, and one would have, had its asker not had his share of the money
        """
        with self._painting:
            return await self._paint(canvas)

    async def _paint(self, canvas: Canvas) -> Painting:
        notes: list[str] = []
        later: EngineUnavailable | None = None
        share: ShareSpent | None = None
        for painter in self._painters:
            try:
                painted = await painter.paint(canvas)
            except EngineUnavailable as error:
                notes.append(f"{painter.name}: {error}")
                later = later or (None if error.permanent else error)
            except GenerationError as error:
                notes.append(f"{painter.name}: {error}")
                share = error if isinstance(error, ShareSpent) else share
            else:
                return Painting(painted, self.instead, tuple(notes))
        if share is not None:
            raise ShareSpent("; ".join(notes)) from share
        if later is not None and self.instead is not WithoutModel.CARD:
            raise EngineUnavailable("; ".join(notes), retry_after=later.retry_after) from later
        return Painting(None, self.instead, tuple(notes))

    async def finish(self) -> None:
        """Let every picture that is at work end, then close; cancelled, close at once."""
        try:
            await self._painting.over()
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Close every painter. Safe to call twice."""
        async with AsyncExitStack() as stack:
            for painter in self._painters:
                stack.push_async_callback(painter.aclose)
