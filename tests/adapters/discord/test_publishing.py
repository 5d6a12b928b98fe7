"""What goes out on Discord, how it is kept from going out twice, and what stops it."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from discord_world import DiscordWorld

from greenroom_adapters.contract import (
    Absent,
    Forbidden,
    Found,
    Media,
    MediaRefused,
    OutcomeUnknown,
    Poll,
    Post,
    PostRejected,
    RateLimited,
    TargetGone,
    Undecided,
    Unsupported,
)
from greenroom_adapters.testing import Intent

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b4944415478da6360000200000500017a5eab3f"
    "0000000049454e44ae426082"
)
THREAD, FORUM = 11, 15
SEND, HISTORY = 1 << 11, 1 << 16


def sent(world: DiscordWorld) -> list[dict[str, Any]]:
    """Return the bodies of the messages that were sent."""
    return [
        json.loads(request.body)
        for request in world.proxy.requests()
        if request.method == "POST" and request.path.endswith("/messages")
    ]


@pytest.mark.asyncio
async def test_what_an_engine_wrote_rings_nobodys_telephone(discord_world: DiscordWorld) -> None:
    world = discord_world
    target = await world.say("who is there?")
    async with world.adapter() as adapter:
        shout = Post(text=f"@everyone <@{world.alice}> here", in_reply_to=target)
        await adapter.publish(Intent(adapter, shout).next_try())
    (body,) = sent(world)
    assert body["allowed_mentions"] == {"parse": [], "replied_user": False}
    assert body["enforce_nonce"] is True
    assert len(body["nonce"]) <= 25
    assert body["message_reference"] == {"message_id": target.id.partition("/")[2], "fail_if_not_exists": True}
    (said,) = await world.call("published", bot=world.me)
    assert said["mentions"] == []


@pytest.mark.asyncio
async def test_an_answer_in_a_thread_stands_in_that_thread(discord_world: DiscordWorld) -> None:
    world = discord_world
    thread = (await world.call("channel", guild=world.guild["id"], name="lamps", type=THREAD, parent=world.home))["id"]
    asked = await world.say("which lamp?", channel=thread)
    async with world.adapter() as adapter:
        first = await adapter.publish(
            Intent(adapter, Post(text="this one", in_reply_to=asked, room=world.home), key="k1").next_try()
        )
        await adapter.publish(Intent(adapter, Post(text="and this", in_reply_to=first.ref), key="k2").next_try())
        assert [one.text for one in await adapter.thread(first.ref)] == ["which lamp?"]
    assert [one["channel_id"] for one in await world.call("published", bot=world.me)] == [thread, thread]


@pytest.mark.asyncio
async def test_a_private_answer_to_what_was_said_in_public_stands_alone(discord_world: DiscordWorld) -> None:
    world = discord_world
    asked = await world.say("tell me alone")
    async with world.adapter() as adapter:
        post = Post(text="between us", in_reply_to=asked, direct_to=world.alice)
        await adapter.publish(Intent(adapter, post).next_try())
    (said,) = await world.published()
    assert (said.text, said.direct_to, said.in_reply_to) == ("between us", world.alice, None)


@pytest.mark.asyncio
async def test_one_refusal_of_the_token_keeps_no_message_back(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        await world.answer_next(401)
        await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
    assert [said.text for said in await world.published()] == ["hi"]


@pytest.mark.asyncio
async def test_who_takes_no_messages_of_bots_is_refused_for_good(discord_world: DiscordWorld) -> None:
    world = discord_world
    await world.call("shut_out", bot=world.me, user=world.alice)
    async with world.adapter() as adapter:
        with pytest.raises(Forbidden, match="50007"):
            await adapter.publish(Intent(adapter, Post(text="hello", direct_to=world.alice)).next_try())
        assert not await adapter.may_message(world.me), "bots take none of each other"


@pytest.mark.asyncio
async def test_a_channel_is_found_by_name_and_what_is_none_is_said_so(discord_world: DiscordWorld) -> None:
    world = discord_world
    guild = world.guild["id"]
    log = (await world.call("channel", guild=guild, name="log"))["id"]
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="by name", room="#log"), key="k1").next_try())
        await adapter.publish(Intent(adapter, Post(text="by id", room=log), key="k2").next_try())
        with pytest.raises(Forbidden, match="no channel"):
            await adapter.publish(Intent(adapter, Post(text="lost", room="#nowhere"), key="lost").next_try())
    await world.call("channel", guild=guild, name="log")
    async with world.adapter() as adapter:
        with pytest.raises(Forbidden, match="several"):
            await adapter.publish(Intent(adapter, Post(text="which?", room="#log"), key="k3").next_try())
    assert [one["channel_id"] for one in await world.call("published", bot=world.me)] == [log, log]
    async with world.adapter(home="") as adapter:
        with pytest.raises(Unsupported, match="home"):
            adapter.prepare(Post(text="hi"), key="k")


@pytest.mark.asyncio
async def test_a_missing_permission_is_a_refusal(discord_world: DiscordWorld) -> None:
    world = discord_world
    target = await world.say("hello")
    everybody = world.guild["id"]
    for denied, words in ((HISTORY, "160002"), (SEND, "50013")):
        denial = {"id": everybody, "type": 0, "allow": "0", "deny": str(denied)}
        await world.call("overwrite", channel=world.home, overwrites=[denial])
        async with world.adapter() as adapter:
            with pytest.raises(Forbidden, match=words):
                await adapter.publish(Intent(adapter, Post(text="hi", in_reply_to=target)).next_try())


@pytest.mark.asyncio
async def test_several_pictures_go_out_under_names_that_say_nothing(
    discord_world: DiscordWorld, tmp_path: Path
) -> None:
    world = discord_world
    picture = tmp_path / "my holidays with Bob.png"
    picture.write_bytes(PIXEL)
    media = tuple(Media(path=str(picture), media_type="image/png", alt=alt) for alt in ("one", "two"))
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="look", media=media)).next_try())
        (said,) = await world.call("published", bot=world.me)
        assert [file["filename"] for file in said["attachments"]] == ["image.png", "image1.png"]
        assert [file["description"] for file in said["attachments"]] == ["one", "two"]
        with picture.open("wb") as file:
            file.truncate(9 * 1024 * 1024)
        with pytest.raises(MediaRefused, match="together"):
            await adapter.publish(Intent(adapter, Post(text="too much", media=media[:1] * 3), key="k").next_try())


@pytest.mark.asyncio
async def test_the_question_of_a_poll_has_a_limit_of_its_own(discord_world: DiscordWorld) -> None:
    world = discord_world
    poll = Poll(options=("calm", "rough"), open_for=timedelta(minutes=90), several=True)
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="q" * 300, poll=poll)).next_try())
        with pytest.raises(PostRejected):
            adapter.prepare(Post(text="q" * 301, poll=poll), key="k")
    (body,) = sent(world)
    assert (body["poll"]["duration"], body["poll"]["allow_multiselect"]) == (2, True)
    assert "content" not in body


# Limits --------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_limit_that_is_used_up_is_known_and_costs_no_request(discord_world: DiscordWorld) -> None:
    """Discord takes five messages to a channel in five seconds."""
    world = discord_world
    async with world.adapter() as adapter:
        receipts = [
            await adapter.publish(Intent(adapter, Post(text=f"number {number}"), key=f"k{number}").next_try())
            for number in range(5)
        ]
        quotas = [receipt.quota for receipt in receipts if receipt.quota is not None]
        assert [(quota.limit, quota.remaining) for quota in quotas] == [(5, left) for left in (4, 3, 2, 1, 0)]
        assert {quota.bucket.rpartition(":")[2] for quota in quotas} == {world.home}
        assert timedelta(0) < quotas[-1].resets_at - datetime.now(UTC) <= timedelta(seconds=5)
        before = len(sent(world))
        sixth = Intent(adapter, Post(text="number 5"), key="k5")
        with pytest.raises(RateLimited) as caught:
            await adapter.publish(sixth.next_try())
        assert len(sent(world)) == before
        assert timedelta(0) < caught.value.retry_after <= timedelta(seconds=5)
        other = (await world.call("channel", guild=world.guild["id"], name="log"))["id"]
        await adapter.publish(Intent(adapter, Post(text="elsewhere", room=other), key="k6").next_try())
        await asyncio.sleep(caught.value.retry_after.total_seconds() + 0.1)
        await adapter.publish(sixth.next_try())
    assert len(await world.published()) == 7


@pytest.mark.asyncio
async def test_a_limit_for_everything_holds_everything_back(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        world.order(
            "answer",
            status=429,
            headers={"Retry-After": "60", "X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"},
            body=b'{"message": "You are being rate limited.", "retry_after": 60.0, "global": true}',
        )
        with pytest.raises(RateLimited):
            await adapter.publish(Intent(adapter, Post(text="one"), key="k1").next_try())
        before = len(world.proxy.requests())
        with pytest.raises(RateLimited) as caught:
            await adapter.person(world.alice)
        assert timedelta(seconds=55) < caught.value.retry_after <= timedelta(seconds=60)
        assert len(world.proxy.requests()) == before


@pytest.mark.asyncio
async def test_whoever_is_turned_away_before_the_api_is_not_told_that_it_is_forbidden(
    discord_world: DiscordWorld,
) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        world.order("answer", status=403, body=b"error code: 1015")
        intent = Intent(adapter, Post(text="later"))
        with pytest.raises(Exception, match="not an answer of the API") as caught:
            await adapter.publish(intent.next_try())
        assert not isinstance(caught.value, PostRejected)
        await adapter.publish(intent.next_try())


# Reading back --------------------------------------------------------------------------------------------------------


async def lost(world: DiscordWorld, intent: Intent, adapter: Any) -> None:
    """Publish, and lose the answer."""
    await world.lose_next_answer()
    with pytest.raises(OutcomeUnknown):
        await adapter.publish(intent.next_try())


@pytest.mark.asyncio
async def test_without_its_nonce_a_message_is_found_by_what_it_says_and_answers(discord_world: DiscordWorld) -> None:
    """The fake's history tells no nonces, and whoever looks has heard nothing: it is another process."""
    world = discord_world
    one, two = await world.say("one"), await world.say("two")
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="aye", in_reply_to=two), key="k2")
        await adapter.publish(Intent(adapter, Post(text="aye", in_reply_to=one), key="k1").next_try())
        await adapter.publish(Intent(adapter, Post(text="aye"), key="k3").next_try())
        await lost(world, intent, adapter)
    async with world.adapter() as adapter:
        found = await adapter.find(intent.last_try())
    assert isinstance(found, Found)
    (answer,) = [said for said in await world.published() if said.in_reply_to == two.id]
    assert found.receipt.ref.id == answer.id


