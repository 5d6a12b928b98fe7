"""What an account on Nostr hears and does at a real relay, and at two of them."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from nostr_people import Line, Person
from nostr_sdk import Event as SdkEvent
from nostr_sdk import Filter as SdkFilter
from nostr_world import NostrWorld, a_relay
from running import RunningServer

from greenroom_adapters.contract import (
    DirectMessageReceived,
    Event,
    FollowReceived,
    Found,
    Kind,
    MentionReceived,
    OwnPostSeen,
    Post,
    PostDeleted,
    PostRef,
    QuoteReceived,
    ReactionReceived,
    ReplyReceived,
    RepostReceived,
    TextEvent,
)
from greenroom_adapters.nostr import NostrAdapter
from greenroom_adapters.testing import Intent, take

pytestmark = [pytest.mark.server, pytest.mark.timeout(120), pytest.mark.asyncio]


@pytest.fixture(scope="module")
def second() -> Iterator[RunningServer]:
    """Another relay, which wants to know who writes: NIP-42, as nostr-relay has it."""
    settings = {"authentication": {"enabled": True, "actions": {"save": "a", "query": "a"}}}
    with a_relay(settings) as server:
        yield server


@asynccontextmanager
async def hearing(adapter: NostrAdapter) -> AsyncIterator[list[Event]]:
    """Collect what is heard from now on."""
    heard: list[Event] = []
    after = await adapter.now()

    async def listen() -> None:
        async with aclosing(adapter.events(after=after)) as events:
            async for event in events:
                heard.append(event)

    task = asyncio.create_task(listen())
    await asyncio.sleep(0.4)
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(heard: list[Event], kind: type[Event], *, count: int = 1) -> list[Any]:
    """Return the events of this kind as soon as there are so many."""
    async with asyncio.timeout(10):
        while len(found := [event for event in heard if type(event) is kind]) < count:
            await asyncio.sleep(0.02)
    return found


async def test_everything_that_is_done_with_a_post_of_the_bot_is_heard(nostr_world: NostrWorld) -> None:
    world = nostr_world
    await world.send(world.alice.profile(name="alice", display_name="Alice", about="the sea. #nobot", bot=True))
    async with world.adapter() as adapter, hearing(adapter) as heard:
        receipt = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
        (ours,) = await world.stored({"ids": [receipt.ref.id]})
        for event in (
            world.alice.answer(ours, "well done"),
            world.alice.quote(ours, "see this"),
            world.alice.react(ours, "🌊"),
            world.alice.repost(ours),
            world.alice.follow(world.bot.id),
        ):
            await world.send(event)
        (reply,) = await until(heard, ReplyReceived)
        (quote,) = await until(heard, QuoteReceived)
        (reaction,) = await until(heard, ReactionReceived)
        (repost,) = await until(heard, RepostReceived)
        (follow,) = await until(heard, FollowReceived)
    assert (reply.text, reply.conversation, reply.in_reply_to.id) == ("well done", ours["id"], ours["id"])
    assert quote.text.startswith("see this")
    assert (reaction.reaction, reaction.post.id, repost.post.id) == ("🌊", ours["id"], ours["id"])
    for event in (reply, quote, reaction, repost, follow):
        assert event.author.id == world.alice.id
        assert (event.author.name, event.author.is_bot, event.author.declines_bots) == ("Alice", True, True)


async def test_a_deletion_is_heard_live_and_after_a_restart(nostr_world: NostrWorld) -> None:
    world = nostr_world
    async with world.adapter() as adapter, hearing(adapter) as heard:
        one = await world.send(world.alice.mention(world.bot.id, "soon gone"))
        two = await world.send(world.alice.mention(world.bot.id, "gone while you are away"))
        await until(heard, MentionReceived, count=2)
        await asyncio.sleep(0.2)
        await world.send(world.alice.delete(one["id"]))
        (gone,) = await until(heard, PostDeleted)
        assert gone.post.id == one["id"]
        after = {event.source: event.cursor for event in heard}
        everything = await adapter.now()
    # At this relay the note itself is gone with its deletion; one that keeps it shows both.
    third = await world.send(world.alice.mention(world.bot.id, "still here"))
    await world.send(world.alice.delete(two["id"]))
    async with world.adapter() as adapter:
        seen = await take(adapter, 1, after={**everything, **after})
    assert [event.post.id for event in seen if isinstance(event, TextEvent)] == [third["id"]]


async def test_who_followed_before_is_no_new_follower(nostr_world: NostrWorld) -> None:
    world = nostr_world
    bob = Person()
    await world.send(world.alice.follow(world.bot.id))
    async with world.adapter() as adapter, hearing(adapter) as heard:
        await world.send(world.alice.follow(world.bot.id, bob.id))
        await world.send(bob.follow(world.bot.id))
        await world.send(bob.follow(world.bot.id, world.alice.id))
        await until(heard, FollowReceived)
        await asyncio.sleep(0.3)
    assert [event.author.id for event in heard if isinstance(event, FollowReceived)] == [bob.id]
    assert Kind.FOLLOW in adapter.capabilities.live_only


async def test_a_direct_conversation_in_both_directions(nostr_world: NostrWorld) -> None:
    world = nostr_world
    async with world.adapter() as adapter, hearing(adapter) as heard:
        await world.send(world.alice.message(world.bot.id, "psst"))
        (message,) = await until(heard, DirectMessageReceived)
        post = Post(text="yes?", direct_to=message.author.id, in_reply_to=message.post)
        receipt = await adapter.publish(Intent(adapter, post).next_try())
        (own,) = await until(heard, OwnPostSeen)
        assert (own.post, own.text, own.conversation) == (receipt.ref, "yes?", message.conversation)
    wraps = await world.stored({"kinds": [1059], "#p": [world.alice.id]})
    (sender, told) = world.alice.opened(wraps[-1])
    assert (sender, told["content"]) == (world.bot.id, "yes?")
    assert ["e", message.post.id.removeprefix("dm/")] in told["tags"]


async def test_an_answer_has_its_root_its_parent_and_whom_it_answers(nostr_world: NostrWorld) -> None:
    world = nostr_world
    bob = Person()
    root = await world.send(world.alice.note("who keeps the light?"))
    question = await world.send(bob.answer(root, f"ask nostr:{world.bot.npub}", named=[world.bot.id]))
    async with world.adapter() as adapter:
        target = PostRef(id=question["id"])
        receipt = await adapter.publish(Intent(adapter, Post(text="I do #lamp", in_reply_to=target)).next_try())
        thread = await adapter.thread(receipt.ref)
    (ours,) = await world.stored({"ids": [receipt.ref.id]})
    assert ours["tags"][:3] == [
        ["e", root["id"], world.url, "root"],
        ["e", question["id"], world.url, "reply", bob.id],
        ["p", bob.id],
    ]
    assert [tag for tag in ours["tags"] if tag[0] == "p"] == [["p", bob.id]]
    assert ["t", "lamp"] in ours["tags"]
    assert [post.ref.id for post in thread] == [root["id"], question["id"]]


async def test_two_relays_serve_one_account_and_one_of_them_asks_who_it_is(
    nostr_world: NostrWorld, second: RunningServer
) -> None:
    world = nostr_world
    other = Line(second.facts["url"])
    urls = (world.url, f"ws{second.facts['url'].removeprefix('http')}")
    async with world.adapter(relays=urls) as adapter, hearing(adapter) as heard:
        both = world.alice.mention(world.bot.id, "at both")
        await world.send(both)
        await asyncio.to_thread(other.send, both)
        await asyncio.to_thread(other.send, world.alice.mention(world.bot.id, "at the second"))
        await until(heard, MentionReceived, count=2)
        await asyncio.sleep(0.3)
        assert sorted(event.text for event in heard if isinstance(event, MentionReceived)) == [
            "at both",
            "at the second",
        ]
        intent = Intent(adapter, Post(text="aye"))
        receipt = await adapter.publish(intent.next_try())
        for stored in (await world.stored({"ids": [receipt.ref.id]}), other.stored({"ids": [receipt.ref.id]})):
            assert len(stored) == 1
        # What only one of them has is found, and what one of them loses stays.
        await asyncio.to_thread(other.send, world.bot.delete(receipt.ref.id))
        assert isinstance(await adapter.find(intent.last_try()), Found)
    other.close()


async def test_whatever_the_adapter_sends_another_implementation_understands(nostr_world: NostrWorld) -> None:
    world = nostr_world
    target = await world.post_of_somebody("worth an answer")
    async with world.adapter() as adapter, hearing(adapter) as heard:
        await world.mention_bot("hello")
        await until(heard, MentionReceived)
        posts = (
            Post(text="aye", in_reply_to=target, language="en", content_warning="wet"),
            Post(text=f"so says @{world.alice.npub} #sea", quote=target),
            Post(text="psst", direct_to=world.alice.id),
        )
        intents = [Intent(adapter, post, key=f"k{number}") for number, post in enumerate(posts)]
        receipts = [await adapter.publish(intent.next_try()) for intent in intents]
        for intent in intents:
            await adapter.find(intent.last_try())
        await adapter.react(target)
        await adapter.repost(target)
        await adapter.follow(world.alice.id)
        await adapter.metrics(target)
        await adapter.thread(target)
        await adapter.declare()
        await adapter.delete(PostRef(id=target.id))
        await adapter.check()
        async with aclosing(adapter.history(since=heard[0].occurred_at)) as past:
            assert [event.id async for event in past]
    assert receipts[2].ref.id.startswith("dm/")
    kinds: set[int] = set()
    for frame in world.proxy.frames():
        match json.loads(frame):
            case ["EVENT", event]:
                assert SdkEvent.from_json(json.dumps(event)).verify()
                kinds.add(event["kind"])
            case ["REQ", str(name), *filters]:
                assert 0 < len(name) <= 64
                assert filters
                for one in filters:
                    again = json.loads(SdkFilter.from_json(json.dumps(one)).as_json())
                    assert {
                        key: sorted(value) if isinstance(value, list) else value for key, value in again.items()
                    } == {key: sorted(value) if isinstance(value, list) else value for key, value in one.items()}
            case ["CLOSE", str(name)]:
                assert name
            case other:
                raise AssertionError(f"no message of a client: {other}")
    assert kinds >= {0, 1, 3, 5, 6, 7, 1059, 10050}


async def test_the_limit_is_the_relays_to_the_character(nostr_world: NostrWorld) -> None:
    world = nostr_world
    async with world.adapter() as adapter:
        for length in (4095, 4096):
            await adapter.publish(Intent(adapter, Post(text="é" * length), key=f"{length}").next_try())
        intent = Intent(adapter, Post(text="short"))
        attempt = replace(intent.next_try(), post=Post(text="é" * 4097))
        with pytest.raises(Exception, match="280 characters should be enough"):
            await adapter.publish(attempt)
