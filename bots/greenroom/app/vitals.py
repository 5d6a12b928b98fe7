"""How the accounts of a running bot are at this moment."""

from greenroom.storage import CLOCK, State
from greenroom.telemetry import Vitals
from greenroom.turns import AccountDesk

__all__ = ["vitals_of"]

BEHIND = 60_000_000
"""Microseconds past the time of a post after which it should be over."""


def vitals_of(desk: AccountDesk, *, now: int) -> Vitals:
    """Return how an account is; `now` is in microseconds since 1970. Asks nobody, and looks at what is in memory."""
    late = sum(
        turn.kind == CLOCK and turn.state < State.SENDING and turn.expires + BEHIND < now for turn in desk.in_memory()
    )
    return Vitals(is_connected=desk.is_connected, away_since=desk.away_since() or 0, late=late)
