"""A WebSocket that comes back by itself: some fast tries, then slow ones with jitter."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from greenroom_adapters.contract import RateLimited, Unavailable
from greenroom_adapters.transport.http import Http
from greenroom_adapters.transport.nesting import levelled

__all__ = ["Closed", "Opened", "Pace", "frames"]

MESSAGE_CAP = 4 * 1024 * 1024
STEADY_SECONDS = 10.0
"""A connection that lasted this long was a good one: the next tries are fast again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long to wait before each try to connect again."""

    fast: tuple[timedelta, ...] = (
        timedelta(0),
        timedelta(seconds=0.1),
        timedelta(seconds=0.5),
        timedelta(seconds=2),
    )
    """The first waits, as they are: most interruptions are short."""
    slow: timedelta = timedelta(seconds=15)
    """Every later wait, give or take half of it: a platform that comes back is not met by everybody at once."""

    def wait(self, failures: int, rng: random.Random) -> timedelta:
        """Return the wait after this many failures in a row (1 is the first)."""
        if failures <= len(self.fast):
            return self.fast[failures - 1]
        return self.slow * rng.uniform(0.5, 1.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The stream is open (again): from here on, and not before, frames arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """The stream broke or could not be opened; the next try follows after `wait`."""

    reason: str
    wait: timedelta


async def frames(
    http: Http,
    path: str,
    *,
    query: Callable[[], Mapping[str, str]] = dict,
    pace: Pace | None = None,
    heartbeat: timedelta = timedelta(seconds=10),
    silence: timedelta | None = None,
    message_cap: int = MESSAGE_CAP,
    rng: random.Random | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[Opened | Closed | str | bytes, None]:
    """Yield what comes through the WebSocket at `path`, for ever.

    `query` is asked before each try, so a resume point can move. What was sent between `Closed` and `Opened` is not
    here: the consumer reads it elsewhere. A connection that answers no ping is given up, and so is one that says
    nothing for as long as `silence`. What is nested too deep in a frame of JSON is null there. Close it with `aclose`.

    :raises AuthenticationFailed: the platform does not let this account in (any more)
    """
    pace = pace or Pace()
    rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        try:
            socket = await http.open_websocket(path, query=query(), heartbeat=heartbeat, message_cap=message_cap)
        except Unavailable as exc:
            reason = str(exc)
            asked = exc.retry_after if isinstance(exc, RateLimited) else timedelta(0)
        else:
            asked = timedelta(0)
            opened_at = loop.time()
            try:
                yield Opened()
                while True:
                    async with asyncio.timeout(None if silence is None else silence.total_seconds()):
                        message = await socket.receive()
                    if message.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                        break
                    yield levelled(message.data)
                error = socket.exception()
                reason = http.redactor.clean(f"{error}") if error else f"closed with code {socket.close_code}"
            except TimeoutError:
                reason = "it fell silent"
            finally:
                await socket.close()
            if loop.time() - opened_at >= STEADY_SECONDS:
                failures = 0
        failures += 1
        wait = max(asked, pace.wait(failures, rng))
        yield Closed(reason=reason, wait=wait)
        await sleep(wait.total_seconds())
