"""An account on a real network that also reads the stream of everybody's posts."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bluesky_people import Person, mark, register
from bluesky_world import NEWS, BlueskyWorld
from jetstream import JetstreamServer

from greenroom_adapters.bluesky import BlueskyAdapter, post_stream
from greenroom_adapters.contract import (
    ConfigurationError,
    Event,
    Kind,
    MentionReceived,
    MessageReceived,
    Post,
    PostDeleted,
    TextEvent,
)
from greenroom_adapters.testing import Intent, take
from greenroom_adapters.transport import Pace

pytestmark = [pytest.mark.server, pytest.mark.timeout(120), pytest.mark.asyncio]

PACE = Pace(slow=timedelta(seconds=0.3))
PROFILES = r"/xrpc/app\.bsky\.actor\.getProfiles"


def watching(world: BlueskyWorld, stream: JetstreamServer, **changed: Any) -> BlueskyAdapter:
    """Return an adapter that reads the stream."""
    settings: dict[str, Any] = {"stream": stream.url, "watch": ("lighthouse", "#Foghorn"), "direct": False}
    return world.adapter(pace=PACE, **{**settings, **changed})


def passes_by(stream: JetstreamServer, person: Person, made: dict[str, str]) -> str:
    """Let the stream bring a post that somebody has written; return its address."""
    rkey = made["uri"].rpartition("/")[2]
    return stream.create(person.did, rkey, person.record(made["uri"])["value"])


@asynccontextmanager
async def heard_by(adapter: BlueskyAdapter, stream: JetstreamServer) -> AsyncGenerator[list[Event], None]:
    """Collect what the adapter hears while the block runs, from now on."""
    after = await adapter.now()
    seen: list[Event] = []

    async def listen() -> None:
        async with aclosing(adapter.events(after=after)) as events:
            async for event in events:
                seen.append(event)

    listener = asyncio.create_task(listen())
    try:
        async with asyncio.timeout(10):
            while not stream.connections:
                await asyncio.sleep(0.01)
        yield seen
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def until(count: int, seen: list[Event], *, patience: float = 15.0) -> None:
    """Return when so many events are there, and a moment has brought no more."""
    async with asyncio.timeout(patience):
        while len(seen) < count:
            await asyncio.sleep(0.02)
    await asyncio.sleep(0.3)


async def test_watched_words_are_messages_with_their_authors_and_in_their_threads(
    bluesky_world: BlueskyWorld, stream: JetstreamServer
) -> None:
    world, alice = bluesky_world, bluesky_world.alice
    shy = await asyncio.to_thread(register, world.bot.base, "shy")
    shy.set_profile(description="#nobot, please")
    async with watching(world, stream) as adapter, heard_by(adapter, stream) as seen:
        top = await asyncio.to_thread(alice.post, "who keeps the Lighthouse?", langs=["en"])
        below = await asyncio.to_thread(shy.reply, top, "not I", tags=["foghorn"])
        passes_by(stream, alice, top)
        passes_by(stream, shy, below)
        passes_by(stream, world.bot, world.bot.post("I keep the lighthouse"))
        passes_by(stream, alice, alice.post("nothing of interest"))
        await until(2, seen)
    first, second = seen
    assert isinstance(first, MessageReceived)
    assert isinstance(second, MessageReceived)
    assert (first.id, first.source, first.language) == (top["uri"], "stream", "en")
    assert (first.author.handle, first.author.declines_bots) == (alice.handle, False)
    assert (first.conversation, first.in_reply_to, first.room) == (top["uri"], None, None)
    assert first.post == world.post_ref(top["uri"])
    assert (second.conversation, second.in_reply_to) == (top["uri"], world.post_ref(top["uri"]))
    assert (second.author.handle, second.author.declines_bots) == (shy.handle, True)
    asked = [one for one in world.proxy.requests() if "getProfiles" in one.path]
    assert len(asked) <= 2, "authors are asked for together"


async def test_a_mention_that_passes_by_is_looked_for_at_once_and_told_once(
    bluesky_world: BlueskyWorld, stream: JetstreamServer
) -> None:
    world = bluesky_world
    async with watching(world, stream, look_every=60.0) as adapter, heard_by(adapter, stream) as seen:
        await asyncio.sleep(0.5)
        mention = world.alice.mention(world.bot, "is the lighthouse yours?")
        passes_by(stream, world.alice, mention)
        await until(1, seen, patience=5)
        await asyncio.sleep(1)
    assert [(event.id, event.source, type(event)) for event in seen] == [
        (mention["uri"], "notifications", MentionReceived)
    ]


async def test_a_crowd_that_calls_makes_no_storm_of_looks(bluesky_world: BlueskyWorld, stream: JetstreamServer) -> None:
    world = bluesky_world
    async with watching(world, stream, look_every=60.0) as adapter, heard_by(adapter, stream):
        before = len(world.proxy.requests())
        for number in range(200):
            stream.say(world.alice.did, f"{number}", "hello", facets=[mark(world.bot)])
            await asyncio.sleep(0.01)
        looks = [one for one in world.proxy.requests()[before:] if "listNotifications" in one.path]
    assert 3 <= len(looks) <= 10


async def test_what_both_sources_tell_is_one_event(bluesky_world: BlueskyWorld, stream: JetstreamServer) -> None:
    world, alice = bluesky_world, bluesky_world.alice
    async with watching(world, stream) as adapter:
        ours = (await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())).ref
        alice.wait_for(ours.id)
        async with heard_by(adapter, stream) as seen:
            one = alice.reply(world.bot.ref(ours.id), "one")
            await until(1, seen)
            # Not for the bot, but below its post, so the notifications tell of it as well: here first, there later.
            early = alice.reply(one, "the lighthouse, early")
            await until(2, seen)
            passes_by(stream, alice, early)
            world.order("answer", method="GET", path=NEWS, status=502, body=b"", count=3)
            late = alice.reply(one, "the lighthouse, late")
            passes_by(stream, alice, late)
            await until(3, seen)
            await world.mention_bot("afterwards")
            await until(4, seen)
    assert [event.id for event in seen[:3]] == [one["uri"], early["uri"], late["uri"]]
    assert [event.source for event in seen] == ["notifications", "notifications", "stream", "notifications"]


async def test_what_was_heard_and_is_deleted_is_said_to_be_gone(
    bluesky_world: BlueskyWorld, stream: JetstreamServer
) -> None:
    world, alice = bluesky_world, bluesky_world.alice
    async with watching(world, stream) as adapter, heard_by(adapter, stream) as seen:
        assert Kind.DELETION in adapter.capabilities.kinds
        assert adapter.capabilities.live_only == {Kind.DELETION}
        mention = alice.mention(world.bot, "forget that")
        await until(1, seen)
        message = alice.post("a lighthouse")
        passes_by(stream, alice, message)
        await until(2, seen)
        other = alice.post("nothing of interest")
        for made in (other, message, mention):
            alice.delete(made["uri"])
            stream.delete(alice.did, made["uri"].rpartition("/")[2])
        await until(4, seen)
    gone = [event.post.id for event in seen if isinstance(event, PostDeleted)]
    assert gone == [message["uri"], mention["uri"]]


async def test_what_was_said_meanwhile_is_heard_after_a_restart_from_each_event_on(
    bluesky_world: BlueskyWorld, stream: JetstreamServer
) -> None:
    world, alice = bluesky_world, bluesky_world.alice
    async with watching(world, stream) as adapter:
        after = dict(await adapter.now())
    for number in range(5):
        stream.say(alice.did, f"{number}", f"lighthouse {number}")
        stream.say(alice.did, f"x{number}", "nothing of interest")
    async with watching(world, stream) as adapter:
        events = await take(adapter, 5, after=after)
    assert [event.text[-1] for event in events if isinstance(event, TextEvent)] == list("01234")
    for place, event in enumerate(events[:-1]):
        async with watching(world, stream) as adapter:
            rest = await take(adapter, 4 - place, after={**after, event.source: event.cursor})
        assert [one.id for one in rest] == [one.id for one in events[place + 1 :]]


async def test_how_far_it_was_read_is_kept_when_all_of_it_is_safe_and_not_before(
    bluesky_world: BlueskyWorld, stream: JetstreamServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, alice = bluesky_world, bluesky_world.alice
    monkeypatch.setattr(post_stream, "KEEP_EVERY", timedelta(seconds=0.05))

    async def kept_anew() -> None:
        world.kept.values.pop("stream", None)
        async with asyncio.timeout(10):
            while "stream" not in world.kept.values:
                await asyncio.sleep(0.01)

    async with watching(world, stream) as adapter:
        adapter.keep_in(world.kept)
        after = await adapter.now()
        async with heard_by(adapter, stream) as seen:
            stream.say(alice.did, "1", "a lighthouse")
            await until(1, seen)
            world.kept.values.pop("stream", None)
            stream.say(alice.did, "2", "nothing of interest")
            await asyncio.sleep(0.5)
            assert "stream" not in world.kept.values, "the event may be lost with us"
            await adapter.acknowledge("stream", seen[0].cursor)
            await kept_anew()
    before = len(stream.asked)
    async with watching(world, stream) as adapter:
        adapter.keep_in(world.kept)
        stream.delete(alice.did, "1")
        (event,) = await take(adapter, 1, after=after)
    assert isinstance(event, PostDeleted), "what was heard before the restart is still known"
    assert event.post.id.endswith("/1")
    asked = int(stream.asked[before]["cursor"])
    assert asked > int(seen[0].cursor[1:].partition(",")[0]), "the posts that were none of ours are not read again"


@pytest.mark.parametrize("status", [502, 429, 400])
async def test_authors_that_cannot_be_asked_for_now_cost_no_post(
    bluesky_world: BlueskyWorld, stream: JetstreamServer, status: int
) -> None:
    world, alice = bluesky_world, bluesky_world.alice
    body = b'{"error": "InvalidRequest", "message": "no"}'
    headers = {"Retry-After": "1"} if status == 429 else {}
    async with watching(world, stream) as adapter, heard_by(adapter, stream) as seen:
        world.order("answer", method="GET", path=PROFILES, status=status, body=body, headers=headers, count=1)
        for number in range(3):
            passes_by(stream, alice, alice.post(f"lighthouse {number}"))
        await world.mention_bot("heard")
        await until(4, seen)
    messages = [event for event in seen if isinstance(event, MessageReceived)]
    assert [event.text[-1] for event in messages] == list("012")
    assert {event.author.handle for event in messages} == {alice.handle}


async def test_a_stream_that_is_away_stands_in_no_mentions_way(
    bluesky_world: BlueskyWorld, stream: JetstreamServer
) -> None:
    world = bluesky_world
    async with world.adapter(pace=PACE, stream="ws://127.0.0.1:9", watch=("lighthouse",)) as adapter:
        assert any("stream" in warning for warning in (await adapter.check()).warnings)
        after = await adapter.now()
        await world.mention_bot("heard")
        (event,) = await take(adapter, 1, after=after)
    assert isinstance(event, MentionReceived)
    async with watching(world, stream) as adapter:
        assert not any("stream" in warning for warning in (await adapter.check()).warnings)


async def test_nothing_is_contacted_unasked_and_words_need_a_stream(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        assert Kind.DELETION not in adapter.capabilities.kinds
        assert set(await adapter.now()) == {"notifications", "messages"}
    settings = replace(world.settings, watch=("lighthouse",))
    with pytest.raises(ConfigurationError, match="needs `stream`"):
        BlueskyAdapter(settings, account="home")
