"""Rate limits as Discord has them: a bucket for each route and channel, and one for everything."""

import hashlib
import math
import time
from collections import deque

from fake_discord.store import Document

__all__ = ["Limits"]

SHARED_WINDOW = 600.0


class Limits:
    """Counts what bots ask for."""

    def __init__(self, *, writes: tuple[int, float], overall: int) -> None:
        """`writes` are so many messages to a channel in so many seconds, `overall` requests in a second."""
        self._writes = writes
        self._overall = overall
        self._asked: dict[tuple[str, str, str], deque[float]] = {}
        self._everything: dict[str, deque[float]] = {}
        self.invalid: dict[str, deque[float]] = {}
        """Bot → when it sent what Discord calls an invalid request."""

    def count(self, bot: str, route: str, major: str) -> tuple[dict[str, str], Document | None]:
        """Count a request; return the headers of its answer and, when it is one too many, the body of the refusal."""
        now = time.time()
        everything = self._everything.setdefault(bot, deque())
        while everything and everything[0] <= now - 1:
            everything.popleft()
        if len(everything) >= self._overall:
            wait = everything[0] + 1 - now
            headers = {"Retry-After": str(math.ceil(wait)), "X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
            return headers, self._refusal(wait, is_global=True)
        most, seconds = self._writes if route.startswith("POST /channels/:id/messages") else (50, 1.0)
        asked = self._asked.setdefault((bot, route, major), deque())
        while asked and asked[0] <= now - seconds:
            asked.popleft()
        resets = (asked[0] if asked else now) + seconds
        headers = {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(max(0, most - len(asked) - 1)),
            "X-RateLimit-Reset": f"{resets:.3f}",
            "X-RateLimit-Reset-After": f"{resets - now:.3f}",
            "X-RateLimit-Bucket": hashlib.md5(route.encode(), usedforsecurity=False).hexdigest(),
        }
        if len(asked) >= most:
            wait = resets - now
            headers |= {"Retry-After": str(math.ceil(wait)), "X-RateLimit-Scope": "user"}
            return headers, self._refusal(wait, is_global=False)
        asked.append(now)
        everything.append(now)
        return headers, None

    def _refusal(self, wait: float, *, is_global: bool) -> Document:
        return {"message": "You are being rate limited.", "retry_after": round(wait, 3), "global": is_global}
