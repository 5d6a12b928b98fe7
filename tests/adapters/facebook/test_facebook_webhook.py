"""What Meta tells a page by calls: only Meta is heard, and Meta hears 200 only for what is on disk."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from facebook_world import FacebookWorld
from graph_fields import GraphError
from graph_state import PAGE_SCOPES
from ports import free_port

from greenroom_adapters.contract import (
    Author,
    ConfigurationError,
    DirectMessageReceived,
    Event,
    MentionReceived,
    MessageReceived,
    PostDeleted,
    PostEdited,
    ReactionReceived,
    ReplyReceived,
    Secret,
    UnknownEvent,
)
from greenroom_adapters.facebook import FacebookAdapter
from greenroom_adapters.webhooks import SupportsWebhooks

WorldOf = Callable[..., FacebookWorld]
WORD = "the-word-of-the-dashboard"


@dataclass
class Hearing:
    """What was heard, and what of it is on disk."""

    world: FacebookWorld
    adapter: FacebookAdapter
    stores: bool = True
    seen: list[Event] = field(default_factory=list)

    async def told(self, *changes: tuple[str, dict[str, Any]], messaging: list[Any] | None = None, **call: Any) -> int:
        """Let Meta call with this; return what the bot answered."""
        entry: dict[str, Any] = {"id": self.world.bot, "time": int(time.time())}
        entry["changes"] = [{"field": name, "value": value} for name, value in changes]
        entry |= {"messaging": messaging} if messaging is not None else {}
        body = {"object": "page", "entry": [entry]}
        return await asyncio.to_thread(self.world.server.knock, call.pop("body", body), **call)

    def comment(self, text: str, **more: Any) -> dict[str, Any]:
        """Return what Meta tells of a new comment of Alice's."""
        alice = {"id": self.world.alice, "name": "Alice Avelar"}
        return {
            "item": "comment",
            "verb": "add",
            "from": alice,
            "message": text,
            "created_time": int(time.time()),
            **more,
        }


@asynccontextmanager
async def hearing(world: FacebookWorld, *, stores: bool = True, **changed: Any) -> AsyncIterator[Hearing]:
    port = free_port()
    world.server.proxied = f"http://127.0.0.1:{port}/facebook"
    adapter = world.adapter(
        webhook="https://bot.example/facebook",
        webhook_listen=str(port),
        verify_token=Secret(WORD),
        look_every=3600,
        **changed,
    )
    assert isinstance(adapter, SupportsWebhooks)
    async with adapter:
        heard = Hearing(world, adapter, stores=stores)

        async def listen() -> None:
            async with aclosing(adapter.events(after=await adapter.now())) as events:
                async for event in events:
                    heard.seen.append(event)
                    if heard.stores:
                        await adapter.acknowledge(event.source, event.cursor)

        listening = asyncio.create_task(listen())
        try:
            # what is told from now on no list has told before
            await world.until(
                lambda: (
                    world.server.subscribed and world.server.is_watched("/published_posts", "/tagged", "/conversations")
                )
            )
            yield heard
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@pytest.mark.asyncio
async def test_the_dashboard_is_answered_when_it_knows_the_word(facebook_world: WorldOf) -> None:
    world = facebook_world()
    async with hearing(world):
        assert await asyncio.to_thread(world.server.verify, WORD) == "1158201444"
        assert await asyncio.to_thread(world.server.verify, "another word") is None
        assert world.server.subscribed == ["feed", "mention", "messages"]


