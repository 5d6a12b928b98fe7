"""What happens in the account's channels, from cursors on, for ever."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping
from contextlib import aclosing
from datetime import datetime

import msgspec

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, Event, PostRejected, RateLimited
from greenroom_adapters.discord.api import PAGE, Api
from greenroom_adapters.discord.gateway import Gateway
from greenroom_adapters.discord.hearing import Hearing
from greenroom_adapters.discord.interactions import Interactions
from greenroom_adapters.discord.kept_session import KeptSession, Session
from greenroom_adapters.discord.mapping import Reader
from greenroom_adapters.discord.memory import Memory
from greenroom_adapters.discord.places import DIRECT, Places
from greenroom_adapters.discord.resuming import Resuming
from greenroom_adapters.discord.snowflakes import first_of
from greenroom_adapters.discord.wire import MESSAGE, WireChannel
from greenroom_adapters.transport import Pace

__all__ = ["Listening"]

logger = logging.getLogger(__name__)


class Listening:
    """The ears of one account."""

    def __init__(
        self,
        api: Api,
        places: Places,
        memory: Memory,
        *,
        me: str,
        called: str,
        gateways: Callable[[], list[Gateway]],
        reads_everything: Callable[[], bool],
        interactions: Interactions,
        now: Callable[[], datetime],
        pace: Pace,
        kept: KeptSession,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`me` is the bot's id, `called` its name. `gateways` makes the connections of one run, one for each shard."""
        self._api = api
        self._places = places
        self._memory = memory
        self._me = me
        self._reader = Reader(me=me, places=places, called=called)
        self._gateways = gateways
        self._reads_everything = reads_everything
        self._interactions = interactions
        self._now = now
        self._pace = pace
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._sleep = sleep
        self._kept = kept
        self._resumings: set[Resuming] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._direct: set[str] = set()
        """Direct conversations that ended runs of `events` had heard of."""
        self._hearings: list[Hearing] = []
        """Runs that go on."""

    async def aclose(self) -> None:
        """End every run of `events`; whoever still reads one gets to its end."""
        pumps = list(self._pumps)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    async def events(self, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield what happened since the cursors.

        :raises AuthenticationFailed: the credentials stopped working
        """
        hearing = Hearing(
            after,
            reader=self._reader,
            places=self._places,
            memory=self._memory,
            now=self._now,
            reads_everything=self._reads_everything(),
            begins=first_of(self._now()) - 1,
            interactions=self._interactions,
        )
        last, direct = await self._kept.recall()
        news = asyncio.Event()
        gateways = self._gateways()
        # the first shard is the one that hears direct conversations
        resuming = self._resuming(gateways[0], hearing, last=last, direct=direct, heard=news.set)
        pumps = [
            asyncio.create_task(self._pump(gateway, hearing, news, resuming if shard == 0 else None))
            for shard, gateway in enumerate(gateways)
        ]
        self._pumps.update(pumps)
        keeping = None if resuming is None else asyncio.create_task(resuming.run())
        clock = asyncio.get_running_loop().time
        failures, rests_until = 0, 0.0
        self._hearings.append(hearing)
        try:
            while True:
                while (event := hearing.take()) is not None:
                    if resuming is not None:
                        resuming.yielded(event, hearing.taken)
                    yield event
                for pump in pumps:
                    if pump.cancelled():  # the adapter was left
                        return
                    if pump.done():
                        pump.result()
                        return
                channel = hearing.positions.behind()
                rest = rests_until - clock()
                if channel is None or rest > 0:
                    await _next(news, within=None if channel is None else rest)
                    continue
                try:
                    async with aclosing(self._page(channel, hearing)) as past:
                        async for event in past:
                            yield event
                    failures = 0
                except AuthenticationFailed:
                    raise
                except AdapterError as error:
                    failures += 1
                    level = logging.WARNING if failures == 1 else logging.DEBUG
                    logger.log(level, "what was missed cannot be read now: %s", error)
                    wait = self._pace.wait(failures, self._rng)
                    if isinstance(error, RateLimited):
                        wait = max(wait, error.retry_after)
                    rests_until = clock() + wait.total_seconds()
        finally:
            self._hearings.remove(hearing)
            self._direct.update(hearing.positions.direct())
            ending = pumps if keeping is None else [*pumps, keeping]
            for task in ending:
                task.cancel()
            await asyncio.gather(*ending, return_exceptions=True)
            self._pumps.difference_update(pumps)
            if resuming is not None:
                self._resumings.discard(resuming)
                await resuming.store()

    def acknowledged(self, source: str, cursor: str) -> None:
        """Note that everything up to this event is durable."""
        for resuming in self._resumings:
            resuming.acknowledged(source, cursor)

    def _resuming(
        self,
        gateway: Gateway,
        hearing: Hearing,
        *,
        last: Session | None,
        direct: Collection[str],
        heard: Callable[[], None],
    ) -> Resuming | None:
        if not self._kept.is_there:
            return None
        resuming = Resuming(
            self._kept,
            gateway,
            hearing,
            last=last,
            direct=direct,
            heard=heard,
            pace=self._pace,
            rng=self._rng,
            sleep=self._sleep,
        )
        self._resumings.add(resuming)
        return resuming

    async def _pump(self, gateway: Gateway, hearing: Hearing, news: asyncio.Event, resuming: Resuming | None) -> None:
        try:
            async with aclosing(gateway.dispatches()) as dispatches:
                async for dispatch in dispatches:
                    hearing.handle(dispatch)
                    if resuming is not None:
                        resuming.began.set()
                    news.set()
        finally:
            news.set()

    async def _page(self, channel: str, hearing: Hearing) -> AsyncGenerator[Event, None]:
        """Yield a page of what was missed in a channel."""
        mark = hearing.positions.get(channel)
        if mark is None:
            return
        hints, before = mark.hints, mark.last
        try:
            if not mark.is_direct and channel not in self._places and not await self._learn(channel):
                hearing.positions.caught_up(channel)
                return
            raws = await self._api.messages(channel, after=mark.last)
        except PostRejected as refused:
            logger.debug("the history of %s is not for our eyes: %s", channel, refused)
            hearing.newcomers.discard(channel)
            hearing.positions.caught_up(channel)
            return
        for raw in reversed(raws):
            event = hearing.from_history(channel, raw)
            if event is not None:
                yield event
        is_whole = len(raws) < PAGE or mark.last == before
        if is_whole and mark.hints == hints:
            hearing.positions.caught_up(channel)

    async def _learn(self, channel: str) -> bool:
        """Ask what a channel is that nobody told of; say whether it is to be heard."""
        told = await self._api.channel(channel)
        if told.type in DIRECT or not self._places.serves(told.guild_id):
            return False
        self._places.learn_channel(told)
        return True

    # Without the gateway ---------------------------------------------------------------------------------------------

    async def survey(self, *, most: int | None = None) -> dict[str, list[WireChannel]]:
        """Learn of all servers and channels as they are now; return server → its channels that can be read. At most so
        many servers."""
        found: dict[str, list[WireChannel]] = {}
        everything = await self._api.guilds()
        self._places.announce(guild.id for guild in everything)
        served = [guild for guild in everything if self._places.serves(guild.id)]
        served.sort(key=lambda guild: not self._places.has_names(guild.id))
        for listed in served[:most]:
            guild = await self._api.guild(listed.id)
            mine = await self._api.member(listed.id, self._me)
            channels = await self._api.channels(listed.id)
            threads = await self._api.active_threads(listed.id)
            found[listed.id] = self._places.learn_listed(guild, mine, channels, threads.threads)
        return found

    async def history(self, since: datetime) -> AsyncGenerator[Event, None]:
        """Yield what was said from `since` until now, channel by channel, each from its oldest message on."""
        begin = max(0, first_of(since) - 1)
        for guild, channels in (await self.survey()).items():
            for channel in channels:
                if int(channel.last_message_id or 0) > begin:
                    async with aclosing(self._past(channel.id, guild, begin, since)) as past:
                        async for event in past:
                            yield event
        # Discord lists a bot's direct conversations nowhere.
        for direct in sorted(self._direct.union(*(hearing.positions.direct() for hearing in self._hearings))):
            async with aclosing(self._past(direct, None, begin, since)) as past:
                async for event in past:
                    yield event

    async def _past(self, channel: str, guild: str | None, begin: int, since: datetime) -> AsyncGenerator[Event, None]:
        while True:
            try:
                raws = await self._api.messages(channel, after=begin)
            except PostRejected:
                return
            before = begin
            for raw in reversed(raws):
                try:
                    message = MESSAGE.decode(raw)
                    event = self._reader.message(message, guild=guild, cursor=message.id)
                except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
                    continue
                begin = max(begin, int(message.id))
                if event is not None and event.occurred_at >= since:
                    yield event
            if len(raws) < PAGE or begin == before:
                return
            await self._sleep(0)


async def _next(news: asyncio.Event, *, within: float | None) -> None:
    """Return when there is news, or after so many seconds: what comes live does not wait for what was missed."""
    try:
        async with asyncio.timeout(within):
            await news.wait()
            news.clear()
    except TimeoutError:
        return
