"""Money for trying: a limit for one command, kept in memory alone."""

from greenroom.generation import EngineUnavailable
from greenroom.policy import USD
from greenroom.storage import NOBODYS, Cause

__all__ = ["Pocket"]


class _Taken:
    def __init__(self, pocket: "Pocket", micros: int) -> None:
        self._pocket = pocket
        self._micros = micros

    async def settle(self, micros: int) -> None:
        """Replace what was set aside by what the call cost."""
        self._pocket.spent += micros - self._micros


class Pocket:
    """A purse for as long as a command takes: what it pays is real, and stands in no ledger."""

    def __init__(self, limit: int) -> None:
        """Take the limit in millionths of a US dollar."""
        self._limit = limit
        self.spent = 0
        """Millionths of a US dollar so far; what was set aside and never settled counts in full."""

    async def reserve(self, micros: int, *, turn: str, model: str, cause: Cause = NOBODYS) -> _Taken:
        """Set an amount aside.

        :raises EngineUnavailable: it does not fit into what is left. Nothing can be told then of what the persona says
        """
        if self.spent + micros > self._limit:
            raise EngineUnavailable(
                f"one command may pay {self._limit / USD:.6f} USD (limits: spend), and the {micros / USD:.6f} USD that "
                "this call may cost do not fit into what is left of it"
            )
        self.spent += micros
        return _Taken(self, micros)
