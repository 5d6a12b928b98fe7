"""Over a restart: what Discord kept for the session that ended with the last process is heard, once a new one began.

The old session is only asked for what no history has. Everything else is caught up from the histories behind the new
session's `READY`, and since the old one is replayed after that, nothing falls between the two.
"""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Collection

import aiohttp
import msgspec
from discord.errors import ConnectionClosed
from discord.gateway import ReconnectWebSocket

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, Event
from greenroom_adapters.discord.gateway import Gateway
from greenroom_adapters.discord.hearing import Hearing
from greenroom_adapters.discord.kept_session import KeptSession, Session
from greenroom_adapters.discord.mapping import DIRECT_SOURCE
from greenroom_adapters.discord.socket import Dispatch, Lost
from greenroom_adapters.discord.wire import NAMED
from greenroom_adapters.transport import Pace

__all__ = ["Resuming"]

logger = logging.getLogger(__name__)

STORES_EVERY = 5.0
"""Seconds between two looks at how far all is durable."""
TRIES = 5
YIELDED = 20_000
"""Events that are waited for until they are durable; of more, the oldest are taken to be so with a younger one."""
NO_HISTORY_HAS = frozenset({"MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK", "MESSAGE_REACTION_ADD"})


class Resuming:
    """One run of listening on the shard that hears direct conversations."""

    def __init__(
        self,
        kept: KeptSession,
        gateway: Gateway,
        hearing: Hearing,
        *,
        last: Session | None,
        direct: Collection[str],
        heard: Callable[[], None],
        pace: Pace,
        rng: random.Random,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        """`last` is the session of the run before, `direct` are conversations of which nothing was durable then.
        `heard` is called when there is something new to take."""
        self._kept = kept
        self._gateway = gateway
        self._hearing = hearing
        self._last = last
        self._heard = heard
        self._pace = pace
        self._rng = rng
        self._sleep = sleep
        self.began = asyncio.Event()
        """A session began."""
        self._yielded: deque[tuple[str, str, int]] = deque(maxlen=YIELDED)
        """Source, cursor and number of each event that is not known to be durable yet."""
        self._durable = 0
        """How many of the events that were taken are durable."""
        self._looks: deque[tuple[int, Session]] = deque(maxlen=1_000)
        """Number of events that the dispatches up to a place brought → that place."""
        self._safe: Session | None = None
        self._acknowledged: set[str] = set()
        for channel in direct:
            hearing.heard_of_direct(channel)

    async def run(self) -> None:
        """Hear what was kept, then store from time to time how far all is durable."""
        await self.began.wait()
        if self._last is not None:
            await self._replay(self._last)
            self._last = None
        while True:
            await self.store()
            await self._sleep(STORES_EVERY)

    def yielded(self, event: Event, number: int) -> None:
        """Note that an event was passed on, the `number`-th that was taken."""
        self._yielded.append((event.source, event.cursor, number))

    def acknowledged(self, source: str, cursor: str) -> None:
        """Note that everything that was passed on before this event, and it, is durable."""
        kind, _, channel = source.partition(":")
        if kind == DIRECT_SOURCE:
            self._acknowledged.add(channel)
        if not any((source, cursor) == (one, where) for one, where, _ in self._yielded):
            return
        while True:
            one, where, number = self._yielded.popleft()
            self._durable = number
            if (one, where) == (source, cursor):
                return

    async def store(self) -> None:
        """Store how far all is durable now. While the last session has not been replayed, it is kept."""
        session, waiting = self._gateway.session, self._hearing.newcomers - self._acknowledged
        if session is not None:
            self._looks.append((self._hearing.brought, msgspec.structs.replace(session)))
        nothing_is_open = not self._yielded and not self._hearing.waits
        while self._looks and (nothing_is_open or self._looks[0][0] <= self._durable):
            _, self._safe = self._looks.popleft()
        is_stored = await self._kept.remember_direct(waiting)
        if is_stored and self._last is None and self._safe is not None:
            await self._kept.remember(self._safe)

    async def _replay(self, last: Session) -> None:
        for failures in range(1, TRIES + 1):
            try:
                is_whole = await self._gateway.missed(last, self._replayed)
            except AuthenticationFailed:
                return
            except (
                *(AdapterError, aiohttp.ClientError, OSError, RuntimeError),
                *(ReconnectWebSocket, ConnectionClosed, TimeoutError),
            ) as error:
                logger.debug("the last session cannot be taken up now: %s", type(error).__name__)
                await self._sleep(self._pace.wait(failures, self._rng).total_seconds())
            else:
                if not is_whole:
                    logger.info("Discord keeps nothing of the last session: who wrote to the bot first is not known")
                return
        logger.warning("what Discord kept of the last session could not be heard")

    def _replayed(self, told: Dispatch | Lost) -> None:
        if isinstance(told, Lost):
            return
        if told.name in NO_HISTORY_HAS:
            self._hearing.handle(told)
        elif told.name == "MESSAGE_CREATE":
            try:
                message = NAMED.decode(told.data)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return
            if message.guild_id is None and message.channel_id is not None:
                self._hearing.heard_of_direct(message.channel_id)
        self._heard()
