"""What X tells by itself: at once, and once."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from math import inf
from typing import Any

import pytest
from x_world import XWorld

from greenroom_adapters.contract import (
    Event,
    FollowReceived,
    Kind,
    MentionReceived,
    PostDeleted,
    QuoteReceived,
    ReactionReceived,
    Secret,
    TextEvent,
    UnknownEvent,
)
from greenroom_adapters.transport import Pace
from greenroom_adapters.x import XAdapter
from greenroom_adapters.x.looks import ExtraLooks
from greenroom_adapters.x.sources import Intervals

WorldOf = Callable[..., XWorld]
SELDOM = Intervals(mentions=timedelta(hours=1), messages=timedelta(hours=1), own=timedelta(hours=1))
"""So seldom that what is heard soon was told."""


def streaming(world: XWorld, *, silence: float = 1.0, intervals: Intervals = SELDOM, **changed: Any) -> XAdapter:
    """Return an adapter that is told by stream, and looks for itself next to never."""
    settings = replace(world.settings, **{"bearer": Secret(world.server.bearer), **changed})
    return XAdapter(
        settings,
        account="home",
        intervals=intervals,
        answer_within=timedelta(seconds=2),
        silence=timedelta(seconds=silence),
        pace=Pace(slow=timedelta(seconds=0.5)),
    )


@asynccontextmanager
async def hearing(adapter: XAdapter) -> AsyncIterator[list[Event]]:
    """Listen; yield the list of what is heard."""
    seen: list[Event] = []
    after = await adapter.now()

    async def listen() -> None:
        async with aclosing(adapter.events(after=after)) as events:
            async for event in events:
                seen.append(event)

    task = asyncio.create_task(listen())
    try:
        yield seen
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def limit_of(wait: timedelta) -> dict[str, str]:
    """Return the headers of a limit that is used up for so long; X counts whole seconds."""
    resets_at = int(time.time() + wait.total_seconds())
    return {"x-rate-limit-limit": "50", "x-rate-limit-remaining": "0", "x-rate-limit-reset": str(resets_at)}


def user(world: XWorld, person: int) -> dict[str, Any]:
    row = world.state.all("SELECT * FROM people WHERE id = ?", person)[0]
    return {"id": str(row["id"]), "username": row["handle"], "name": row["name"]}


def texts(seen: list[Event]) -> list[str]:
    return [event.text for event in seen if isinstance(event, TextEvent)]


@pytest.mark.asyncio
async def test_what_is_told_is_heard_at_once_and_once(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    async with streaming(world) as adapter, hearing(adapter) as seen:
        assert {Kind.REACTION, Kind.FOLLOW, Kind.DELETION} == adapter.capabilities.live_only
        await world.until(lambda: world.server.streams == 1)
        lamp = world.state.post(world.bot, "lamp lit")
        asked = world.state.post(world.alice, "@lightbot which one?", visible_in=0.5)
        told = {"id": str(asked), "author_id": str(world.alice), "text": "@lightbot which one?"}
        for _ in range(3):  # told three times, and listed a little later
            world.server.tell("post.mention.create", told)
        world.server.tell("like.create", {"id": "ab", "liked_tweet_id": str(lamp)}, users=[user(world, world.alice)])
        world.server.tell("follow.follow", {"source": user(world, world.alice), "target": user(world, world.bot)})
        world.server.tell("post.delete", {"id": str(lamp), "author_id": str(world.bot)})
        quote = {"id": str(asked + 1), "author_id": str(world.alice), "text": "look"}
        quote["referenced_posts"] = [{"type": "quoted", "id": str(lamp)}]  # type: ignore[assignment]  # JSON
        world.server.tell(
            "post.quote.create", quote, posts=[{"id": str(lamp), "author_id": str(world.bot), "text": ""}]
        )
        await world.until(lambda: any(isinstance(event, MentionReceived) for event in seen))
        await asyncio.sleep(0.3)
    others = [event for event in seen if event.source == "activity"]
    assert [type(event) for event in others] == [ReactionReceived, FollowReceived, PostDeleted, QuoteReceived]
    assert texts([event for event in seen if event.source == "mentions"]) == ["@lightbot which one?"]
    reaction = others[0]
    assert isinstance(reaction, ReactionReceived)
    assert (reaction.author.handle, reaction.post.id) == ("alice", str(lamp))
    kinds = {one["event_type"] for one in world.server.asked_to_tell}
    assert kinds == {"post.mention.create", "dm.received", "like.create", "follow.follow", "post.delete"}


@pytest.mark.asyncio
async def test_messages_that_are_told_again_and_again_do_not_use_up_the_looks_that_x_allows(
    x_world: WorldOf,
) -> None:
    """Fifteen in a quarter of an hour: whoever writes to the bot would make it deaf for the rest of that."""
    world = x_world(dialect="post")
    async with streaming(world, intervals=Intervals()) as adapter, hearing(adapter) as seen:
        await world.until(lambda: world.server.streams == 1)
        for number in range(20):
            if number == 5:
                world.state.message(world.alice, world.bot, "psst")
            world.server.tell("dm.received", {"id": "1"})
            await asyncio.sleep(0.1)
        asked = [one for one in world.proxy.requests() if one.path.startswith("/2/dm_events")]
        # The place of the beginning, one that was due, and what is left beside one in 75 seconds.
        assert 3 <= len(asked) <= 1 + 1 + 3
        world.state.post(world.alice, "@lightbot anyone?")
        world.server.tell("post.mention.create", {"id": "1", "text": "", "author_id": "1"})
        await world.until(lambda: texts(seen) == ["@lightbot anyone?"])


def test_extra_looks_come_back_after_a_quarter_of_an_hour() -> None:
    extra = ExtraLooks(every=timedelta(seconds=75), most=15)
    looks = [float(second) for second in range(0, 3600, 75)]  # the regular ones
    now = 0.0
    while (now := extra.earliest(now + 0.5)) < 3600:  # somebody rings without an end
        extra.take(now)
        looks.append(now)
    assert len([look for look in looks if look < 2]) == 4
    assert all(len([one for one in looks if begin <= one < begin + 900]) <= 15 for begin in looks)
    assert len(looks) == 48 + 12
    assert ExtraLooks(every=timedelta(seconds=3), most=300).earliest(0.0) == inf


@pytest.mark.parametrize("dialect", ["tweet", "post"])
@pytest.mark.asyncio
async def test_what_is_promised_is_what_x_is_asked_to_tell(x_world: WorldOf, dialect: str) -> None:
    world = x_world(dialect=dialect)
    kinds = {"like.create": Kind.REACTION, "follow.follow": Kind.FOLLOW, "post.delete": Kind.DELETION}
    async with world.adapter() as silent:
        assert silent.capabilities.live_only == frozenset()
    async with streaming(world) as adapter, hearing(adapter):
        await world.until(lambda: world.server.streams == 1)
        asked = {kinds[one["event_type"]] for one in world.server.asked_to_tell if one["event_type"] in kinds}
        promised = adapter.capabilities
        warned = any("tells of follows alone" in warning for warning in (await adapter.check()).warnings)
    assert warned is (dialect == "tweet")
    assert promised.live_only == asked
    assert promised.kinds & set(kinds.values()) == asked


@pytest.mark.asyncio
async def test_what_is_subscribed_to_already_is_not_subscribed_to_again(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    for _ in range(2):
        async with streaming(world) as adapter, hearing(adapter):
            await world.until(lambda: world.server.streams == 1)
    assert len(world.server.asked_to_tell) == 5


@pytest.mark.asyncio
async def test_a_stream_that_breaks_or_falls_silent_comes_back(
    x_world: WorldOf, caplog: pytest.LogCaptureFixture
) -> None:
    world = x_world(dialect="post")
    with caplog.at_level(logging.DEBUG, logger="greenroom_adapters.x"):
        async with streaming(world) as adapter, hearing(adapter) as seen:
            await world.until(lambda: world.server.streams == 1)
            world.server.break_streams()
            await world.until(lambda: world.server.streams_opened == 2)
            world.server.silent = True
            await world.until(lambda: "nothing came for" in caplog.text)
            world.server.silent = False
            await world.until(lambda: world.server.streams_opened >= 3)
            world.state.post(world.alice, "@lightbot still there?")
            await asyncio.sleep(0.6)
            world.server.tell("post.mention.create", {"id": "1", "text": "", "author_id": "1"})
            await world.until(lambda: texts(seen) == ["@lightbot still there?"])


@pytest.mark.parametrize("path", ["/2/activity/stream", "/2/activity/subscriptions"])
@pytest.mark.asyncio
async def test_a_stream_that_x_wants_to_be_waited_for_is_waited_for(x_world: WorldOf, path: str) -> None:
    world = x_world(dialect="post")
    refusal = world.order("answer", method="GET", path=path, status=429, headers=limit_of(timedelta(seconds=2)))
    async with streaming(world) as adapter, hearing(adapter):
        await world.until(lambda: world.proxy.obeyed(refusal))
        begun = asyncio.get_running_loop().time()
        await world.until(lambda: world.server.streams == 1)
        assert asyncio.get_running_loop().time() - begun > 0.8
    asked = [one for one in world.proxy.requests() if (one.method, one.path) == ("GET", path)]
    assert len(asked) == 2


@pytest.mark.asyncio
async def test_a_token_that_x_does_not_take_leaves_the_listings(
    x_world: WorldOf, caplog: pytest.LogCaptureFixture
) -> None:
    world = x_world(dialect="post")
    settings = replace(world.settings, bearer=Secret("wrong-bearer"))
    with caplog.at_level(logging.WARNING):
        adapter = XAdapter(settings, account="home", intervals=Intervals(mentions=timedelta(seconds=0.1)))
        async with adapter, hearing(adapter) as seen:
            world.state.post(world.alice, "@lightbot hello")
            await world.until(lambda: texts(seen) == ["@lightbot hello"])
            await world.until(lambda: "mentions are looked for instead" in caplog.text)
    assert "wrong-bearer" not in caplog.text


@pytest.mark.asyncio
async def test_nonsense_on_a_stream_stops_nothing(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    async with streaming(world) as adapter, hearing(adapter) as seen:
        await world.until(lambda: world.server.streams == 1)
        for line in (
            b"{",
            b"[]",
            b"null",
            b'{"data": 5}',
            b"\xff",
            b'{"errors": [{"title": "operational-disconnect"}]}',
        ):
            world.server.tell_raw(line)
        for depth in (950, 50_000):
            deep = b"[" * depth + b"]" * depth
            world.server.tell_raw(b'{"data": {"event_type": "like.create", "payload": ' + deep + b"}}")
        world.server.tell("spaces.start", {"id": "x"})
        world.server.tell("like.create", {"id": "ab"})
        world.server.tell("follow.follow", {"source": user(world, world.alice), "target": user(world, world.bot)})
        await world.until(lambda: any(isinstance(event, FollowReceived) for event in seen))
    assert [type(event) for event in seen] == [*[UnknownEvent] * 4, FollowReceived]
    world.server.violations.clear()  # it is what no contract allows


@pytest.mark.asyncio
async def test_leaving_while_the_stream_is_open_leaves_no_task(x_world: WorldOf) -> None:
    world = x_world(dialect="post")
    before = asyncio.all_tasks()
    async with streaming(world) as adapter:
        after = await adapter.now()
        events = adapter.events(after=after)
        first = asyncio.ensure_future(anext(events))
        await world.until(lambda: world.server.streams == 1)
        world.server.tell("post.delete", {"id": "5", "author_id": "6"})
        await first
    assert {task for task in asyncio.all_tasks() - before if not task.done()} == set()
    await events.aclose()
