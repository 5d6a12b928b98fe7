"""What the accounts of one bot share."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from greenroom.policy import Policy
from greenroom.storage import Turn
from greenroom.turns.outage import Outage
from greenroom.turns.speaking import Floor

__all__ = ["Shared", "Watch"]

Watch = Callable[[Turn, Coroutine[Any, Any, None]], Coroutine[Any, Any, None]]
"""Goes round the work on a turn: takes both, and returns what does that work and sees how long it took and where the
turn rests then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all accounts of one bot have in common. None of it is replaced while the bot runs."""

    bot: str
    floor: Floor
    policy: Policy
    outage: Outage
    alone: asyncio.Lock
    """Held by a turn that takes its last chance."""
    obey: Callable[[Turn], Awaitable[str]]
    """Does what somebody told the bot by a command, and returns what is to be said to that."""
    admission: int
    """Turns of one account in memory at the most; the rest waits on disk."""
    flush_every: float
    """Seconds after which cursors that moved in memory are on disk."""
    watches: Sequence[Watch] = ()
    """Go round the work on every turn, the first one innermost."""
