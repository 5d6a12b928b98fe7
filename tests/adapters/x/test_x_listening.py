"""What the account hears on X: nothing twice, nothing lost, whatever X does meanwhile."""

import asyncio
import json
import logging
import random
from collections.abc import Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from x_spoiling import spoiled
from x_world import XWorld

from greenroom_adapters.contract import (
    DirectMessageReceived,
    Event,
    MentionReceived,
    OwnPostSeen,
    QuoteReceived,
    TextEvent,
    UnknownEvent,
)
from greenroom_adapters.testing import take
from greenroom_adapters.x import XAdapter
from greenroom_adapters.x.sources import Intervals

WorldOf = Callable[..., XWorld]
DIALECTS = ["tweet", "post"]


async def collect(adapter: XAdapter, after: dict[str, str], *, seconds: float) -> list[Event]:
    """Return what is heard in so many seconds."""
    seen: list[Event] = []
    try:
        async with asyncio.timeout(seconds), aclosing(adapter.events(after=after)) as events:
            async for event in events:
                seen.append(event)
    except TimeoutError:
        pass
    return seen


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.asyncio
async def test_all_kinds_come_with_who_wrote_them_and_where(x_world: WorldOf, dialect: str) -> None:
    world = x_world(dialect=dialect)
    async with world.adapter() as adapter:
        after = await adapter.now()
        lamp = world.state.post(world.bot, "lamp lit")
        world.state.post(world.alice, "@lightbot look", quoted=lamp)
        asked = world.state.post(world.alice, "@lightbot which one?")
        world.state.message(world.alice, world.bot, "psst https://example.org/x")
        async with asyncio.timeout(10), aclosing(adapter.events(after=after)) as events:
            seen = [await anext(events) for _ in range(4)]
    own, quote, mention, message = sorted(seen, key=lambda event: event.occurred_at)
    assert isinstance(own, OwnPostSeen)
    assert isinstance(quote, QuoteReceived)
    assert isinstance(mention, MentionReceived)
    assert isinstance(message, DirectMessageReceived)
    assert message.text == "psst https://example.org/x"
    assert {event.author.handle for event in (quote, mention, message)} == {"alice"}
    assert (mention.conversation, mention.post.id) == (str(asked), str(asked))
    assert abs(mention.occurred_at - datetime.now(UTC)) < timedelta(seconds=10)


@pytest.mark.asyncio
async def test_a_mention_that_comes_up_late_is_heard_and_once(x_world: WorldOf) -> None:
    world = x_world()
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        world.state.post(world.alice, "@lightbot late", visible_in=0.8)
        world.state.post(world.alice, "@lightbot at once")
        seen = await collect(adapter, after, seconds=2.5)
    texts = [event.text for event in seen if isinstance(event, TextEvent)]
    assert texts == ["@lightbot at once", "@lightbot late"]
    async with world.adapter() as adapter:
        assert await collect(adapter, {**after, "mentions": seen[-1].cursor}, seconds=0.5) == []


@pytest.mark.asyncio
async def test_hundreds_of_missed_mentions_come_by_pages_in_order(x_world: WorldOf) -> None:
    world = x_world()
    async with world.adapter() as adapter:
        after = await adapter.now()
    for number in range(250):
        world.state.post(world.alice, f"@lightbot {number}")
    async with world.adapter() as adapter:
        seen = await take(adapter, 250, after=after)
    assert [event.text for event in seen if isinstance(event, TextEvent)] == [f"@lightbot {n}" for n in range(250)]
    asked = [path for method, path in world.server.calls if path.endswith("/mentions")]
    assert len(asked) < 10


@pytest.mark.asyncio
async def test_more_mentions_than_x_shows_are_told_as_a_gap(x_world: WorldOf, caplog: pytest.LogCaptureFixture) -> None:
    world = x_world()
    async with world.adapter(direct_messages=False) as adapter:
        after = await adapter.now()
    for number in range(810):
        world.state.post(world.alice, f"@lightbot {number}")
    async with world.adapter(direct_messages=False) as adapter:
        with caplog.at_level(logging.WARNING):
            seen = await take(adapter, 800, after=after)
    assert [event.text for event in seen[:1] if isinstance(event, TextEvent)] == ["@lightbot 10"]
    assert "more came in than X shows" in caplog.text


@pytest.mark.asyncio
async def test_what_cannot_be_read_is_told_and_stops_nothing(x_world: WorldOf) -> None:
    world = x_world()
    dice = random.Random(7)  # noqa: S311 - a test's dice
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.state.post(world.alice, "@lightbot fine")
        number = world.state.new_id()
        world.server.strange = [
            {"id": str(number + 1), "text": 5},
            {"id": str(number + 2), "text": "nobody wrote this"},
            {"id": str(number + 3), "author_id": "7", "referenced_tweets": [{"type": dice.random()}]},
            {"no": "id"},
            None,
            [],
        ]
        seen = await collect(adapter, dict(after), seconds=1.0)
    unknown = [event for event in seen if isinstance(event, UnknownEvent)]
    assert len({event.id for event in unknown}) == 6
    assert [event.text for event in seen if isinstance(event, TextEvent)] == ["@lightbot fine"]
    assert len(unknown[-1].raw) > 0
    world.server.violations.clear()  # it is what no contract allows


