"""Over a restart: what no history has comes from the last session, as long as Discord keeps it."""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from discord_looks import begun, connected
from discord_world import DiscordWorld
from typing_extensions import override

from greenroom_adapters.contract import DirectMessageReceived, PostDeleted, PostEdited, ReactionReceived, Unavailable
from greenroom_adapters.discord import DiscordAdapter, resuming
from greenroom_adapters.testing.conformance.tools import Listener, listening, wait_until
from greenroom_adapters.transport import Pace

START = "start"


class Shelf:
    """A place of the account that outlives its adapters."""

    def __init__(self, values: Mapping[str, bytes] | None = None) -> None:
        self.values = dict(values or {})

    async def load(self, name: str) -> bytes | None:
        return self.values.get(name)

    async def store(self, name: str, value: bytes) -> None:
        self.values[name] = value

    @property
    def session(self) -> str | None:
        """The session that would be taken up."""
        return json.loads(self.values["session"])["id"] if "session" in self.values else None


@asynccontextmanager
async def one_run(
    world: DiscordWorld, shelf: Shelf, after: Mapping[str, str]
) -> AsyncGenerator[tuple[DiscordAdapter, Listener], None]:
    """Listen from the cursors on, as a process with this shelf does, once a session of its own is there."""
    sessions = await begun(world)
    adapter = world.adapter()
    adapter.keep_in(shelf)
    async with adapter, listening(adapter, after=after) as listener:
        await connected(world, count=sessions + 1)
        yield adapter, listener


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """How far all is durable is stored soon."""
    monkeypatch.setattr(resuming, "STORES_EVERY", 0.05)


async def is_stored(shelf: Shelf, *, other_than: str | None = None) -> None:
    """Return when a session stands on the shelf."""

    async def is_there() -> bool:
        return shelf.session not in (None, other_than)

    await wait_until(is_there, "a session on the shelf")


async def beginning(world: DiscordWorld) -> dict[str, str]:
    async with world.adapter() as adapter:
        return dict(await adapter.now())


@pytest.mark.parametrize("ends_well", [True, False])
@pytest.mark.asyncio
async def test_a_stranger_who_writes_while_the_bot_restarts_is_heard(
    discord_world: DiscordWorld, ends_well: bool
) -> None:
    world, shelf, after = discord_world, Shelf(), await beginning(discord_world)
    async with one_run(world, shelf, after):
        await is_stored(shelf)
        as_killed = Shelf(shelf.values)
    await world.message_bot("are you there?")
    async with one_run(world, shelf if ends_well else as_killed, after) as (_, listener):
        await listener.until("are you there?")
        (event,) = (event for event in listener.seen if isinstance(event, DirectMessageReceived))
        assert event.author.id == world.alice


@pytest.mark.asyncio
async def test_what_was_heard_and_is_not_durable_is_told_again_after_a_crash(discord_world: DiscordWorld) -> None:
    world, shelf, after = discord_world, Shelf(), await beginning(discord_world)
    async with one_run(world, shelf, after) as (_, listener):
        await is_stored(shelf)
        await world.message_bot("nobody wrote this down")
        await listener.until("nobody wrote this down")
    async with one_run(world, shelf, after) as (_, listener):
        await listener.until("nobody wrote this down")
        event = next(event for event in listener.seen if isinstance(event, DirectMessageReceived))
        cursors = {**after, event.source: event.cursor}
        await is_stored(shelf)
        # Discord forgets all sessions: what was begun is known all the same
        await world.call("forget_sessions", bot=world.me)
    async with one_run(world, shelf, after) as (adapter, listener):
        await listener.until("nobody wrote this down")
        await adapter.acknowledge(event.source, event.cursor)

        async def is_forgotten() -> bool:
            return bool(json.loads(shelf.values["direct"]) == [])

        await wait_until(is_forgotten, "the end of what is not durable")
    async with one_run(world, shelf, cursors) as (_, listener):
        await world.message_bot("and this is new")
        await listener.until("and this is new")
        assert listener.texts() == ["and this is new"]


@pytest.mark.asyncio
async def test_a_direct_conversation_that_cannot_be_read_is_not_asked_for_at_every_start(
    discord_world: DiscordWorld,
) -> None:
    world, shelf, after = discord_world, Shelf({"direct": b'["41771983423143937"]'}), await beginning(discord_world)

    async def is_forgotten() -> bool:
        return bool(json.loads(shelf.values["direct"]) == [])

    async with one_run(world, shelf, after):
        await wait_until(is_forgotten, "the end of a conversation that is not there")