@pytest.mark.asyncio
async def test_a_message_that_is_known_to_be_another_one_is_not_taken_for_it(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        await adapter.publish(Intent(adapter, Post(text="the same words"), key="k1").next_try())
        never = Intent(adapter, Post(text="the same words"), key="k2").grow_old(timedelta(minutes=1))
        assert isinstance(await adapter.find(never), Absent)


@pytest.mark.asyncio
async def test_it_is_found_behind_what_others_said_since(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="did it?"))
        await lost(world, intent, adapter)
        for number in range(150):
            await world.say(f"chatter {number}")
        assert isinstance(await adapter.find(intent.last_try()), Found)


@pytest.mark.asyncio
async def test_a_nonce_is_not_trusted_for_longer_than_discord_compares_it(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        window = adapter.capabilities.idempotency.window
        assert window is not None
        assert window <= timedelta(minutes=3)


@pytest.mark.asyncio
async def test_a_channel_that_is_closed_to_us_says_nothing_about_what_went_out(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="did it?"))
        await lost(world, intent, adapter)
        everybody = world.guild["id"]
        denial = {"id": everybody, "type": 0, "allow": "0", "deny": str(1 << 10)}
        await world.call("overwrite", channel=world.home, overwrites=[denial])
        verdict = await adapter.find(intent.grow_old(timedelta(hours=1)))
    assert isinstance(verdict, Undecided)
    assert verdict.final


