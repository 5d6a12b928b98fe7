"""The gateway comes back by itself, asks for no more than it needs, and stops when a person must act."""

import asyncio
import logging
import time

import pytest
from discord_looks import begun, connected
from discord_world import GATEWAY, DiscordWorld

from greenroom_adapters.contract import (
    AuthenticationFailed,
    MentionReceived,
    ReactionReceived,
    TextEvent,
    UnknownEvent,
)
from greenroom_adapters.testing.conformance.tools import Listener, listening, take

READS_ALL = 1 << 19
GUILDS, GUILD_MESSAGES, GUILD_REACTIONS, DM_MESSAGES, DM_REACTIONS, MESSAGE_CONTENT = (
    *(1 << 0, 1 << 9, 1 << 10),
    *(1 << 12, 1 << 13, 1 << 15),
)


def count_of(listener: Listener, text: str) -> int:
    return sum(text in said for said in listener.texts())


@pytest.mark.asyncio
async def test_it_asks_for_exactly_the_intents_that_become_events(discord_world: DiscordWorld) -> None:
    world = discord_world
    least = GUILDS | GUILD_MESSAGES | GUILD_REACTIONS | DM_MESSAGES | DM_REACTIONS
    for flags, wanted in ((READS_ALL, least | MESSAGE_CONTENT), (0, least)):
        await world.call("flags", bot=world.me, flags=flags)
        async with world.adapter() as adapter, listening(adapter, after=await adapter.now()):
            await connected(world, count=await begun(world) + 1)
            assert (await world.call("sessions", bot=world.me))["intents"] == [wanted]


