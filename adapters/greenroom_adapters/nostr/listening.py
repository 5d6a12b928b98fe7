"""What happens at all relays of an account, from the cursors on, for ever."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, Event
from greenroom_adapters.nostr.connection import Connection
from greenroom_adapters.nostr.merging import merged
from greenroom_adapters.nostr.position import KEPT, Position
from greenroom_adapters.nostr.relay import Relay
from greenroom_adapters.nostr.relays import Relays
from greenroom_adapters.nostr.sources import Ears, PublicSource, SealedSource, Source, Told
from greenroom_adapters.transport import Pace

__all__ = ["Listening"]

logger = logging.getLogger(__name__)

WAITING = 100
"""Events that wait for the consumer; more wait at the relays."""
STALE = 60.0
"""Seconds after which a source tells an event once more that another relay has told, so that its cursor moves."""
STEADY_SECONDS = 10.0
STORED_WITHIN = timedelta(seconds=20)


class Listening:
    """The ears of one account."""

    def __init__(
        self,
        relays: Relays,
        ears: Ears,
        *,
        pace: Pace | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._relays = relays
        self._ears = ears
        self._pace = pace or Pace()
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._sleep = sleep
        self._tasks: set[asyncio.Task[None]] = set()

    async def aclose(self) -> None:
        """End everything that listens. Safe to call twice."""
        await _end(self._tasks)

    def sources(self, relay: Relay) -> tuple[Source, ...]:
        """Return the sources of one relay."""
        return (
            PublicSource(f"{relay.url} public", self._ears),
            SealedSource(f"{relay.url} direct", self._ears),
        )

    async def now(self) -> Mapping[str, str]:
        """Return the cursors of this moment. What is stored already is left out by its ids, because events of this very
        second may still come; a relay that does not answer begins at this moment."""
        found = await asyncio.gather(*(self._now(relay, source) for relay, source in self._every()))
        return {name: position.cursor() for name, position in found}

    async def events(self, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield what happened since the cursors.

        :raises AuthenticationFailed: no relay lets the account in any more
        :raises Exception: a source ended by it, and would be heard no more
        """
        queue: asyncio.Queue[Event | Exception] = asyncio.Queue(WAITING)
        told = Told()
        every = self._every()
        refused: set[str] = set()

        def let_in(source: Source, refusal: AuthenticationFailed | None) -> bool:
            """Note whether a source's relay lets us in; say whether any does."""
            if refusal is None:
                refused.discard(source.name)
            else:
                refused.add(source.name)
            return len(refused) < len(every)

        tasks = {
            asyncio.create_task(
                self._listen(relay, source, Position.read(after.get(source.name, "")), told, queue, let_in),
                name=f"nostr:listen:{source.name}",
            )
            for relay, source in every
        }
        self._tasks |= tasks
        try:
            while True:
                one = await queue.get()
                if isinstance(one, Exception):
                    raise one
                yield one
        finally:
            await _end(tasks)
            self._tasks -= tasks

    async def history(self, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what happened from `since` until now, oldest first, each once.

        :raises AdapterError: a relay cannot be asked to the end
        """
        earliest = int(since.timestamp())
        pasts = [self._past(relay, source, earliest) for relay, source in self._every()]
        told: set[str] = set()
        try:
            async for event in merged(pasts, moment=lambda event: event.occurred_at.timestamp()):
                if event.id not in told and event.occurred_at >= since:
                    told.add(event.id)
                    yield event
        finally:
            for past in pasts:
                await past.aclose()

    def _every(self) -> list[tuple[Relay, Source]]:
        return [(relay, source) for relay in self._relays for source in self.sources(relay)]

    async def _past(self, relay: Relay, source: Source, since: int) -> AsyncGenerator[Event, None]:
        connection = await relay.connection(within=STORED_WITHIN)
        async with aclosing(source.before(connection, since)) as stored:
            async for events in stored:
                for event in events:
                    yield source.place(event, Position(since))

    async def _now(self, relay: Relay, source: Source) -> tuple[str, Position]:
        position = source.begin()
        try:
            connection = await relay.connection(within=STORED_WITHIN)
            async with aclosing(source.before(connection, position.begin)) as stored:
                async for events in stored:
                    for event in events:
                        position.take(event.id, position.at)
                        if len(position) == KEPT:
                            # more than a cursor can remember: what is older is told to nobody
                            position.begin = max(position.begin, int(event.occurred_at.timestamp()))
        except AdapterError as error:
            logger.warning("a relay does not say where it stands: %s", error)
        return source.name, position

    async def _listen(
        self,
        relay: Relay,
        source: Source,
        position: Position | None,
        told: Told,
        queue: "asyncio.Queue[Event | Exception]",
        let_in: Callable[[Source, AuthenticationFailed | None], bool],
    ) -> None:
        """Follow one source; what ends that, whoever hears the events must know."""
        try:
            await self._follow(relay, source, position, told, queue, let_in)
        except Exception as error:  # noqa: BLE001 - whatever it is, `events` raises it
            await queue.put(error)

    async def _follow(
        self,
        relay: Relay,
        source: Source,
        position: Position | None,
        told: Told,
        queue: "asyncio.Queue[Event | Exception]",
        let_in: Callable[[Source, AuthenticationFailed | None], bool],
    ) -> None:
        """Follow one source for ever.

        :raises AuthenticationFailed: no relay lets the account in any more
        """
        failures = 0
        began_at = asyncio.get_running_loop().time()
        connection: Connection | None = None
        place = position
        moved_at = asyncio.get_running_loop().time()

        async def tell(events: Sequence[Event]) -> None:
            nonlocal moved_at, place
            now = asyncio.get_running_loop().time()
            for event in events:
                if place is None or place.was_told(event.id):
                    continue
                if event.id in told and now - moved_at < STALE:
                    place.take(event.id, source.reached(event, place))
                    continue
                moved_at = now
                placed = source.place(event, place)
                told.add(event.id)
                await queue.put(placed)

        while True:
            try:
                connection = await relay.opened()
                let_in(source, None)
                if place is None:
                    place = (await self._now(relay, source))[1]
                began_at = asyncio.get_running_loop().time()
                await self._session(connection, source, place, tell)
            except AuthenticationFailed as refusal:
                if not let_in(source, refusal):
                    raise
                await self._sleep(self._pace.slow.total_seconds())
            except AdapterError as error:
                if connection is None or not connection.is_open:
                    connection = None
                    logger.debug("%s: %s", source.name, error)
                    continue  # it comes back at its own pace
                if asyncio.get_running_loop().time() - began_at >= STEADY_SECONDS:
                    failures = 0
                failures += 1
                logger.log(logging.INFO if failures == 1 else logging.DEBUG, "%s: %s", source.name, error)
                # A relay that is there, and does not serve us.
                await self._sleep(self._pace.wait(failures, self._rng).total_seconds())

    async def _session(
        self,
        connection: Connection,
        source: Source,
        place: Position,
        tell: Callable[[Sequence[Event]], Awaitable[None]],
    ) -> None:
        """Tell what came since the place, then what comes, until the connection ends.

        What comes is collected from before the first page is read, so there is no gap between the two.

        :raises AdapterError: it ended
        """
        since = source.since(place)
        await source.prepare(connection)
        async with connection.mailbox() as box:
            await source.listen(box, since)
            async with aclosing(source.before(connection, since)) as stored:
                async for events in stored:
                    await tell(events)
                    await source.widen(box, events)
            while True:
                raws = [await box.next(), *box.rest()]
                events = await source.understand(raws, since)
                await tell(events)
                await source.widen(box, events)


async def _end(tasks: "set[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
