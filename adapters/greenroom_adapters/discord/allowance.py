"""What Discord's limits leave: known from its headers, so that no request is sent which it would refuse."""

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from greenroom_adapters.contract import Quota
from greenroom_adapters.remembering import Recent
from greenroom_adapters.transport import Answer, read_quota, read_retry_after, system_now

__all__ = ["Allowance", "quota_of"]


BUCKETS = 2000
"""How many are remembered; the one that was heard of longest ago goes first."""
INVALID_WITHIN = 600.0
INVALID_MOST = 5000
"""Discord bans an address for a while after 10,000 invalid requests in ten minutes; half of that is ours."""
MAJOR = re.compile(r"^/(channels|guilds|webhooks)/(\d+)")
TOKEN = re.compile(r"^/(?:webhooks|interactions)/\d+/[^/]+")
"""Each of these has a bucket of its own."""
ID = re.compile(r"/\d+")
EMOJI = re.compile(r"/reactions/[^/]+")


def quota_of(answer: Answer, channel: str) -> Quota | None:
    """Return the limit that a message counted against: each channel, or webhook, has its own of the same bucket."""
    told = read_quota(answer.headers, now=system_now())
    return None if told is None else replace(told, bucket=f"{told.bucket}:{channel}")


class Allowance:
    """The limits of one account ("Rate limits"): a bucket for each kind of request and channel, one for everything,
    and one for what is refused."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._names = Recent[str, str](BUCKETS)
        """Route → the bucket that it counts against, as Discord calls it."""
        self._free_at = Recent[tuple[str, str], float](BUCKETS)
        """(bucket, channel or server) that is used up → when it is full again."""
        self._everything_free_at = 0.0
        self._invalid: deque[float] = deque(maxlen=INVALID_MOST)

    def wait(self, method: str, path: str) -> timedelta:
        """Return how long such a request has to wait; zero: it may go."""
        now = self._clock()
        until = max(now, self._everything_free_at)
        route, major = _route(method, path)
        until = max(until, self._free_at.get((self._names.get(route, route), major), 0.0))
        if len(self._invalid) == INVALID_MOST:
            until = max(until, self._invalid[0] + INVALID_WITHIN)
        return timedelta(seconds=until - now)

    def heard(self, method: str, path: str, answer: Answer) -> None:
        """Take in what an answer says."""
        now = self._clock()
        headers = answer.headers
        route, major = _route(method, path)
        bucket = headers.get("X-RateLimit-Bucket")
        if bucket:
            self._names[route] = bucket
        name = (bucket or self._names.get(route, route), major)
        if answer.status == 429:
            waits = read_retry_after(headers, now=system_now())
            until = now + (waits.total_seconds() if waits is not None else 1.0)
            if headers.get("X-RateLimit-Global") or headers.get("X-RateLimit-Scope") == "global":
                self._everything_free_at = until
            else:
                self._free_at[name] = until
        elif headers.get("X-RateLimit-Remaining") == "0":
            self._free_at[name] = now + _seconds(headers.get("X-RateLimit-Reset-After", ""))
        else:
            self._free_at.pop(name, None)
        shared = answer.status == 429 and headers.get("X-RateLimit-Scope") == "shared"
        if answer.status in (401, 403, 429) and not shared:
            self._invalid.append(now)


def _route(method: str, path: str) -> tuple[str, str]:
    """Return what a request is by its kind, and the channel or server whose own bucket it has."""
    path = path.partition("?")[0]
    if (token := TOKEN.match(path)) is not None:
        return f"{method} /:token{path[token.end() :]}", token[0]
    major = MAJOR.match(path)
    kind = ID.sub("/:id", EMOJI.sub("/reactions/:emoji", path))
    return f"{method} {kind}", major[2] if major is not None else ""


def _seconds(text: str) -> float:
    try:
        return min(max(0.0, float(text)), 24 * 3600.0)
    except ValueError:
        return 0.0
