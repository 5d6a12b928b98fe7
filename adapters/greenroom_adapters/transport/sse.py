"""Server-sent events that come back by themselves, in the manner of `frames`."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import aiohttp

from greenroom_adapters.contract import RateLimited, Unavailable
from greenroom_adapters.transport.http import Http
from greenroom_adapters.transport.stream import MESSAGE_CAP, STEADY_SECONDS, Closed, Opened, Pace

__all__ = ["Message", "messages"]

STREAM = "text/event-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One event of the stream (HTML standard, "Server-sent events")."""

    event: str
    data: str


async def messages(
    http: Http,
    path: str,
    *,
    query: Callable[[], Mapping[str, str]] = dict,
    pace: Pace | None = None,
    silence: timedelta = timedelta(seconds=40),
    message_cap: int = MESSAGE_CAP,
    rng: random.Random | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[Opened | Closed | Message, None]:
    """Yield the events of the stream at `path`, for ever.

    What was sent between `Closed` and `Opened` is not here: the consumer reads it elsewhere. A stream on which nothing
    comes for `silence`, not even a comment, is given up: whoever uses this knows how often its platform sends one.
    Close it with `aclose`.

    :raises AuthenticationFailed: the platform does not let this account in (any more)
    """
    pace = pace or Pace()
    rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        try:
            response = await http.open_lines(path, query=query(), silence=silence, accept=STREAM)
        except Unavailable as exc:
            reason = str(exc)
            asked = exc.retry_after if isinstance(exc, RateLimited) else timedelta(0)
        else:
            asked = timedelta(0)
            opened_at = loop.time()
            reason = "it ended"
            try:
                yield Opened()
                reader = _Reader(message_cap)
                async for chunk in response.content.iter_any():
                    for message in reader.read(chunk):
                        yield message
            except (aiohttp.ClientError, OSError, ValueError) as exc:
                reason = http.redactor.clean(str(exc)) or "nothing came for too long"
            finally:
                response.close()
            if loop.time() - opened_at >= STEADY_SECONDS:
                failures = 0
        failures += 1
        wait = max(asked, pace.wait(failures, rng))
        yield Closed(reason=reason, wait=wait)
        await sleep(wait.total_seconds())


class _Reader:
    """Puts the lines of a stream together to events."""

    def __init__(self, cap: int) -> None:
        self._cap = cap
        self._rest = b""
        self._event = ""
        self._data: list[str] = []
        self._size = 0

    def read(self, chunk: bytes) -> list[Message]:
        """Return the events that are whole with this chunk.

        :raises ValueError: one is larger than the cap
        """
        found: list[Message] = []
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._check(len(self._rest))
        for line in lines:
            message = self._line(line.removesuffix(b"\r").decode("utf-8", "replace"))
            if message is not None:
                found.append(message)
        return found

    def _line(self, line: str) -> Message | None:
        if not line:
            event, data = self._event, "\n".join(self._data)
            is_empty = not self._data
            self._event, self._data, self._size = "", [], 0
            return None if is_empty else Message(event=event or "message", data=data)
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._event = value
        elif name == "data":
            self._data.append(value)
            self._size += len(value)
            self._check(self._size)
        return None

    def _check(self, size: int) -> None:
        if size > self._cap:
            raise ValueError(f"an event is larger than {self._cap} bytes")