@pytest.mark.asyncio
async def test_a_batch_is_heard_whole_and_each_for_what_it_is(facebook_world: WorldOf) -> None:
    world = facebook_world()
    post = world.state.post(world.bot, "lamp lit")
    ours = world.state.comment(world.bot, post, "ask me")
    theirs = world.state.comment(world.alice, post, "nice")
    elsewhere = world.state.post(world.alice, "@lamp is the best", names=[world.bot])
    now = int(time.time())
    async with hearing(world) as heard:
        comment = {"post_id": post, "comment_id": f"{post}1"}
        comments = [
            heard.comment("to the page", **comment, parent_id=post),
            heard.comment("to the comment of the page", post_id=post, comment_id="2_2", parent_id=ours),
            heard.comment("among people", post_id=post, comment_id="2_3", parent_id=theirs),
        ]
        alice = {"id": world.alice, "name": "Alice Avelar"}
        status = await heard.told(
            *(("feed", value) for value in comments),
            ("mention", {"item": "post", "verb": "add", "post_id": elsewhere}),
            ("feed", {"item": "reaction", "verb": "add", "post_id": post, "from": alice, "created_time": now}),
            ("feed", {"item": "comment", "verb": "edited", **comment, "from": alice, "message": "to the Page"}),
            ("feed", {"item": "comment", "verb": "remove", **comment, "from": alice, "created_time": now}),
            messaging=[
                {"sender": {"id": world.alice}, "timestamp": now * 1000, "message": {"mid": "m_1", "text": "psst"}}
            ],
        )
        assert status == 200
    assert [type(event) for event in heard.seen] == [
        *(ReplyReceived, ReplyReceived, MessageReceived, MentionReceived),
        *(ReactionReceived, PostEdited, PostDeleted, DirectMessageReceived),
    ]
    assert min(event.occurred_at.timestamp() for event in heard.seen) >= now
    mention = heard.seen[3]
    assert isinstance(mention, MentionReceived)
    assert mention.text == "@lamp is the best"
    assert mention.author == Author(id=world.alice, handle=world.alice, name="Alice Avelar"), "a name is no handle"


@pytest.mark.asyncio
async def test_what_comes_by_a_call_and_by_a_list_is_one_event(facebook_world: WorldOf) -> None:
    world = facebook_world()
    post = world.state.post(world.bot, "lamp lit")
    async with hearing(world) as heard:
        name = world.state.comment(world.alice, post, "well done")
        await heard.told(("feed", heard.comment("well done", post_id=post, comment_id=name, parent_id=post)))
        message = world.state.message(world.bot, world.alice, world.alice, "psst")
        knock = {"sender": {"id": world.alice}, "timestamp": 1, "message": {"mid": message, "text": "psst"}}
        await heard.told(messaging=[knock])
        told = {event.id: event for event in heard.seen}
        async with world.adapter() as looking:
            listed = {}
            async with asyncio.timeout(10), aclosing(looking.events(after={"feed": "0;", "messages": "0;"})) as events:
                async for event in events:
                    listed[event.id] = event
                    if told.keys() <= listed.keys():
                        break
    for name, event in told.items():
        assert type(listed[name]) is type(event)
        assert getattr(listed[name], "post").id == getattr(event, "post").id  # noqa: B009 - events of one kind have it
        assert getattr(listed[name], "conversation") == getattr(event, "conversation")  # noqa: B009 - as above


@pytest.mark.asyncio
async def test_a_page_without_messages_is_called_for_the_rest_and_needs_no_permission_for_them(
    facebook_world: WorldOf,
) -> None:
    world = facebook_world()
    scopes = [scope for scope in PAGE_SCOPES if scope != "pages_messaging"]
    token = Secret(world.state.token_for(world.bot, scopes=scopes))
    async with hearing(world, token=token, direct_messages=False) as heard:
        assert world.server.subscribed == ["feed", "mention"]
        knock = {"sender": {"id": world.alice}, "timestamp": 1, "message": {"mid": "m_1", "text": "psst"}}
        assert await heard.told(messaging=[knock]) == 200
        assert heard.seen == []


