"""What Meta tells an account by calls: comments, mentions that no list has, and messages."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from graph_fields import GraphError
from graph_state import INSTAGRAM_SCOPES
from instagram_world import InstagramWorld
from ports import free_port

from greenroom_adapters.contract import (
    DirectMessageReceived,
    Event,
    MentionReceived,
    MessageReceived,
    PostDeleted,
    ReplyReceived,
    Secret,
    TextEvent,
    UnknownEvent,
)

WorldOf = Callable[..., InstagramWorld]
WORD = "the-word-of-the-dashboard"


@asynccontextmanager
async def hearing(world: InstagramWorld, **changed: Any) -> AsyncIterator[list[Event]]:
    port = free_port()
    world.server.proxied = f"http://127.0.0.1:{port}/instagram"
    adapter = world.adapter(
        webhook="https://bot.example/instagram",
        webhook_listen=str(port),
        verify_token=Secret(WORD),
        look_every=3600,
        **changed,
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
            # what is told from now on no list has told before
            await world.until(
                lambda: world.server.subscribed and world.server.is_watched("/media", "/tags", "/conversations")
            )
            yield seen
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


async def told(world: InstagramWorld, *changes: tuple[str, Any], messaging: list[Any] | None = None) -> int:
    entry: dict[str, Any] = {"id": world.bot, "time": int(time.time())}
    entry |= {"changes": [{"field": name, "value": value} for name, value in changes]} if changes else {}
    entry |= {"messaging": messaging} if messaging is not None else {}
    return await asyncio.to_thread(world.server.knock, {"object": "instagram", "entry": [entry]})


def written(world: InstagramWorld, text: str, *, parent: str | None = None, by: str = "") -> dict[str, Any]:
    """Write a comment below the account's first post, and return what Meta tells of it."""
    author = world.state.who(by or world.alice)
    name = world.state.comment(author["id"], world.first, text, parent=parent)
    value: dict[str, Any] = {"id": name, "text": text, "media": {"id": world.first, "media_product_type": "FEED"}}
    value["from"] = {"id": author["id"], "username": author["handle"]}
    return value | ({"parent_id": parent} if parent is not None else {})


@pytest.mark.asyncio
async def test_each_is_heard_for_what_it_is_and_as_the_list_tells_it(instagram_world: WorldOf) -> None:
    world = instagram_world()
    ours = world.state.comment(world.bot, world.first, "ask me")
    theirs = world.state.comment(world.alice, world.first, "nice")
    elsewhere = world.state.post(world.alice, "with @lamp.bot", names=[world.bot], kind="IMAGE")
    there = world.state.comment(world.alice, elsewhere, "is that @lamp.bot?")
    async with hearing(world) as seen:
        assert await asyncio.to_thread(world.server.verify, WORD) == "1158201444"
        assert world.server.subscribed == ["comments", "mentions", "messages"]
        message = world.state.message(world.bot, world.alice, world.alice, "psst")
        values = [
            written(world, "to the account"),
            written(world, "to its comment", parent=ours),
            written(world, "among people", parent=theirs),
        ]
        knock = {"sender": {"id": world.alice}, "timestamp": 1, "message": {"mid": message, "text": "psst"}}
        mentions = [{"media_id": elsewhere, "comment_id": there}, {"media_id": elsewhere}]
        status = await told(
            world,
            *(("comments", value) for value in values),
            *(("mentions", value) for value in mentions),
            messaging=[knock],
        )
        assert status == 200
    assert [type(event) for event in seen] == [
        *(ReplyReceived, ReplyReceived, MessageReceived, MentionReceived, MentionReceived, DirectMessageReceived),
    ]
    names = {event.id for event in seen} - {there}
    listed: dict[str, TextEvent] = {}
    beginning = {name: "0;" for name in ("feed", "mentions", "messages")}
    async with (
        asyncio.timeout(10),
        world.adapter() as looking,
        aclosing(looking.events(after=beginning)) as events,
    ):
        async for event in events:
            if isinstance(event, TextEvent):
                listed[event.id] = event
            if names <= listed.keys():
                break
    for event in seen:
        if isinstance(event, TextEvent) and event.id in listed:
            again = listed[event.id]
            assert (type(again), again.post.id, again.conversation) == (type(event), event.post.id, event.conversation)


@pytest.mark.asyncio
async def test_our_own_comment_is_no_news_and_what_is_gone_is_passed_on_as_not_understood(
    instagram_world: WorldOf,
) -> None:
    world = instagram_world()
    async with hearing(world) as seen:
        assert await told(world, ("comments", written(world, "an echo", by=world.bot))) == 200
        assert seen == []
        assert await told(world, ("mentions", {"media_id": "4711"}), ("comments", {"id": 7})) == 200
    assert [type(event) for event in seen] == [UnknownEvent, UnknownEvent]


@pytest.mark.asyncio
async def test_what_cannot_be_looked_up_now_is_asked_for_again(instagram_world: WorldOf) -> None:
    world = instagram_world()
    elsewhere = world.state.post(world.alice, "with @lamp.bot", names=[world.bot], kind="IMAGE")
    async with hearing(world) as seen:
        world.server.refuse(GraphError(2, "temporarily unavailable"), method="GET", path=f"^/{world.bot}$")
        assert await told(world, ("mentions", {"media_id": elsewhere})) == 503
        assert await told(world, ("mentions", {"media_id": elsewhere})) == 200
    assert [type(event) for event in seen] == [MentionReceived]


@pytest.mark.asyncio
async def test_an_account_without_messages_is_called_for_the_rest_and_needs_no_permission_for_them(
    instagram_world: WorldOf,
) -> None:
    world = instagram_world()
    scopes = [scope for scope in INSTAGRAM_SCOPES if scope != "instagram_business_manage_messages"]
    token = Secret(world.state.token_for(world.bot, scopes=scopes))
    async with hearing(world, token=token, direct_messages=False) as seen:
        assert world.server.subscribed == ["comments", "mentions"]
        knock = {"sender": {"id": world.alice}, "timestamp": 1, "message": {"mid": "m_1", "text": "psst"}}
        assert await told(world, messaging=[knock]) == 200
        assert seen == []


@pytest.mark.asyncio
async def test_a_message_that_is_taken_back_is_no_empty_message(instagram_world: WorldOf) -> None:
    world = instagram_world()
    async with hearing(world) as seen:
        knock = {"sender": {"id": world.alice}, "timestamp": 1, "message": {"mid": "m_1", "is_deleted": True}}
        assert await told(world, messaging=[knock]) == 200
    (event,) = seen
    assert isinstance(event, PostDeleted)
    assert event.post.id == "dm/m_1"
