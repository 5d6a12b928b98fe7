"""The two streams of events that a relay has for one account: what is public, and what is sealed for it."""

import asyncio
import heapq
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import zip_longest

import msgspec
from typing_extensions import override

from greenroom_adapters.contract import Event, FollowReceived, OwnPostSeen, TextEvent, UnknownEvent
from greenroom_adapters.nostr.acquaintances import Acquaintances
from greenroom_adapters.nostr.backlog import backlog, created_at
from greenroom_adapters.nostr.connection import Connection, Mailbox
from greenroom_adapters.nostr.followers import Followers
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.merging import merged
from greenroom_adapters.nostr.position import Position
from greenroom_adapters.nostr.profiles import Profiles
from greenroom_adapters.nostr.reading import Reader, refers_to, unknown
from greenroom_adapters.nostr.wire import UNBELIEVABLE, Filter, WireEvent, read_event
from greenroom_adapters.nostr.wrapping import BACKDATED, WRAP, Rumor, unwrap
from greenroom_adapters.remembering import Recent

__all__ = ["Ears", "PublicSource", "SealedSource", "Source", "Told"]

logger = logging.getLogger(__name__)

OVERLAP = 3600
"""Seconds that are read again behind the newest moment that was reached: clocks differ, and an event reaches a relay
when its author is connected again."""
REMEMBERED = 50_000
BATCH = 100
"""Events that are understood together: who wrote them, and what they answer, is asked for at once."""
PREPARED_WITHIN = timedelta(seconds=8)


class Told:
    """Which events have been told, by whichever relay; the latest of them."""

    def __init__(self) -> None:
        self._ids = Recent[str, None](REMEMBERED)

    def __contains__(self, event: object) -> bool:
        return event in self._ids

    def add(self, event: str) -> None:
        """Note that it was told."""
        self._ids[event] = None


class Ears:
    """What is needed to understand an event: our keys, and what is known of events and people."""

    def __init__(
        self, keys: Keys, acquaintances: Acquaintances, profiles: Profiles, *, now: Callable[[], datetime]
    ) -> None:
        self.keys = keys
        self.acquaintances = acquaintances
        self.profiles = profiles
        self.reader = Reader(keys.pubkey, known=acquaintances.known, author=profiles.author)
        self.followers = Followers()
        self.now = now

    def seconds(self) -> int:
        """Return the present moment in seconds since 1970."""
        return int(self.now().timestamp())


class Source(ABC):
    """One stream of one relay."""

    name: str
    """What cursors are kept under."""

    def __init__(self, name: str, ears: Ears) -> None:
        self.name = name
        self.ears = ears

    @abstractmethod
    async def listen(self, box: Mailbox, since: int) -> None:
        """Subscribe to what comes from now on, and to the end of what came since that moment."""

    @abstractmethod
    def before(self, connection: Connection, since: int) -> AsyncGenerator[list[Event], None]:
        """Yield what the relay has stored since that moment, oldest first, some at a time."""

    @abstractmethod
    async def understand(self, raws: Iterable[msgspec.Raw], since: int) -> list[Event]:
        """Return what these events mean, in their order. Whatever they are, none is an error.

        :raises AdapterError: what they refer to cannot be asked for now
        """

    async def prepare(self, connection: Connection) -> None:
        """Learn what must be known before listening begins."""
        return

    async def widen(self, box: Mailbox, events: Iterable[Event]) -> None:
        """Subscribe to what else matters, now that these events came."""
        return

    def place(self, event: Event, position: Position) -> Event:
        """Return an event in its place, and move behind it."""
        position.take(event.id, self.reached(event, position))
        return replace(event, cursor=position.cursor())

    def reached(self, event: Event, position: Position) -> int:
        """Return the moment that an event brings. One that nobody understands has none of its own, and one from the
        future brings the present."""
        if isinstance(event, UnknownEvent):
            return position.at
        return min(int(event.occurred_at.timestamp()), self.ears.seconds())

    def begin(self) -> Position:
        """Return the place of this moment, of which what is stored already is yet to be told."""
        now = self.ears.seconds()
        return Position(now, begin=now - BIRTH)

    def since(self, position: Position) -> int:
        """Return the moment from which is read again."""
        return max(position.begin, position.at - OVERLAP)

    def _unbelievable(self, raw: msgspec.Raw, problem: Exception) -> Event:
        logger.debug("%s gave an event that cannot be believed: %s", self.name, problem)
        return unknown(bytes(raw), self.name, received_at=self.ears.now())


BIRTH = 60
"""Seconds before a new account begins to listen of which events are told when they arrive later: clocks differ."""


