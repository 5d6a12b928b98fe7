"""How often something may be asked of TikTok: counted here, so that nothing is asked which would be refused."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from greenroom_adapters.contract import Quota

__all__ = ["Rate"]


class Rate:
    """So many requests within a time that moves along."""

    def __init__(self, name: str, most: int, *, per: timedelta, now: Callable[[], datetime]) -> None:
        self._name = name
        self._most = most
        self._per = per
        self._now = now
        self._made: deque[datetime] = deque()

    def wait(self) -> timedelta:
        """Return for how long nothing may be asked; zero: it may be now."""
        now = self._now()
        # what was noted later than now was noted by a clock that has been set back since
        while self._made and not timedelta(0) <= now - self._made[0] < self._per:
            self._made.popleft()
        return timedelta(0) if len(self._made) < self._most else self._per - (now - self._made[0])

    def note(self) -> None:
        """Note that something is asked now."""
        self._made.append(self._now())

    def quota(self) -> Quota:
        """Return how much is left."""
        wait = self.wait()
        resets_at = (self._made[0] if self._made else self._now()) + self._per
        left = 0 if wait else self._most - len(self._made)
        return Quota(bucket=self._name, limit=self._most, remaining=left, resets_at=resets_at)
