"""What the server says while it happens: by WebSocket, else by server-sent events, else not at all."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import AuthenticationFailed
from greenroom_adapters.mastodon.wire import FRAMES, OWNERS
from greenroom_adapters.transport import Closed, Http, Message, Opened, Pace, frames, levelled, messages

__all__ = ["Feed", "News"]

logger = logging.getLogger(__name__)

PATH = "/api/v1/streaming"
STREAM = "user"
"""The stream that has everything: notifications, deletions, edits, and the account's own statuses (documentation,
"Streaming"). What those whom the account follows write comes along, and is let go before it is looked into."""
WANTED = frozenset({"notification", "delete", "status.update"})
KEPT = 1000
"""News that wait to be taken. What is more is left to the lists, which have it as well."""
BYTES_KEPT = 8 * 1024 * 1024
"""So large they may be together; what waits alone may be larger."""
TRIES = 3
"""Failures in a row after which the next way is tried."""
AGAIN = timedelta(minutes=5)
"""How often a server that had no stream is asked again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One event of the stream."""

    event: str
    payload: bytes


class Feed:
    """The stream of one account, read in the background by the task that runs `run`.

    Nothing here is the truth: what the stream loses is found in the lists. The stream says when to read them anew.
    """

    def __init__(
        self,
        http: Http | None,
        *,
        me: str,
        pace: Pace | None = None,
        heartbeat: timedelta,
        silence: timedelta,
    ) -> None:
        """`http` leads to the streams; None: there are none."""
        self._http = http
        self._me = me.encode()
        self._pace = pace or Pace()
        self._heartbeat = heartbeat
        self._silence = silence
        self._news: deque[News] = deque()
        self._size = 0
        self._changed = asyncio.Event()
        self._wanted = asyncio.Event()
        self.is_open = False
        self.is_stale = False
        """Something may have passed by unheard: the lists must be read."""

    async def next(self, *, within: float) -> News | None:
        """Return what came next; None: nothing did within so many seconds, or the lists must be read first."""
        if not self._news and not self.is_stale:
            self._changed.clear()
            try:
                async with asyncio.timeout(within):
                    await self._changed.wait()
            except TimeoutError:
                return None
        if self.is_stale or not self._news:
            return None
        news = self._news.popleft()
        self._size -= len(news.payload)
        return news

    def try_again(self) -> None:
        """The server is back: a stream that was given up is worth another try."""
        self._wanted.set()

    async def run(self) -> None:
        """Read the stream, for ever: the best way that the server lets us go."""
        if self._http is None:
            return
        while True:
            for way in (self._by_websocket(self._http), self._by_events(self._http)):
                await self._go(way)
            self._wanted.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN.total_seconds()):
                    await self._wanted.wait()

    async def _go(self, way: AsyncGenerator[Opened | Closed | News, None]) -> None:
        """Go one way until it has failed several times in a row."""
        failures = 0
        try:
            async with aclosing(way):
                async for said in way:
                    match said:
                        case Opened():
                            self.is_open = True
                            self._must_read()
                        case Closed(reason=reason):
                            failures = 1 if self.is_open else failures + 1
                            logger.debug("the stream is away: %s", reason)
                            self._away()
                            if failures >= TRIES:
                                return
                        case News():
                            self._put(said)
        except AuthenticationFailed as refused:
            # Whether it is the account or only this way, the lists will tell.
            logger.debug("the stream is not open to the account: %s", refused)
            self._away()

    def _away(self) -> None:
        if self.is_open:
            self.is_open = False
            self._must_read()

    def _must_read(self) -> None:
        self.is_stale = True
        self._changed.set()

    def _put(self, news: News) -> None:
        size = self._size + len(news.payload)
        if len(self._news) < KEPT and (not self._news or size <= BYTES_KEPT):
            self._news.append(news)
            self._size = size
        else:
            self.is_stale = True
        self._changed.set()

    async def _by_websocket(self, http: Http) -> AsyncGenerator[Opened | Closed | News, None]:
        stream = frames(http, PATH, query=lambda: {"stream": STREAM}, pace=self._pace, heartbeat=self._heartbeat)
        async with aclosing(stream):
            async for said in stream:
                if isinstance(said, Opened | Closed):
                    yield said
                    continue
                try:
                    frame = FRAMES.decode(said)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    continue
                if frame.error is not None:
                    raise http.error(AuthenticationFailed, f"the stream says: {frame.error}")
                news = self._read(frame.event, frame.payload)
                if news is not None:
                    yield news

    async def _by_events(self, http: Http) -> AsyncGenerator[Opened | Closed | News, None]:
        stream = messages(http, f"{PATH}/{STREAM}", pace=self._pace, silence=self._silence)
        async with aclosing(stream):
            async for said in stream:
                if not isinstance(said, Message):
                    yield said
                elif (news := self._read(said.event, said.data)) is not None:
                    yield news

    def _read(self, event: str, payload: str) -> News | None:
        encoded = levelled(payload.encode("utf-8", "replace"))
        if event in WANTED:
            return News(event=event, payload=encoded)
        if event == "update" and self._me in encoded and self._is_own(encoded):
            return News(event=event, payload=encoded)
        return None

    def _is_own(self, payload: bytes) -> bool:
        try:
            owner = OWNERS.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return False
        return owner.account.id.encode() == self._me and owner.reblog is None
