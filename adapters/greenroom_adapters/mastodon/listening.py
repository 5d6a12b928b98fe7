"""What happens to the account, from its cursors on, for ever."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, Event, RateLimited
from greenroom_adapters.mastodon.entries import Entries
from greenroom_adapters.mastodon.lists import START, unread
from greenroom_adapters.mastodon.outgoing import Outgoing
from greenroom_adapters.mastodon.position import NOTIFICATIONS, POSTS, Position
from greenroom_adapters.mastodon.streaming import Feed, News
from greenroom_adapters.mastodon.wire import IDS
from greenroom_adapters.remembering import Recent
from greenroom_adapters.transport import Pace

__all__ = ["Listening", "Rhythm"]

logger = logging.getLogger(__name__)

A_MOMENT = 0.1
"""Seconds between two looks whether a publication is over."""
TOLD = 1000
"""Events that were told and may come once more: a mention, for one, as a quote."""
PATIENCE = 1.0
"""Seconds for which the list of own posts waits for a publication to be over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often the lists are read."""

    without_stream: timedelta = timedelta(seconds=10)
    """Where the server has no stream, or while it is away. Mastodon lets an account ask once a second."""
    beside_stream: timedelta = timedelta(seconds=60)
    """Along with the stream: for what it may have lost without breaking."""
    heartbeat: timedelta = timedelta(seconds=10)
    """Silence after which a WebSocket is asked whether it lives."""
    silence: timedelta = timedelta(seconds=40)
    """Silence after which server-sent events are given up; Mastodon sends a comment every 15 seconds (documentation,
    "Streaming", heartbeat)."""
    pace: Pace = field(default_factory=Pace)
    """Of tries after a failure."""


class Listening:
    """The ears of one account.

    The server's two lists are the truth, and the stream brings what is new in them at once. Whatever the stream loses,
    doubles, reorders or keeps to itself is found when the lists are read: at the beginning, whenever the stream opens
    or breaks, and every minute.
    """

    def __init__(self, entries: Entries, outgoing: Outgoing, *, feed: Callable[[], Feed], rhythm: Rhythm) -> None:
        """`feed` makes a stream that is not being read yet."""
        self._entries = entries
        self._outgoing = outgoing
        self._feed = feed
        self._rhythm = rhythm
        self._tasks: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """End what runs in the background."""
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def events(self, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield what happened behind the cursors; in a list without one, from now on.

        :raises AuthenticationFailed: the credentials stopped working
        """
        feed = self._feed()
        task = asyncio.get_running_loop().create_task(feed.run())
        self._tasks.add(task)
        try:
            run = _Run(self._entries, self._outgoing, feed, after, self._rhythm)
            async with aclosing(run.events()) as events:
                async for event in events:
                    yield event
        finally:
            self._tasks.discard(task)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class _Run:
    """One listening: its places in the lists, and its stream."""

    def __init__(
        self, entries: Entries, outgoing: Outgoing, feed: Feed, after: Mapping[str, str], rhythm: Rhythm
    ) -> None:
        self._entries = entries
        self._outgoing = outgoing
        self._feed = feed
        self._rhythm = rhythm
        self._rng = random.Random()  # noqa: S311 - jitter, not a secret
        self._clock = asyncio.get_running_loop().time
        self._after = after
        self._places: dict[str, Position] = {}
        self._told = Recent[str, None](TOLD)
        self._own: list[bytes] = []
        """Own statuses that came while a post of ours was on its way: which one it is shows when that is over."""

    async def events(self) -> AsyncGenerator[Event, None]:
        failures = 0
        read_at = 0.0
        while True:
            try:
                if self._clock() >= read_at or self._feed.is_stale:
                    self._feed.is_stale = False  # before reading: what is lost while we read makes it stale again
                    async with aclosing(self._sweep()) as events:
                        async for event in events:
                            yield event
                    if failures:
                        logger.info("the server can be read again")
                        self._feed.try_again()
                    failures = 0
                    every = self._rhythm.beside_stream if self._feed.is_open else self._rhythm.without_stream
                    read_at = self._clock() + every.total_seconds()
                async with aclosing(self._told_by_stream(read_at)) as events:
                    async for event in events:
                        yield event
            except AuthenticationFailed:
                raise
            except AdapterError as error:
                failures += 1
                await asyncio.sleep(self._pause(failures, error))
                read_at = 0.0  # whatever it was about is still in the lists

    def _pause(self, failures: int, error: AdapterError) -> float:
        """Return how many seconds to wait after so many failures in a row."""
        # One warning for each outage, not one for each look.
        logger.log(logging.WARNING if failures == 1 else logging.DEBUG, "cannot be read now: %s", error)
        wait = self._rhythm.pace.wait(failures, self._rng)
        if isinstance(error, RateLimited):
            wait = max(wait, error.retry_after)
        return wait.total_seconds()

    async def _sweep(self) -> AsyncGenerator[Event, None]:
        """Read both lists behind our places to their ends."""
        if not self._places:
            await self._begin()
        for source, fetch in self._entries.lists.items():
            position = self._places[source]
            if source == POSTS:
                with suppress(TimeoutError):
                    async with asyncio.timeout(PATIENCE):
                        await self._outgoing.idle.wait()
            begun = self._clock()
            async with aclosing(unread(fetch, position.low)) as raws:
                async for raw in raws:
                    event = await self._new(source, bytes(raw))
                    if event is not None:
                        yield event
            position.swept(begun)

    async def _begin(self) -> None:
        now = self._clock()
        places = {source: Position.read(self._after.get(source), since=now) for source in self._entries.lists}
        here: Mapping[str, str] = await self._entries.here() if None in places.values() else {}
        self._places = {
            source: position or Position.read(here[source], since=now) or Position(START)
            for source, position in places.items()
        }

    async def _told_by_stream(self, read_at: float) -> AsyncGenerator[Event, None]:
        """Yield what the stream tells next, if it tells something before the lists are to be read."""
        if self._outgoing.idle.is_set():
            while self._own:
                event = await self._new(POSTS, self._own[0])
                del self._own[0]
                if event is not None:
                    yield event
        within = max(0.0, read_at - self._clock())
        news = await self._feed.next(within=min(within, A_MOMENT) if self._own else within)
        if news is None:
            return
        event = await self._heard(news)
        if event is not None:
            yield event

    async def _heard(self, news: News) -> Event | None:
        match news.event:
            case "notification":
                return await self._new(NOTIFICATIONS, news.payload)
            case "update":
                if POSTS in self._places:
                    self._own.append(news.payload)
                return None
            case _:
                told = await self._entries.read_news(news)
                return None if told is None else replace(told, cursor=self._places[NOTIFICATIONS].cursor())

    async def _new(self, source: str, raw: bytes) -> Event | None:
        """Return what an entry means, in its place; None: nothing, or it was taken before. An entry counts as taken
        when it has been understood: whatever fails before, it is still in the list."""
        position = self._places[source]
        try:
            name = IDS.decode(raw).id
        except (msgspec.DecodeError, UnicodeDecodeError):
            name = None
        if name is not None and position.has(name):
            return None
        event = await self._entries.read(source, raw)
        if name is not None:
            position.take(name, self._clock())
        if event is None or self._was_told(event):
            return None
        return replace(event, source=source, cursor=position.cursor())

    def _was_told(self, event: Event) -> bool:
        """Tell whether the same status was told as something else, and note it."""
        if event.source != NOTIFICATIONS:
            return False
        was_told = event.id in self._told
        self._told[event.id] = None
        return was_told