@pytest.mark.asyncio
async def test_of_many_spoiled_posts_none_ends_the_listening_and_none_vanishes(x_world: WorldOf) -> None:
    world, dice = x_world(), random.Random(7)  # noqa: S311 - a test's dice
    async with world.adapter() as adapter:
        after = await adapter.now()
        samples: list[dict[str, Any]] = [
            {"id": "1", "author_id": str(world.alice), "text": "@lightbot hi", "entities": {"mentions": [{"id": "5"}]}},
            {"id": "1", "author_id": str(world.alice), "referenced_tweets": [{"type": "replied_to", "id": "55"}]},
        ]
        for _ in range(200):
            row = spoiled(samples, dice)
            if "id" in row:
                row["id"] = str(world.state.new_id())
            world.server.strange.append(row)
        world.state.post(world.alice, "@lightbot fine")
        seen: list[Event] = []
        async with asyncio.timeout(20), aclosing(adapter.events(after=after)) as events:
            async for event in events:
                seen.append(event)
                if isinstance(event, TextEvent) and event.text == "@lightbot fine":
                    break
    rows = {json.dumps(row) for row in world.server.strange}
    assert len({event.id for event in seen}) == len(rows) + 1
    assert len([event for event in seen if isinstance(event, UnknownEvent)]) > 20
    world.server.violations.clear()  # it is what no contract allows


@pytest.mark.asyncio
async def test_an_x_that_goes_away_is_heard_again_when_it_is_back(
    x_world: WorldOf, caplog: pytest.LogCaptureFixture
) -> None:
    world = x_world()
    async with world.adapter() as adapter:
        after = await adapter.now()
        listening = asyncio.create_task(collect(adapter, dict(after), seconds=5))
        with caplog.at_level(logging.INFO):
            await asyncio.sleep(0.5)
            world.server.shut()
            await asyncio.sleep(1.5)
            world.state.post(world.alice, "@lightbot meanwhile")
            world.server.open()
            seen = await listening
    assert [event.text for event in seen if isinstance(event, TextEvent)] == ["@lightbot meanwhile"]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert sum(warning.startswith("mentions cannot be read") for warning in warnings) == 1
    assert "mentions can be read again" in caplog.text


@pytest.mark.asyncio
async def test_a_storm_of_429_is_waited_out_by_its_true_headers(x_world: WorldOf) -> None:
    world = x_world(limits={"GET mentions": 4}, window=2.0)
    async with world.adapter() as adapter:
        after = await adapter.now()
        listening = asyncio.create_task(collect(adapter, dict(after), seconds=7))
        await asyncio.sleep(1)
        world.state.post(world.alice, "@lightbot patience")
        seen = await listening
    assert [event.text for event in seen if isinstance(event, TextEvent)] == ["@lightbot patience"]
    looks = [path for _, path in world.server.calls if path.endswith("/mentions")]
    # in three windows four looks each, and one that is refused: it does not knock at a closed door
    assert len(looks) <= 4 * 4 + 4


@pytest.mark.asyncio
async def test_what_was_heard_is_not_paid_for_again_and_again(
    x_world: WorldOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenroom_adapters.x.listening.WINDOW", timedelta(seconds=0.5))
    world = x_world()
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.state.post(world.alice, "@lightbot once")
        await collect(adapter, dict(after), seconds=2)
    asked = [one.path for one in world.proxy.requests() if "/mentions" in one.path]
    newest = world.state.all("SELECT max(id) AS id FROM posts")[0]["id"]
    assert f"since_id={newest}" in asked[-1]


@pytest.mark.asyncio
async def test_messages_that_may_not_be_read_keep_nothing_else_from_being_heard(
    x_world: WorldOf, caplog: pytest.LogCaptureFixture
) -> None:
    world = x_world()
    body = json.dumps({"title": "Forbidden", "type": "about:blank", "status": 403, "detail": "no"}).encode()
    world.order("answer", method="GET", path="/2/dm_events", status=403, body=body, count=1000)
    async with world.adapter() as adapter:
        with caplog.at_level(logging.WARNING):
            after = await adapter.now()
            assert after.keys() == {"mentions", "own"}
            standing = await adapter.check()
            world.state.post(world.alice, "@lightbot hello")
            seen = await collect(adapter, dict(after), seconds=1)
    assert [event.text for event in seen if isinstance(event, TextEvent)] == ["@lightbot hello"]
    assert any("direct_messages: false" in warning for warning in standing.warnings)


@pytest.mark.asyncio
async def test_a_look_that_finds_nothing_new_reads_few_messages(x_world: WorldOf) -> None:
    world = x_world()
    for number in range(120):
        world.state.message(world.alice, world.bot, f"old {number}")
    async with world.adapter(intervals=Intervals(messages=timedelta(seconds=0.1))) as adapter:
        after = await adapter.now()
        begun = len(world.proxy.requests())
        await collect(adapter, dict(after), seconds=0.6)
        looks = [one.path for one in world.proxy.requests()[begun:] if "/dm_events" in one.path]
        assert len(looks) > 2
        assert all("max_results=5" in look for look in looks)
        for number in range(30):
            world.state.message(world.alice, world.bot, f"new {number}")
        seen = await take(adapter, 30, after=after)
    assert [event.text for event in seen if isinstance(event, TextEvent)] == [f"new {n}" for n in range(30)]
