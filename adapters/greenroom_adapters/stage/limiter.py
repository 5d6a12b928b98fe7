"""How often an account may write, and what the answer's headers say about it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Allowance", "Limiter", "Writes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Writes:
    """So many writes of one account in so much time."""

    number: int
    per: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What one write counted against."""

    limit: int
    remaining: int
    resets_at: datetime
    retry_after: int | None = None
    """Whole seconds to wait; None: the write is allowed."""

    def headers(self) -> dict[str, str]:
        """Return the headers of the answer."""
        headers = {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(math.ceil(self.resets_at.timestamp())),
            "X-RateLimit-Bucket": "writes",
        }
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        return headers


@dataclass(slots=True)
class Window:
    """What an account has used since its window began."""

    ends_at: datetime
    used: int


class Limiter:
    """Fixed windows, one per account, each beginning with the first write after the last one ended.

    Kept in memory: a restart of the Stage begins anew, which errs on the side of the writer.
    """

    def __init__(self, writes: Writes, *, now: Callable[[], datetime]) -> None:
        self._writes = writes
        self._now = now
        self._windows: dict[str, Window] = {}
        self.refused = 0
        """Writes that came too early since the start."""

    def set(self, writes: Writes) -> None:
        """Change the limit; every account begins anew."""
        self._writes = writes
        self._windows.clear()

    def count(self, account_id: str) -> Allowance:
        """Count one write of an account, or say how long it has to wait."""
        now = self._now()
        limit = self._writes.number
        window = self._windows.get(account_id)
        if window is None or now >= window.ends_at:
            window = self._windows[account_id] = Window(ends_at=now + self._writes.per, used=0)
        if window.used >= limit:
            self.refused += 1
            wait = max(1, math.ceil((window.ends_at - now).total_seconds()))
            return Allowance(limit=limit, remaining=0, resets_at=window.ends_at, retry_after=wait)
        window.used += 1
        return Allowance(limit=limit, remaining=limit - window.used, resets_at=window.ends_at)