@pytest.mark.asyncio
async def test_a_history_that_is_hidden_from_us_says_nothing_about_what_went_out(discord_world: DiscordWorld) -> None:
    """Discord lists nothing then, and refuses nothing: the bot may post there, and cannot see what it posted."""
    world = discord_world
    everybody = world.guild["id"]
    async with world.adapter() as adapter:
        never = Intent(adapter, Post(text="never sent", room=world.home), key="k1")
        denial = {"id": everybody, "type": 0, "allow": "0", "deny": str(HISTORY)}
        await world.call("overwrite", channel=world.home, overwrites=[denial])
        quiet = await adapter.find(never.grow_old(timedelta(hours=1)))
        assert isinstance(quiet, Absent), "nobody said anything there, so neither did we"
        intent = Intent(adapter, Post(text="did it?"), key="k2")
        await lost(world, intent, adapter)
    async with world.adapter() as adapter:
        verdict = await adapter.find(intent.grow_old(timedelta(hours=1)))
    assert isinstance(verdict, Undecided)
    assert verdict.final


@pytest.mark.asyncio
async def test_a_direct_message_is_found_in_its_conversation(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        intent = Intent(adapter, Post(text="psst", direct_to=world.alice))
        await lost(world, intent, adapter)
    async with world.adapter() as adapter:
        found = await adapter.find(intent.last_try())
        assert isinstance(found, Found)
        again = await adapter.publish(replace(intent.next_try(), state=None))
    assert again.ref == found.receipt.ref
    assert len(await world.published()) == 1


@pytest.mark.asyncio
async def test_answers_to_what_is_no_message_of_discord_are_refused(discord_world: DiscordWorld) -> None:
    world = discord_world
    target = await world.say("soon gone")
    async with world.adapter() as adapter:
        with pytest.raises(Unsupported):
            adapter.prepare(Post(text="hi", in_reply_to=replace(target, id="$event:example.org")), key="k")
        with pytest.raises(TargetGone):
            await adapter.react(replace(target, id="nothing"))


@pytest.mark.asyncio
async def test_a_post_is_found_also_by_a_clock_that_is_wrong(
    discord_world: DiscordWorld, fast_clock: timedelta
) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        await world.lose_next_answer()
        intent = Intent(adapter, Post(text="did it?"))
        with pytest.raises(OutcomeUnknown):
            await adapter.publish(intent.next_try())
        assert isinstance(await adapter.find(intent.grow_old(-fast_clock)), Found)
