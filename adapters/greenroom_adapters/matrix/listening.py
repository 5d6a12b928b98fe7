"""What happens in the account's rooms, from a cursor on, for ever."""

import asyncio
import heapq
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Event,
    PostRejected,
    RateLimited,
    RoomUnreadable,
    Unavailable,
)
from greenroom_adapters.matrix.api import Api
from greenroom_adapters.matrix.backlog import Beginning, backlog
from greenroom_adapters.matrix.invites import Invites
from greenroom_adapters.matrix.mapping import name_of, read_event, read_invitation, read_leaving, refers_to, unknown
from greenroom_adapters.matrix.position import Position
from greenroom_adapters.matrix.reading import Context, moment
from greenroom_adapters.matrix.room import RoomFacts
from greenroom_adapters.matrix.rooms import Rooms
from greenroom_adapters.matrix.targets import Targets
from greenroom_adapters.matrix.wire import EVENTS, LEFT, WireJoined, WireSync
from greenroom_adapters.transport import Pace

__all__ = ["Listening"]

logger = logging.getLogger(__name__)


class Listening:
    """The ears of one account."""

    def __init__(
        self,
        api: Api,
        rooms: Rooms,
        invites: Invites,
        *,
        context: Callable[[], Context],
        poll: timedelta,
        now: Callable[[], datetime],
        pace: Pace | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._api = api
        self._rooms = rooms
        self._invites = invites
        self._targets = Targets(api)
        self._unreadable: set[str] = set()
        self._context = context
        self._poll = poll
        self._now = now
        self._pace = pace or Pace()
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._sleep = sleep

    async def survey(self) -> WireSync:
        """Learn of all rooms as they are now."""
        everything = await self._api.survey()
        self._rooms.replace(everything.rooms.join)
        self._rooms.learn_account_data(everything.account_data.events)
        self._invites.learn_account_data(everything.account_data.events)
        return everything

    async def events(self, position: Position | None) -> AsyncGenerator[Event, None]:
        """Yield what happened since the position, or from now on.

        :raises AuthenticationFailed: the credentials stopped working
        """
        failures = 0
        knows_rooms = False
        while True:
            try:
                if not knows_rooms:
                    everything = await self.survey()
                    position = position or Position(everything.next_batch)
                    for invitation in await self._invites.answer(everything.rooms.invite, me=self._context().me):
                        yield self._at(read_invitation(invitation, at=self._now()), position)
                    knows_rooms = True
                elif position is not None:
                    # After a failure the first look does not wait: it tells whether the platform is back.
                    batch = await self._api.sync(position.since, wait=timedelta(0) if failures else self._poll)
                    async with aclosing(self._placed(batch, position)) as events:
                        async for event in events:
                            yield event
                    position.end_batch(batch.next_batch)
                if failures:
                    logger.info("the homeserver can be read again")
                failures = 0
            except AuthenticationFailed:
                raise
            except AdapterError as error:
                failures += 1
                # One warning for each outage, not one for each look.
                logger.log(logging.WARNING if failures == 1 else logging.DEBUG, "cannot be read now: %s", error)
                wait = self._pace.wait(failures, self._rng)
                if isinstance(error, RateLimited):
                    wait = max(wait, error.retry_after)
                await self._sleep(wait.total_seconds())

    async def history(self, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what happened from `since` until now in the rooms of today, oldest first."""
        await self.survey()
        async with AsyncExitStack() as stack:
            pasts = [await stack.enter_async_context(aclosing(self._past(room, since))) for room in self._rooms]
            heads = [(event.occurred_at, number, event) async for number, event in _firsts(pasts)]
            heapq.heapify(heads)
            while heads:
                _, number, event = heads[0]
                yield event
                if (following := await anext(pasts[number], None)) is None:
                    heapq.heappop(heads)
                else:
                    heapq.heapreplace(heads, (following.occurred_at, number, following))

    async def _past(self, room: RoomFacts, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what one room knows. At most two of its pages are in memory: the newest, whose place has no name, and
        the one that is being told. The others are read twice, backwards to find the oldest and again when their turn
        comes."""
        await self._verify_alias(room)
        newest = page = await self._api.messages(room.id, before=None)
        tokens: list[str] = []
        while page.end is not None and page.end not in tokens and not _is_before(page.chunk, since):
            tokens.append(page.end)
            page = await self._api.messages(room.id, before=page.end)
        while True:
            for raw in page.state:
                room.learn(raw)
            for raw in reversed(page.chunk):
                event = await self._read(raw, room)
                if event is not None and event.occurred_at >= since:
                    yield event
            if not tokens:
                return
            tokens.pop()
            page = await self._api.messages(room.id, before=tokens[-1]) if tokens else newest

    async def _placed(self, batch: WireSync, position: Position) -> AsyncGenerator[Event, None]:
        """Yield the events of a batch with their cursors. An event counts as taken when it is given away: whatever
        fails before, a next try of the batch tells it again."""
        held: tuple[str, str, Event] | None = None
        async with aclosing(self._told(batch, position)) as told:
            async for one in told:
                if self._is_said(one[2], held):
                    continue
                if held is not None:
                    position.take(held[0], held[1])
                    yield self._at(held[2], position)
                held = one
        if held is not None:
            yield self._at(held[2], Position(batch.next_batch))

    def _is_said(self, event: Event, held: tuple[str, str, Event] | None) -> bool:
        """Tell whether this is a room of which has been said already that it cannot be read."""
        if not isinstance(event, RoomUnreadable):
            return False
        return event.id in self._unreadable or (held is not None and held[2].id == event.id)

    def _at(self, event: Event, position: Position) -> Event:
        """Return an event in its place, about to be given away."""
        if isinstance(event, RoomUnreadable):
            self._unreadable.add(event.id)
        return replace(event, cursor=position.cursor())

    async def _told(self, batch: WireSync, position: Position) -> AsyncGenerator[tuple[str, str, Event], None]:
        """Yield (room, name of the event, event), room by room, each in its order. What is about being in a room, and
        not said in it, has a place of its own: the room may be entered, or entered again, in the same batch."""
        me = self._context().me
        self._rooms.learn_account_data(batch.account_data.events)
        self._invites.learn_account_data(batch.account_data.events)
        for room, raw in sorted(batch.rooms.leave.items()):
            left = self._rooms.left(room)
            if left is not None:
                logger.warning("the account is not in %s any more", left.shown)
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                sanction = read_leaving(LEFT.decode(raw), left or RoomFacts(id=room), me=me)
                if sanction is not None:
                    yield f"left:{room}", sanction.id, sanction
        for invitation in await self._invites.answer(batch.rooms.invite, me=me):
            told = read_invitation(invitation, at=self._now())
            yield told.id, told.id, told
        for room, joined in sorted(batch.rooms.join.items()):
            facts = self._rooms.update(room, joined.summary, joined.state.events)
            if await self._invites.leave_when_crowded(facts, me=me):
                self._rooms.left(room)
                continue
            beginning = Beginning(me=me, taken=position.was_taken(room))
            async with aclosing(self._room_events(facts, joined, position.since, beginning)) as events:
                async for name, event in events:
                    yield room, name, event

    async def _room_events(
        self, room: RoomFacts, joined: WireJoined, since: str, beginning: Beginning
    ) -> AsyncGenerator[tuple[str, Event], None]:
        async with aclosing(backlog(self._api, room, joined.timeline, since=since, beginning=beginning)) as raws:
            has_begun: bool | None = None
            async for raw in raws:
                if has_begun is None:
                    has_begun = beginning.marker is None
                if has_begun:
                    event = await self._read(raw, room)
                    if event is not None:
                        yield name_of(raw), event
                    continue
                room.learn(raw)
                has_begun = name_of(raw) == beginning.marker

    async def _read(self, raw: msgspec.Raw, room: RoomFacts) -> Event | None:
        """Return what an event means; whatever it is, it does not end the stream.

        :raises Unavailable: what it refers to cannot be asked for now
        """
        try:
            event = EVENTS.decode(raw)
            if event.state_key is not None:
                room.learn(raw)
            await self._verify_alias(room)
            refers = refers_to(event)
            target = None if refers is None else await self._targets.find(room.id, refers)
            self._targets.saw(room.id, event)
            return read_event(event, room, target, self._context())
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            return unknown(bytes(raw), received_at=self._now())

    async def _verify_alias(self, room: RoomFacts) -> None:
        """Ask whether the room's alias leads to it, once for each alias. While that cannot be told, the room goes by
        its name."""
        if not room.alias or room.alias_is_true is not None:
            return
        try:
            room.alias_is_true = await self._api.room_of(room.alias) == room.id
        except (PostRejected, Unavailable) as error:
            room.alias_is_true = False
            logger.warning("a room's alias does not prove true, so the room goes by its name or id: %s", error)


async def _firsts(pasts: Sequence[AsyncGenerator[Event, None]]) -> AsyncGenerator[tuple[int, Event], None]:
    """Yield the first event of each that has one, with its number."""
    for number, past in enumerate(pasts):
        if (event := await anext(past, None)) is not None:
            yield number, event


def _is_before(newest_first: tuple[msgspec.Raw, ...], since: datetime) -> bool:
    """Tell whether a page reaches back before a moment."""
    for raw in reversed(newest_first):
        try:
            return moment(EVENTS.decode(raw).origin_server_ts) < since
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            continue
    return False
