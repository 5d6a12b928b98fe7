"""The seam of judging: what a model that knows harm says of a text."""

import abc

from greenroom.storage import NOBODYS, Cause, Judgement

__all__ = ["Moderator"]


class Moderator(abc.ABC):
    """Judges texts. Whoever made it closes it."""

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """As the bot file names it."""

    @abc.abstractmethod
    async def judge(self, text: str, *, turn: str, cause: Cause = NOBODYS) -> Judgement:
        """Return what it says of a text. Never raises for what a server does: where nobody could judge, the judgement
        says why."""

    @abc.abstractmethod
    async def finish(self) -> None:
        """Let every call that is under way end, then close; cancelled, close at once."""

    @abc.abstractmethod
    async def aclose(self) -> None:
        """Give connections back. Safe to call twice."""