class PublicSource(Source):
    """Notes that name the account, what is done with its own, its own, and deletions of what was told."""

    def __init__(self, name: str, ears: Ears) -> None:
        super().__init__(name, ears)
        self._watched: frozenset[str] = frozenset()
        self._has_looked_for_followers = False
        self._asked_since = 0

    def asked(self) -> tuple[Filter, ...]:
        """Return what is asked for."""
        me = self.ears.keys.pubkey
        filters: list[Filter] = [
            {"#p": [me], "kinds": [1, 6, 7, 16]},
            {"authors": [me], "kinds": [1, 5]},
        ]
        if self.ears.acquaintances.authors:
            filters.append({"kinds": [5], "authors": list(self.ears.acquaintances.authors)})
        return tuple(filters)

    @override
    async def prepare(self, connection: Connection) -> None:
        """Learn who wrote to us of late, whose deletions matter, and who follows us already."""
        me = self.ears.keys.pubkey
        if not self.ears.acquaintances.authors:
            raws = await connection.query({"#p": [me], "kinds": [1], "limit": 100}, within=PREPARED_WITHIN)
            for raw in raws:
                event = _believed(raw)
                if event is not None:
                    self.ears.acquaintances.meet(event, is_told=True)
        if not self._has_looked_for_followers:
            await self.ears.followers.learn(connection, me)
            self._has_looked_for_followers = True

    @override
    async def listen(self, box: Mailbox, since: int) -> None:
        me = self.ears.keys.pubkey
        self._asked_since = since
        self._watched = frozenset(self.ears.acquaintances.authors)
        await box.ask("public", *({**one, "since": since, "limit": 1} for one in self.asked()))
        await box.ask("follows", {"#p": [me], "kinds": [3], "since": self.ears.seconds() - OVERLAP})

    @override
    async def widen(self, box: Mailbox, events: Iterable[Event]) -> None:
        people = frozenset(self.ears.acquaintances.authors)
        if people - self._watched:
            self._watched = people
            await box.ask("deletions", {"kinds": [5], "authors": sorted(people), "since": self._asked_since})

    @override
    async def before(self, connection: Connection, since: int) -> AsyncGenerator[list[Event], None]:
        stored = [backlog(connection, one, since=since) for one in self.asked()]
        try:
            batch: list[msgspec.Raw] = []
            async for raw in merged(stored, moment=created_at):
                batch.append(raw)
                if len(batch) == BATCH:
                    yield await self.understand(batch, since)
                    batch = []
            yield await self.understand(batch, since)
        finally:
            for one in stored:
                await one.aclose()

    @override
    async def understand(self, raws: Iterable[msgspec.Raw], since: int) -> list[Event]:
        ears = self.ears
        read: list[WireEvent | Event] = []
        for number, raw in enumerate(raws):
            try:
                event = read_event(raw)
            except UNBELIEVABLE as problem:
                read.append(self._unbelievable(raw, problem))
                continue
            if event.created_at >= since:
                read.append(event)
            if number % 20 == 19:
                await asyncio.sleep(0)  # a signature takes as long as twenty other events
        events = [event for event in read if isinstance(event, WireEvent)]
        for event in events:
            ears.acquaintances.meet(event)
        # What each of them answers first, then what they quote.
        rows = zip_longest(*(refers_to(event) for event in events))
        await ears.acquaintances.look_up(name for row in rows for name in row if name is not None)
        await ears.profiles.learn(event.pubkey for event in events if event.pubkey != ears.keys.pubkey)
        told: list[Event] = []
        for one in read:
            if not isinstance(one, WireEvent):
                told.append(one)
                continue
            try:
                meant = ears.reader.read(one, self.name)
            except ValueError as problem:
                told.append(self._unbelievable(msgspec.Raw(msgspec.json.encode(one)), problem))
                continue
            for means in meant:
                if isinstance(means, FollowReceived) and not ears.followers.is_new(one.pubkey):
                    continue
                if isinstance(means, TextEvent | OwnPostSeen):
                    ears.acquaintances.meet(one, is_told=True)
                told.append(means)
        return told


class SealedSource(Source):
    """Direct messages. The time on a wrap says nothing: it lies up to two days before that of the message.

    So what is read again reaches two days further back, and every message in it is told, however old it is, since the
    account began: one that was written while its author was away is older than what was told before it.
    """

    def __init__(self, name: str, ears: Ears) -> None:
        super().__init__(name, ears)
        self._wraps_since: int | None = None

    @override
    def since(self, position: Position) -> int:
        reached = position.at - OVERLAP
        self._wraps_since = max(position.begin, reached) - BACKDATED
        return max(position.begin, reached - BACKDATED)

    def _asked(self, since: int) -> int:
        """Return from when on wraps are asked for, which may hold messages since that moment."""
        return since - BACKDATED if self._wraps_since is None else self._wraps_since

    @override
    async def listen(self, box: Mailbox, since: int) -> None:
        wanted = {"#p": [self.ears.keys.pubkey], "kinds": [WRAP], "since": self._asked(since), "limit": 1}
        await box.ask("sealed", wanted)

    @override
    async def before(self, connection: Connection, since: int) -> AsyncGenerator[list[Event], None]:
        asked: Filter = {"#p": [self.ears.keys.pubkey], "kinds": [WRAP]}
        found: list[Event] = []
        async with aclosing(backlog(connection, asked, since=self._asked(since))) as stored:
            batch: list[msgspec.Raw] = []
            async for raw in stored:
                batch.append(raw)
                if len(batch) == BATCH:
                    found += await self.understand(batch, since)
                    batch = []
            found += await self.understand(batch, since)
        yield heapq.nsmallest(REMEMBERED, found, key=lambda event: event.occurred_at)

    @override
    async def understand(self, raws: Iterable[msgspec.Raw], since: int) -> list[Event]:
        ears = self.ears
        read: list[Rumor | Event] = []
        for raw in raws:
            await asyncio.sleep(0)  # unwrapping takes a millisecond
            try:
                told = unwrap(read_event(raw), ears.keys)
                ears.reader.direct(told, self.name)
            except UNBELIEVABLE as problem:
                read.append(self._unbelievable(raw, problem))
                continue
            if told.created_at >= since:
                read.append(told)
        people = {one.pubkey for one in read if isinstance(one, Rumor)}
        await ears.profiles.learn(people - {ears.keys.pubkey})
        return [ears.reader.direct(one, self.name) if isinstance(one, Rumor) else one for one in read]


def _believed(raw: msgspec.Raw) -> WireEvent | None:
    try:
        return read_event(raw)
    except UNBELIEVABLE:
        return None