@pytest.mark.asyncio
async def test_a_broken_connection_is_resumed_with_what_no_history_has(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        mine = await world.call("say", channel=world.home, author=world.me, content="like me")
        await world.mention_bot("before")
        await listener.until("before")
        await world.drop_stream()
        await world.call("react", message=mine["id"], user=world.alice, emoji="\N{THUMBS UP SIGN}")
        await world.mention_bot("meanwhile")
        await listener.until("meanwhile")
        assert [event.reaction for event in listener.seen if isinstance(event, ReactionReceived)] == ["like"]
        assert count_of(listener, "before") == count_of(listener, "meanwhile") == 1
        assert await begun(world) == 1, "it was resumed, not begun anew"


@pytest.mark.asyncio
async def test_when_discord_asks_for_it_the_connection_is_made_anew(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.call("raw", bot=world.me, text='{"op": 7, "d": null, "s": null, "t": null}')
        await world.mention_bot("after the change")
        await listener.until("after the change")
        assert await begun(world) == 1


@pytest.mark.parametrize("depth", [950, 50_000])
@pytest.mark.asyncio
async def test_what_is_nested_without_an_end_ends_no_connection(
    discord_world: DiscordWorld, depth: int, caplog: pytest.LogCaptureFixture
) -> None:
    world = discord_world
    caplog.set_level(logging.DEBUG, "greenroom_adapters.discord.gateway")
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        deep = "[" * depth + "]" * depth
        for name in ("MESSAGE_CREATE", "GUILD_CREATE", "CHANNEL_UPDATE", "SOMETHING_NEW"):
            frame = f'{{"op": 0, "d": {{"id": "1", "channel_id": "1", "deep": {deep}}}, "s": null, "t": "{name}"}}'
            await world.call("raw", bot=world.me, text=frame)
        await world.mention_bot("after all of it")
        await listener.until("after all of it")
        assert "the gateway is lost" not in caplog.text


@pytest.mark.asyncio
async def test_a_session_that_discord_forgot_is_begun_anew_and_nothing_is_missed(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.message_bot("we know each other")
        await world.mention_bot("before")
        await listener.until("before")
        await listener.until("we know each other")
        await world.call("forget_sessions", bot=world.me)
        await world.mention_bot("while nobody listened")
        await world.message_bot("between us, meanwhile")
        await listener.until("while nobody listened")
        await listener.until("between us, meanwhile")
        await world.mention_bot("and on")
        await listener.until("and on")
        assert await begun(world) == 2
        for text in ("before", "while nobody listened", "between us, meanwhile", "and on"):
            assert count_of(listener, text) == 1


@pytest.mark.parametrize(
    ("code", "words"), [(4004, "token"), (4011, "sharded"), (4013, "intent"), (4014, "Message Content Intent")]
)
@pytest.mark.asyncio
async def test_a_code_that_no_retry_mends_says_what_a_person_must_do(
    discord_world: DiscordWorld, code: int, words: str
) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        listener = asyncio.create_task(take(adapter, 1, after=await adapter.now()))
        await connected(world)
        await world.call("close", bot=world.me, code=code)
        with pytest.raises(AuthenticationFailed, match=words):
            await listener
        assert await begun(world) == 1


@pytest.mark.parametrize("code", [1000, 4000, 4005, 4007, 4009])
@pytest.mark.asyncio
async def test_after_any_other_code_it_comes_back(discord_world: DiscordWorld, code: int) -> None:
    world = discord_world
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.call("close", bot=world.me, code=code)
        await world.mention_bot("still here?")
        await listener.until("still here?")


@pytest.mark.asyncio
async def test_an_intent_that_was_taken_away_is_said_to_be_the_reason(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.call("flags", bot=world.me, flags=0)
        with pytest.raises(AuthenticationFailed, match="Message Content Intent"):
            await take(adapter, 1, after=after)


@pytest.mark.asyncio
async def test_what_nobody_understands_is_told_and_ends_nothing(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.call("dispatch", bot=world.me, event="SOMETHING_NEW", data={"what": "is this"})
        await world.call("dispatch", bot=world.me, event="MESSAGE_CREATE", data={"id": "7", "channel_id": world.home})
        await world.call("dispatch", bot=world.me, event="MESSAGE_CREATE", data=None)
        await world.call("dispatch", bot=world.me, event="GUILD_CREATE", data={"id": [1]})
        for frame in ("no json", "[]", '{"op": "x"}', '{"op": 77, "d": {}}', '{"op": 10, "d": null}', "{}"):
            await world.call("raw", bot=world.me, text=frame)
        await world.mention_bot("go on")
        await listener.until("go on")
        strange = [event for event in listener.seen if isinstance(event, UnknownEvent)]
        assert {event.raw.split(" ")[0] for event in strange} >= {"SOMETHING_NEW", "MESSAGE_CREATE", "GUILD_CREATE"}
        assert any("no json" in event.raw for event in strange)
        assert len({event.id for event in strange}) == len(strange)


@pytest.mark.asyncio
async def test_a_bot_that_begins_sessions_all_the_time_waits_longer_and_longer(discord_world: DiscordWorld) -> None:
    """Of 1,000 starts 998 are used up and the day ends in 3 seconds: the next waits for a third of that."""
    world = discord_world
    await world.call("starts", bot=world.me, used=998, reset_after=3000)
    async with world.adapter() as adapter:
        after, before = await adapter.now(), time.monotonic()
        await world.mention_bot("hurry")
        (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, MentionReceived)
        assert time.monotonic() - before >= 1.0


@pytest.mark.asyncio
async def test_the_gateway_stays_away_and_returns(discord_world: DiscordWorld) -> None:
    """Discord refuses every new connection for a while; history can be read meanwhile, and is not asked for in vain."""
    world = discord_world
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        for _ in range(3):
            world.order("refuse", method="GET", path=GATEWAY)
        await world.drop_stream()
        await world.mention_bot("nobody hears")
        await listener.until("nobody hears")
        await world.mention_bot("all is well")
        await listener.until("all is well")
        assert [event for event in listener.seen if isinstance(event, TextEvent)]
        assert await begun(world) == 1


@pytest.mark.asyncio
async def test_a_bot_in_many_servers_opens_as_many_shards_as_discord_wants(discord_world: DiscordWorld) -> None:
    """Each of two shards hears its own servers; direct conversations are the first one's."""
    world = discord_world
    await world.call("shards", bot=world.me, shards=2)
    guilds = {(int(world.guild["id"]) >> 22) % 2: world.home}
    while len(guilds) < 2:
        more = await world.call("guild", name="More", owner=world.alice, members=[world.me])
        guilds.setdefault((int(more["id"]) >> 22) % 2, more["channel"])
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world, count=2)
        for shard, channel in guilds.items():
            await world.say(f"<@{world.me}> in shard {shard}", channel=channel)
        await world.message_bot("between us")
        for text in ("in shard 0", "in shard 1", "between us"):
            await listener.until(text)
        assert len(listener.texts()) == len(set(listener.texts())) == 3
