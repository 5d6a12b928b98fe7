"""What an account hears: answers at any depth, answers to what it said elsewhere, and what calls tell."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from graph_fields import GraphError
from graph_threads import answer
from ports import free_port
from threads_world import ThreadsWorld

from greenroom_adapters.contract import (
    ConfigurationError,
    Event,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    ReplyReceived,
    Secret,
    TextEvent,
    UnknownEvent,
)

WorldOf = Callable[..., ThreadsWorld]
WORD = "the-word-of-the-dashboard"
BEGINNING = {"feed": "0;", "mentions": "0;"}


async def heard(world: ThreadsWorld, count: int, **changed: Any) -> list[Event]:
    """Return the first events since the beginning, each once."""
    seen: dict[str, Event] = {}
    async with (
        asyncio.timeout(10),
        world.adapter(**changed) as adapter,
        aclosing(adapter.events(after=BEGINNING)) as events,
    ):
        async for event in events:
            seen.setdefault(event.id, event)
            if len(seen) == count:
                break
    return list(seen.values())


@pytest.mark.asyncio
async def test_what_is_said_below_a_post_is_heard_at_any_depth(threads_world: WorldOf) -> None:
    world = threads_world()
    top = answer(world.state, world.alice, world.first, "how bright?")
    ours = answer(world.state, world.bot, top, "very")
    deep = answer(world.state, world.alice, ours, "and how far?")
    among = answer(world.state, world.alice, deep, "I wonder")
    events = await heard(world, 5)
    kinds = {event.id: type(event) for event in events}
    assert kinds == {
        world.first: OwnPostSeen,
        top: ReplyReceived,
        ours: OwnPostSeen,
        deep: ReplyReceived,
        among: MessageReceived,
    }
    assert {event.conversation for event in events if isinstance(event, TextEvent | OwnPostSeen)} == {world.first}


@pytest.mark.asyncio
async def test_an_answer_to_what_the_account_said_elsewhere_is_a_reply(threads_world: WorldOf) -> None:
    world = threads_world()
    theirs = world.state.post(world.alice, "what does @lamp.bot say?", names=[world.bot])
    ours = answer(world.state, world.bot, theirs, "good evening")
    back = answer(world.state, world.alice, ours, "thank you")
    answer(world.state, world.alice, theirs, "nobody asks the lamp")  # to somebody else, and seen by nobody
    events = await heard(world, 4)
    kinds = {event.id: type(event) for event in events}
    assert kinds == {world.first: OwnPostSeen, theirs: MentionReceived, ours: OwnPostSeen, back: ReplyReceived}


@pytest.mark.asyncio
async def test_a_long_list_is_read_to_its_end_by_its_cursors(threads_world: WorldOf) -> None:
    world = threads_world()
    said = [answer(world.state, world.alice, world.first, f"answer {number}") for number in range(120)]
    events = await heard(world, 121)
    assert [event.id for event in events if isinstance(event, ReplyReceived)] == said


@pytest.mark.asyncio
async def test_what_the_account_says_is_its_own_also_when_it_has_another_handle_by_now(threads_world: WorldOf) -> None:
    world = threads_world()
    async with (
        asyncio.timeout(10),
        world.adapter() as adapter,
        aclosing(adapter.events(after=BEGINNING)) as events,
    ):
        world.state.all("UPDATE accounts SET handle = 'lamp.two' WHERE id = ?", world.bot)
        below = answer(world.state, world.bot, world.first, "and a second one")
        seen = [await anext(events), await anext(events)]
    assert [(event.id, type(event)) for event in seen] == [(world.first, OwnPostSeen), (below, OwnPostSeen)]


@pytest.mark.asyncio
async def test_what_the_account_reposted_is_nothing_that_it_says(threads_world: WorldOf) -> None:
    world = threads_world()
    theirs = await world.post_of_somebody("share me")
    async with world.adapter() as adapter:
        await adapter.repost(theirs)
    later = world.state.post(world.bot, "the second light")
    assert [event.id for event in await heard(world, 2)] == [world.first, later]


@pytest.mark.asyncio
async def test_a_list_that_is_not_shown_to_its_end_is_heard_as_far_as_it_is(threads_world: WorldOf) -> None:
    world = threads_world()
    said = [answer(world.state, world.alice, world.first, f"answer {number}") for number in range(60)]
    world.order("answer", method="GET", path=rf"/{world.first}/conversation\?.*after=", status=403, body=b"{}")
    events = await heard(world, 51)
    assert [event.id for event in events if isinstance(event, ReplyReceived)] == said[10:]


@pytest.mark.asyncio
async def test_a_post_whose_answers_are_not_shown_silences_no_other(threads_world: WorldOf) -> None:
    world = threads_world()
    answer(world.state, world.alice, world.first, "hidden")
    second = world.state.post(world.bot, "the second light")
    shown = answer(world.state, world.alice, second, "shown")
    world.server.refuse(GraphError(10, "no"), method="GET", path=f"^/{world.first}/conversation", count=99)
    events = await heard(world, 3)
    assert {event.id for event in events} == {world.first, second, shown}


# What calls tell ------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def hearing(world: ThreadsWorld) -> AsyncIterator[list[Event]]:
    port = free_port()
    world.server.proxied = f"http://127.0.0.1:{port}/threads"
    adapter = world.adapter(
        webhook="https://bot.example/threads",
        webhook_listen=str(port),
        verify_token=Secret(WORD),
        look_every=3600,
    )
    async with adapter:
        seen: list[Event] = []

        async def listen() -> None:
            async with aclosing(adapter.events(after=await adapter.now())) as events:
                async for event in events:
                    seen.append(event)
                    await adapter.acknowledge(event.source, event.cursor)

        listening = asyncio.create_task(listen())
        try:
            async with asyncio.timeout(10):
                while not (adapter.webhook_port and world.server.is_watched("/me/threads", "/me/mentions")):
                    await asyncio.sleep(0.02)
            yield seen
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def told(world: ThreadsWorld, field: str, value: Any, *, target: str = "") -> int:
    call = {
        "app_id": world.server.app_id,
        "topic": "moderate" if field == "replies" else "interaction",
        "target_id": target or world.bot,
        "time": int(time.time()),
        "subscription_id": "1",
        "has_uid_field": False,
        "values": {"value": value, "field": field},
    }
    return await asyncio.to_thread(world.server.knock, call)


def value_of(world: ThreadsWorld, name: str, *, owner: str) -> dict[str, Any]:
    """Return what a call tells of an answer."""
    row = world.state.one("SELECT * FROM comments WHERE id = ?", name)
    assert row is not None
    return {
        "id": name,
        "username": world.state.who(row["author"])["handle"],
        "text": row["text"],
        "timestamp": "2026-11-30T20:00:00+0000",
        "media_type": "TEXT_POST",
        "replied_to": {"id": row["parent"] or row["post"]},
        "root_post": {"id": row["post"], "owner_id": owner, "username": world.state.who(owner)["handle"]},
    }


@pytest.mark.asyncio
async def test_a_call_tells_what_the_list_tells_and_of_this_account_alone(threads_world: WorldOf) -> None:
    world = threads_world()
    carol = world.state.account("threads", "Carol", handle="carol")
    theirs = world.state.post(carol, "another account of the app")
    elsewhere = answer(world.state, world.alice, theirs, "to carol")
    async with hearing(world) as seen:
        assert await asyncio.to_thread(world.server.verify, WORD) == "1158201444"
        first = answer(world.state, world.alice, world.first, "how bright?")
        ours = answer(world.state, world.bot, first, "very")
        deep = answer(world.state, world.alice, ours, "and how far?")
        for name in (first, ours, deep):
            assert await told(world, "replies", value_of(world, name, owner=world.bot)) == 200
        assert await told(world, "replies", value_of(world, elsewhere, owner=carol)) == 200
        mention = {"id": "4711", "username": "alice", "text": "@lamp.bot!", "timestamp": "2026-11-30T20:00:00+0000"}
        assert await told(world, "mentions", mention) == 200
        assert await told(world, "mentions", {**mention, "id": "4712"}, target=carol) == 200
        assert await told(world, "publish", {"id": ours}) == 200
        calls = [event for event in seen if event.source == "told"]
    assert [(event.id, type(event)) for event in calls] == [
        (first, ReplyReceived),
        (deep, ReplyReceived),
        ("4711", MentionReceived),
    ]


@pytest.mark.asyncio
async def test_a_mention_below_a_post_that_the_account_may_not_read_is_one_all_the_same(threads_world: WorldOf) -> None:
    world = threads_world()
    theirs = await world.post_of_somebody("for my followers")
    below = answer(world.state, world.alice, theirs.id, "what does @lamp.bot say?")
    world.server.refuse(GraphError(10, "no"), method="GET", path=f"^/{theirs.id}$")
    async with hearing(world) as seen:
        assert await told(world, "mentions", value_of(world, below, owner=world.alice)) == 200
        calls = [event for event in seen if event.source == "told"]
    assert [(event.id, type(event)) for event in calls] == [(below, MentionReceived)]


@pytest.mark.asyncio
async def test_a_call_that_cannot_be_read_is_passed_on_as_that_and_an_unsigned_one_is_refused(
    threads_world: WorldOf,
) -> None:
    world = threads_world()
    async with hearing(world) as seen:
        assert await told(world, "replies", {"id": 7}) == 200
        assert await told(world, "mentions", "nonsense") == 200
        assert await asyncio.to_thread(world.server.knock, b"[[[") == 200
        deep = b'{"values": {"field": "replies", "value": ' + b"[" * 50_000
        assert await asyncio.to_thread(world.server.knock, deep) == 200
        mention = {"values": {"field": "mentions", "value": {"id": "1"}}, "target_id": world.bot}
        assert await asyncio.to_thread(lambda: world.server.knock(mention, signed_with="another secret")) == 401
        calls = [event for event in seen if event.source == "told"]
    assert [type(event) for event in calls] == [UnknownEvent, UnknownEvent]


@pytest.mark.asyncio
async def test_what_cannot_be_looked_up_now_is_asked_for_again(threads_world: WorldOf) -> None:
    world = threads_world()
    top = answer(world.state, world.alice, world.first, "how bright?")
    async with hearing(world) as seen:
        name = answer(world.state, world.alice, top, "and how far?")
        world.server.refuse(GraphError(2, "temporarily unavailable"), method="GET", path=f"^/{top}$")
        assert await told(world, "replies", value_of(world, name, owner=world.bot)) == 503
        assert await told(world, "replies", value_of(world, name, owner=world.bot)) == 200
        calls = [event for event in seen if event.source == "told"]
    assert [(event.id, type(event)) for event in calls] == [(name, MessageReceived)]


def test_a_webhook_needs_what_meta_signs_with(threads_world: WorldOf) -> None:
    with pytest.raises(ConfigurationError, match="app_secret"):
        threads_world().adapter(webhook="https://bot.example/threads", app_secret=None)