@pytest.mark.asyncio
async def test_each_edit_of_a_comment_is_heard(facebook_world: WorldOf) -> None:
    world = facebook_world()
    async with hearing(world) as heard:
        edited = {"post_id": "1_2", "comment_id": "2_3", "parent_id": "1_2", "verb": "edited", "created_time": 1}
        for text in ("one lamp", "two lamps", "two lamps"):
            assert await heard.told(("feed", heard.comment(text, **edited))) == 200
    assert len({event.id for event in heard.seen}) == 2


@pytest.mark.asyncio
async def test_a_call_that_meta_has_not_signed_is_not_heard(facebook_world: WorldOf) -> None:
    world = facebook_world()
    async with hearing(world) as heard:
        told = ("feed", heard.comment("psst", post_id="1_2", comment_id="2_3", parent_id="1_2"))
        assert await heard.told(told, signed_with="a guess") == 401
        assert heard.seen == []


@pytest.mark.asyncio
async def test_meta_is_told_yes_when_it_is_on_disk_and_not_before(facebook_world: WorldOf) -> None:
    world = facebook_world()
    async with hearing(world, stores=False) as heard:
        told = ("feed", heard.comment("wait", post_id="1_2", comment_id="2_3", parent_id="1_2"))
        calling = asyncio.create_task(heard.told(told, told))
        await world.until(lambda: len(heard.seen) == 2)
        await heard.adapter.acknowledge(heard.seen[0].source, heard.seen[0].cursor)
        await asyncio.sleep(0.05)
        assert not calling.done()
        await heard.adapter.acknowledge(heard.seen[1].source, heard.seen[1].cursor)
        assert await calling == 200


@pytest.mark.asyncio
async def test_our_own_echo_and_what_is_for_another_page_are_nothing_for_us(facebook_world: WorldOf) -> None:
    world = facebook_world()
    async with hearing(world) as heard:
        us = {"id": world.bot, "name": "Lamp"}
        ours = heard.comment("an echo", post_id="1_2", comment_id="2_3", parent_id="1_2") | {"from": us}
        echo = {"sender": us, "timestamp": 1, "message": {"mid": "m_1", "text": "an echo", "is_echo": True}}
        assert await heard.told(("feed", ours), messaging=[echo]) == 200
        assert (
            await heard.told(body={"object": "page", "entry": [{"id": "4711", "time": 1, "messaging": [echo]}]}) == 200
        )
        assert heard.seen == []


@pytest.mark.asyncio
async def test_what_cannot_be_looked_up_now_is_asked_for_again(facebook_world: WorldOf) -> None:
    world = facebook_world()
    elsewhere = world.state.post(world.alice, "hey", names=[])
    async with hearing(world) as heard:
        world.server.refuse(GraphError(2, "temporarily unavailable"), method="GET", path=elsewhere)
        mention = ("mention", {"item": "post", "verb": "add", "post_id": elsewhere})
        assert await heard.told(mention) == 503
        assert await heard.told(mention) == 200
    assert [type(event) for event in heard.seen] == [MentionReceived]


@pytest.mark.parametrize("value", [{"item": "comment", "verb": "add"}, {"item": 7}, {"created_time": 10**30}])
@pytest.mark.asyncio
async def test_what_is_not_understood_is_passed_on_as_that(facebook_world: WorldOf, value: dict[str, Any]) -> None:
    world = facebook_world()
    async with hearing(world) as heard:
        assert await heard.told(("feed", value)) == 200
        assert await heard.told(body=b"[]") == 200
    assert [type(event) for event in heard.seen] in ([UnknownEvent], [])


def test_a_webhook_says_what_it_lacks(facebook_world: WorldOf) -> None:
    world = facebook_world()
    for changed in (
        {"webhook": "http://bot.example/facebook", "verify_token": Secret(WORD)},
        {"webhook": "https://bot.example/facebook"},
        {"webhook": "https://bot.example/facebook", "verify_token": Secret(WORD), "webhook_listen": "here"},
    ):
        with pytest.raises(ConfigurationError):
            world.adapter(**changed)
