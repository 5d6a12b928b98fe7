"""What an engine needs to know about money: reserve before a call, settle after it."""

from collections.abc import Callable
from typing import Protocol

from greenroom.policy import Lack
from greenroom.storage import NOBODYS, Cause

__all__ = ["Note", "Purse", "Reservation"]

Note = Callable[[int, str, str], None]
"""Writes a line into the journal of a turn (its seq): what, and why."""


class Reservation(Protocol):
    """Money set aside for one paid call, already on disk. What is never settled counts as spent in full."""

    async def settle(self, micros: int) -> None:
        """Replace the reserved amount by what the call really cost, in millionths of a US dollar. At most once."""
        ...


class Purse(Protocol):
    """Where money for paid calls comes from."""

    async def reserve(self, micros: int, *, turn: str, model: str, cause: Cause = NOBODYS) -> Reservation | Lack:
        """Set `micros` millionths of a US dollar aside for a call of `model` that serves `turn`, because of `cause`.

        Returns when the reservation is durable; a `Lack` when the amount does not fit into what is left, and then
        nothing was recorded.
        """
        ...
