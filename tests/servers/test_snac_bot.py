"""A whole bot on a real snac2: it answers in public and privately, signs in, is told what it may do, and outlives the
server."""

import asyncio
import time
from contextlib import aclosing
from datetime import timedelta

import pytest
from clerks import SnacVisitor
from running import RunningServer
from snac_world import SnacWorld
from typing_extensions import override

from greenroom_adapters.contract import (
    AuthenticationFailed,
    Event,
    IdempotencyKind,
    MentionReceived,
    OutcomeUnknown,
    Post,
    PostRef,
    ReactionReceived,
    RepostReceived,
    TextEvent,
)
from greenroom_adapters.mastodon import MastodonAdapter, MastodonSettings
from greenroom_adapters.testing import Intent, take

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]


@pytest.mark.asyncio
async def test_an_answer_is_where_it_was_asked_for_and_names_the_asker(snac_world: SnacWorld) -> None:
    world = snac_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.mention_bot("where?")
        await world.message_bot("and privately?")
        public, private = await take(adapter, 2, after=after)
        assert isinstance(public, TextEvent)
        assert isinstance(private, TextEvent)
        assert private.text == "and privately?"
        for number, event in enumerate((public, private)):
            answer = Post(text=f"answer {number}", in_reply_to=event.post)
            await adapter.publish(Intent(adapter, answer, key=f"k{number}").next_try())
    statuses = {status["text"]: status for status in world.onlooker.seen_home() if "answer" in status["text"]}
    assert set(statuses) == {f"@{world.alice.handle} answer {number}" for number in range(2)}
    told = [status["visibility"] for status in statuses.values()]
    assert sorted(told) == ["private", "public"], "snac shows unlisted posts as public"


@pytest.mark.asyncio
async def test_favourites_and_boosts_are_heard(snac_world: SnacWorld) -> None:
    world = snac_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        receipt = await adapter.publish(Intent(adapter, Post(text=f"@{world.alice.handle} lamp lit")).next_try())

        def act() -> None:
            ends = time.monotonic() + 10
            while not any(
                (told.get("status") or {}).get("id") == receipt.ref.id for told in world.alice.notifications()
            ):
                assert time.monotonic() < ends
                time.sleep(0.02)
            for deed in ("favourite", "reblog"):
                world.alice.call("POST", f"/api/v1/statuses/{receipt.ref.id}/{deed}")

        await asyncio.to_thread(act)
        heard = await take(adapter, 2, after=after)
    assert {type(event) for event in heard} == {ReactionReceived, RepostReceived}
    for event in heard:
        assert isinstance(event, ReactionReceived | RepostReceived)
        assert (event.post.id, event.author.id) == (receipt.ref.id, world.alice.id)


@pytest.mark.asyncio
async def test_check_says_that_this_server_knows_no_keys(snac_world: SnacWorld) -> None:
    async with snac_world.adapter() as adapter:
        assert adapter.capabilities.idempotency.kind is IdempotencyKind.LISTED
        warnings = (await adapter.check()).warnings
    assert any("sent twice" in warning for warning in warnings)
    assert any("takes no post down" in warning for warning in warnings)


@pytest.mark.asyncio
async def test_the_mark_of_a_bot_leaves_the_profile_as_it_is(snac_world: SnacWorld) -> None:
    world = snac_world
    path = "/api/v1/accounts/update_credentials"
    world.onlooker.call("PATCH", path, {"display_name": "Ada", "note": "keeps the light"})
    async with world.adapter() as adapter:
        assert await adapter.declare()
    after = world.onlooker.call("GET", "/api/v1/accounts/verify_credentials")
    assert (after["bot"], after["display_name"], after["note"]) == (True, "Ada", "keeps the light")


@pytest.mark.asyncio
async def test_a_person_signs_the_bot_in(snac_world: SnacWorld) -> None:
    world = snac_world
    visitor = SnacVisitor(world.base, world.bot.name, password=world.bot.password)
    found = await MastodonAdapter.login(visitor, {"server": world.proxy.url})
    assert found.handle.partition("@")[0] == world.bot.name
    settings = MastodonSettings(server=world.proxy.url, token=found.secrets["token"])
    async with MastodonAdapter(settings, account="home") as adapter:
        await adapter.publish(Intent(adapter, Post(text="signed in")).next_try())
    assert [post.text for post in await world.published()] == ["signed in"]


@pytest.mark.asyncio
async def test_a_person_who_says_no_is_told(snac_world: SnacWorld) -> None:
    class Refusing(SnacVisitor):
        @override
        async def decide(self, page: str) -> dict[str, str]:
            return {"state": page.partition("state=")[2].partition("&")[0]}

    with pytest.raises(AuthenticationFailed):
        await MastodonAdapter.login(Refusing(snac_world.base), {"server": snac_world.proxy.url})


@pytest.mark.asyncio
async def test_a_lost_private_answer_is_found_where_the_account_alone_sees_it(snac_world: SnacWorld) -> None:
    world = snac_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        person = await world.message_bot("psst")
        (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, TextEvent)
        for number, post in enumerate(
            (Post(text="yes?", in_reply_to=event.post), Post(text="by the way", direct_to=person))
        ):
            await world.lose_next_answer()
            intent = Intent(adapter, post, key=f"k{number}")
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            found = await adapter.find(intent.last_try())
            assert getattr(found, "receipt", None) is not None, found


@pytest.mark.asyncio
async def test_a_server_that_dies_and_comes_back_is_heard_again(snac: RunningServer, snac_world: SnacWorld) -> None:
    world = snac_world
    heard: list[Event] = []
    async with world.adapter() as adapter:
        after = await adapter.now()

        async def listen() -> None:
            async with aclosing(adapter.events(after=after)) as events:
                async for event in events:
                    heard.append(event)

        async def until(count: int) -> None:
            async with asyncio.timeout(20):
                while len(heard) < count:
                    await asyncio.sleep(0.02)

        listening = asyncio.create_task(listen())
        try:
            await world.mention_bot("before")
            await until(1)
            await asyncio.to_thread(snac.kill)
            await asyncio.sleep(1.0)
            await asyncio.to_thread(snac.start)
            await world.mention_bot("after")
            await until(2)
            receipt = await adapter.publish(Intent(adapter, Post(text="here again")).next_try())
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    assert [type(event) for event in heard] == [MentionReceived] * 2
    assert [post.id for post in await world.published()] == [receipt.ref.id]


@pytest.mark.asyncio
async def test_an_answer_to_what_is_not_there_is_refused_though_the_server_would_take_it(snac_world: SnacWorld) -> None:
    world = snac_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="aye", in_reply_to=PostRef(id="0" * 42)))
        with pytest.raises(Exception, match="404"):
            await adapter.publish(intent.next_try())
        old = intent.grow_old(timedelta(minutes=2))
        assert old.last_tried_at < intent.first_tried_at
    assert await world.published() == []
