"""Whatever the adapter asks of Discord is in the vendor's contract, judged by the fake as it came on the wire, and the
fake answers as the contract says."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from discord_world import DiscordWorld

from greenroom_adapters.contract import Poll, Post
from greenroom_adapters.testing import Intent
from greenroom_adapters.testing.conformance.tools import take


@pytest.mark.asyncio
async def test_every_request_and_every_answer_is_in_the_contract(discord_world: DiscordWorld, specs: Path) -> None:
    """That nothing was wrong is asserted by the fixture, here as in every other test."""
    world = discord_world
    poll = Poll(options=("yes", "no"), open_for=timedelta(hours=1))
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.mention_bot("hello")
        (asked,) = await take(adapter, 1, after=after)
        posts = (
            Post(text="aye", in_reply_to=world.ref({"channel_id": world.home, "id": asked.id})),
            Post(text="psst", direct_to=world.alice),
            Post(text="calm?", poll=poll),
        )
        intents = [Intent(adapter, post, key=f"k{number}") for number, post in enumerate(posts)]
        receipts = [await adapter.publish(intent.next_try()) for intent in intents]
        await adapter.find(intents[0].last_try())
        await adapter.thread(receipts[0].ref)
        await adapter.react(world.ref({"channel_id": world.home, "id": asked.id}))
        await adapter.metrics(receipts[0].ref)
        await adapter.edit(receipts[0].ref, "aye, aye")
        await adapter.delete(receipts[0].ref)
        await adapter.may_message(world.alice)
        await adapter.person("alice")
        await adapter.check()
        async for _ in adapter.history(since=datetime.now(UTC) - timedelta(minutes=1)):
            await asyncio.sleep(0)
    told = await world.call("violations")
    assert told["judged"], f"the contract was not found in {specs}"
    assert set(told["operations"]) >= {
        *("get_my_user", "get_my_application", "get_bot_gateway", "list_my_guilds", "get_guild", "get_guild_member"),
        *("list_guild_channels", "get_active_guild_threads", "search_guild_members", "get_channel", "get_user"),
        *("create_dm", "list_messages", "get_message", "create_message", "update_message", "delete_message"),
        "add_my_message_reaction",
    }
