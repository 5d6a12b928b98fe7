"""How often a listing may be looked at beside the regular looks, so that X's limits last."""

from collections import deque
from datetime import timedelta
from math import ceil, inf

__all__ = ["QUARTER", "ExtraLooks"]

QUARTER = timedelta(minutes=15)
"""X counts requests in spans of this length (X, "Rate limits")."""


class ExtraLooks:
    """What a limit leaves beside the regular looks, which nobody may use up: a stranger's messages ring, too."""

    def __init__(self, *, every: timedelta, most: int) -> None:
        """X allows `most` looks in a quarter of an hour, and one in `every` is regular."""
        self._taken: deque[float] = deque(maxlen=max(0, most - ceil(QUARTER / every)))

    def take(self, now: float) -> None:
        """Note one, in seconds of any clock."""
        self._taken.append(now)

    def earliest(self, now: float) -> float:
        """Return when the next one may be, `now` at the soonest; infinity: never."""
        if not self._taken.maxlen:
            return inf
        if len(self._taken) < self._taken.maxlen:
            return now
        return max(now, self._taken[0] + QUARTER.total_seconds())