@pytest.mark.asyncio
async def test_the_place_in_a_session_moves_only_behind_what_is_durable(discord_world: DiscordWorld) -> None:
    world, shelf, after = discord_world, Shelf(), await beginning(discord_world)

    def place() -> int:
        return int(json.loads(shelf.values["session"])["seq"])

    async def has_moved() -> bool:
        return place() > before

    async with one_run(world, shelf, after) as (adapter, listener):
        await is_stored(shelf)
        await world.mention_bot("one")
        await world.mention_bot("two")
        await listener.until("two")
        one, two = (event for event in listener.seen if event.source != START)
        before = place()
        for _ in range(10):
            await asyncio.sleep(0.05)
            assert place() == before, "nothing was said to be durable"
        await adapter.acknowledge(two.source, two.cursor)
        await wait_until(has_moved, "a later place")
        assert one.source == two.source


@pytest.mark.asyncio
async def test_a_session_that_discord_keeps_no_more_is_begun_anew_as_ever(discord_world: DiscordWorld) -> None:
    world, shelf, after = discord_world, Shelf(), await beginning(discord_world)
    async with one_run(world, shelf, after):
        await is_stored(shelf)
    old = shelf.session
    await world.call("forget_sessions", bot=world.me)
    await world.message_bot("who hears this?")
    await world.mention_bot("while nobody listened")
    async with one_run(world, shelf, after) as (_, listener):
        await listener.until("while nobody listened")
        await is_stored(shelf, other_than=old)
        assert len(listener.texts()) == 1, "a stranger's words are not among them"
        await world.message_bot("hello?")
        await listener.until("hello?")
        assert listener.texts()[1:] == ["who hears this?", "hello?"]
    assert await begun(world) == 2, "one session for each start, as ever"


@pytest.mark.asyncio
async def test_edits_deletions_and_reactions_of_a_short_absence_are_heard(discord_world: DiscordWorld) -> None:
    world, shelf, after = discord_world, Shelf(), await beginning(discord_world)
    mine = await world.call("say", channel=world.home, author=world.me, content="like me")
    edited, deleted = await world.say(f"<@{world.me}> befor"), await world.say(f"<@{world.me}> oops")
    async with one_run(world, shelf, after) as (adapter, listener):
        await listener.until("oops")
        newest = {event.source: event.cursor for event in listener.seen}
        for source, cursor in newest.items():
            await adapter.acknowledge(source, cursor)
        await is_stored(shelf)
    await world.call("edit", message=edited.id.partition("/")[2], content=f"<@{world.me}> before")
    await world.remove(deleted)
    await world.call("react", message=mine["id"], user=world.alice, emoji="\N{THUMBS UP SIGN}")
    async with one_run(world, shelf, {**after, **newest}) as (_, listener):

        async def all_came() -> bool:
            kinds = {type(event) for event in listener.seen}
            return {PostEdited, PostDeleted, ReactionReceived} <= kinds

        await wait_until(all_came, "what happened meanwhile")
        assert listener.texts() == []


@pytest.mark.asyncio
async def test_a_session_stays_the_one_to_take_up_until_it_was_heard_to_its_end(discord_world: DiscordWorld) -> None:
    world, shelf, after = discord_world, Shelf(), await beginning(discord_world)
    async with one_run(world, shelf, after):
        await is_stored(shelf)
    old = shelf.session
    await world.message_bot("are you there?")
    long = timedelta(minutes=5)
    shut = Shelf({"session": json.dumps({"id": old, "seq": 1, "url": "ws://127.0.0.1:9/"}).encode()})
    adapter = world.adapter(gateway_url="", pace=Pace(fast=(), slow=long))
    adapter.keep_in(shut)
    async with adapter, listening(adapter, after=after) as listener:
        await connected(world, count=2)
        await world.mention_bot("a new session hears")
        await listener.until("a new session hears")
        assert shut.session == old, "it could not be taken up yet"
    async with one_run(world, shut, after) as (_, listener):
        await listener.until("are you there?")


@pytest.mark.asyncio
async def test_without_a_place_to_keep_it_in_a_session_is_ended(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()):
        await connected(world)

    async def is_gone() -> bool:
        return not (await world.call("sessions", bot=world.me))["known"]

    await wait_until(is_gone, "the end of the session")


@pytest.mark.asyncio
async def test_a_disk_that_takes_nothing_ends_no_listening(discord_world: DiscordWorld) -> None:
    class FullShelf(Shelf):
        """It takes nothing."""

        @override
        async def store(self, name: str, value: bytes) -> None:
            raise Unavailable("the disk is full", platform="discord", account="home")

    world, after = discord_world, await beginning(discord_world)
    adapter = world.adapter(servers=(discord_world.guild["id"],))
    adapter.keep_in(FullShelf())
    async with adapter, listening(adapter, after=after) as listener:
        await connected(world)
        await world.message_bot("are you there?")
        await listener.until("are you there?")
        await world.mention_bot("and you?")
        await listener.until("and you?")
