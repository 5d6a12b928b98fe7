"""What is heard on Discord: where, from whom, and what was missed."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from discord_looks import connected
from discord_world import DiscordWorld, RunningDiscord
from owner import Drawer

from greenroom_adapters.contract import (
    DirectMessageReceived,
    Event,
    JoinReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    Post,
    PostDeleted,
    PostEdited,
    ReactionReceived,
    Room,
    SupportsHistory,
    SupportsKeeping,
    TextEvent,
    Trust,
    key_digest,
)
from greenroom_adapters.discord import DiscordAdapter
from greenroom_adapters.testing import FaultyProxy, Intent
from greenroom_adapters.testing.conformance.tools import listening, take, wait_until

THREAD, FORUM, JOINED = 11, 15, 7
VIEW, MANAGE, HISTORY = 1 << 10, 1 << 13, 1 << 16


async def heard(adapter: DiscordAdapter, count: int, *, after: Mapping[str, str]) -> list[Any]:
    """Return the next events, as whatever they are."""
    return list(await take(adapter, count, after=after))


async def until(listener_seen: list[Event], kind: type[Event]) -> Any:
    """Return the first event of this kind, once it is there."""

    async def is_there() -> bool:
        return any(isinstance(event, kind) for event in listener_seen)

    await wait_until(is_there, kind.__name__)
    return next(event for event in listener_seen if isinstance(event, kind))


@pytest.mark.asyncio
async def test_a_channel_is_a_room_and_a_thread_a_conversation_in_it(discord_world: DiscordWorld) -> None:
    world = discord_world
    thread = (await world.call("channel", guild=world.guild["id"], name="lamps", type=THREAD, parent=world.home))["id"]
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.say("good evening")
        await world.say(f"<@{world.me}> in the thread", channel=thread)
        by = {event.text: event for event in await heard(adapter, 2, after=after)}
    evening, asked = by["good evening"], by[f"@{adapter.me.handle.partition('#')[0]} in the thread"]
    assert isinstance(evening, MessageReceived)
    assert isinstance(asked, MentionReceived)
    assert evening.room == asked.room == Room(id=world.home, name="#general", server=world.guild["id"])
    assert (evening.conversation, asked.conversation) == (world.home, thread)
    assert (evening.source, asked.source) == (f"channel:{world.home}", f"channel:{thread}")
    assert asked.post.url == f"https://discord.com/channels/{world.guild['id']}/{asked.post.id}"


@pytest.mark.asyncio
async def test_posts_of_a_forum_are_heard_in_its_room(discord_world: DiscordWorld) -> None:
    world = discord_world
    forum = (await world.call("channel", guild=world.guild["id"], name="help", type=FORUM))["id"]
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        post = (await world.call("channel", guild=world.guild["id"], name="My lamp", type=THREAD, parent=forum))["id"]
        await world.say("it does not burn", channel=post)
        await listener.until("it does not burn")
        event = await until(listener.seen, MessageReceived)
        assert (event.room, event.conversation) == (Room(id=forum, name="#help", server=world.guild["id"]), post)


@pytest.mark.asyncio
async def test_a_known_direct_conversation_is_caught_up_and_an_unknown_one_from_its_next_message_on(
    discord_world: DiscordWorld,
) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        async with listening(adapter, after=after) as listener:
            await connected(world)
            await world.message_bot("one")
            await listener.until("one")
            event = await until(listener.seen, DirectMessageReceived)
            assert (event.text, event.author.id, event.room) == ("one", world.alice, None)
    await world.message_bot("two")
    async with world.adapter() as adapter:
        known = {**after, event.source: event.cursor}
        assert [one.text for one in await heard(adapter, 1, after=known)] == ["two"]
    # Nobody tells a bot of a conversation that began while it was away; the next message in it brings all of it.
    async with world.adapter() as adapter, listening(adapter, after=after) as listener:
        await connected(world)
        await world.message_bot("three")
        await listener.until("three")
        assert listener.texts() == ["one", "two", "three"]


@pytest.mark.asyncio
async def test_a_long_absence_is_read_page_by_page_in_order(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        for number in range(230):
            await world.say(f"said {number:03}")
        events = await heard(adapter, 230, after=after)
        assert [event.text for event in events] == [f"said {number:03}" for number in range(230)]
        assert [int(event.cursor) for event in events] == sorted(int(event.cursor) for event in events)
        rest = await heard(adapter, 30, after={**after, events[199].source: events[199].cursor})
        assert [event.id for event in rest] == [event.id for event in events[200:]]


@pytest.mark.asyncio
async def test_channels_in_which_nothing_new_was_said_are_not_read(discord_world: DiscordWorld) -> None:
    world = discord_world
    quiet = (await world.call("channel", guild=world.guild["id"], name="quiet"))["id"]
    await world.say("long ago", channel=quiet)
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.mention_bot("news")
        await heard(adapter, 1, after=after)
    asked = [request.path for request in world.proxy.requests() if "/messages?" in request.path]
    assert asked
    assert not any(quiet in path for path in asked)


@pytest.mark.asyncio
async def test_what_cannot_be_read_is_left_alone_and_asked_for_once(discord_world: DiscordWorld) -> None:
    world = discord_world
    everybody = world.guild["id"]
    hidden = await world.call(
        "channel",
        guild=everybody,
        name="staff",
        overwrites=[{"id": everybody, "type": 0, "allow": "0", "deny": str(VIEW)}],
    )
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.say("among us", channel=hidden["id"])
        await world.mention_bot("for all")
        (event,) = await heard(adapter, 1, after=after)
        assert "for all" in event.text
    assert not any(hidden["id"] in request.path for request in world.proxy.requests())


@pytest.mark.asyncio
async def test_without_the_intent_only_what_concerns_the_bot_has_a_text(discord_world: DiscordWorld) -> None:
    world = discord_world
    await world.call("flags", bot=world.me, flags=0)
    async with world.adapter() as adapter:
        assert Kind.MESSAGE not in adapter.capabilities.kinds
        after = await adapter.now()
        await world.say("not for you")
        await world.mention_bot("for you")
        quiet, asked = await heard(adapter, 2, after=after)
        assert (quiet.kind, quiet.text) == (Kind.MESSAGE, "")
        assert "for you" in asked.text


@pytest.mark.asyncio
async def test_reactions_edits_and_deletions_are_heard_live(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        receipt = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
        said = await world.say("lamp lti")
        theirs, mine = said.id.partition("/")[2], receipt.ref.id.partition("/")[2]
        await world.call("react", message=mine, user=world.alice, emoji="\N{THUMBS UP SIGN}")
        await world.call("react", message=theirs, user=world.alice, emoji="\N{THUMBS UP SIGN}")
        await world.call("edit", message=theirs, content="lamp lit, too")
        await world.call("delete", message=theirs)
        gone = await until(listener.seen, PostDeleted)
        edited = await until(listener.seen, PostEdited)
        (liked,) = [event for event in listener.seen if isinstance(event, ReactionReceived)]
        assert (gone.post.id, edited.post.id, edited.text) == (said.id, said.id, "lamp lit, too")
        assert (liked.post.id, liked.author.id, liked.reaction) == (receipt.ref.id, world.alice, "like")
        assert adapter.capabilities.live_only == {
            Kind.COMMAND,
            Kind.REACTION,
            Kind.DELETION,
            Kind.EDIT,
            Kind.SANCTION,
            Kind.INVITATION,
        }
        own = await until(listener.seen, OwnPostSeen)
        assert (own.post.id, own.key) == (receipt.ref.id, key_digest(receipt.key))


@pytest.mark.asyncio
async def test_who_comes_in_is_told_by_the_server_and_kept_in_its_history(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.say("", type=JOINED)
        (event,) = await heard(adapter, 1, after=after)
        assert isinstance(event, JoinReceived)
        assert (event.author.id, event.room.id) == (world.alice, world.home)


@pytest.mark.asyncio
async def test_replies_mentions_and_the_role_of_the_bot_are_told_apart(discord_world: DiscordWorld) -> None:
    world = discord_world
    role = next(role["id"] for role in world.guild["roles"].values() if role.get("bot_id") == world.me)
    async with world.adapter() as adapter:
        after = await adapter.now()
        mine = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
        message = mine.ref.id.partition("/")[2]
        await world.say("an answer", answers=message)
        await world.say("without a ring", answers=message, mentions=False)
        await world.say(f"an answer, <@{world.me}>", answers=message)
        await world.say(f"<@&{role}> hello, <@&1>")
        await world.say("@everyone, hear")
        events = await heard(adapter, 5, after=after)
    assert [(event.kind, event.also) for event in events] == [
        (Kind.REPLY, ()),
        (Kind.REPLY, ()),
        (Kind.REPLY, (Kind.MENTION,)),
        (Kind.MENTION, ()),
        (Kind.MESSAGE, ()),
    ]
    assert [event.in_reply_to.id for event in events[:3]] == [mine.ref.id] * 3
    assert events[3].text == f"@{adapter.me.name} hello, <@&1>", "the bot's own role goes by the bot's name"


@pytest.mark.asyncio
async def test_those_who_keep_order_are_trusted_in_their_server_and_bots_are_marked(
    discord_world: DiscordWorld,
) -> None:
    world = discord_world
    keeper, other = [(await world.call("person", name=name))["id"] for name in ("keeper", "other")]
    robot = (await world.call("bot", name="robot", owner=world.alice))["id"]
    guild = (await world.call("guild", name="Rocks", owner=world.alice, members=[world.me, keeper, other, robot]))["id"]
    channel = (await world.call("channel", guild=guild, name="rocks"))["id"]
    await world.call("role", guild=guild, user=keeper, permissions=MANAGE)
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        for who, text in ((keeper, "a"), (other, "b"), (world.alice, "c"), (robot, "d")):
            await world.call("say", channel=channel, author=who, content=text)
        await listener.until("d")
        told = {event.text: event.author for event in listener.seen if isinstance(event, TextEvent)}
    assert [told[text].trust for text in "abcd"] == [Trust.MODERATOR, Trust.ANYONE, Trust.MODERATOR, Trust.ANYONE]
    assert [told[text].is_bot for text in "abcd"] == [False, False, False, True]


@pytest.mark.asyncio
async def test_strangers_servers_are_neither_heard_nor_named(discord_world: DiscordWorld) -> None:
    world = discord_world
    strange = await world.call("guild", name="Elsewhere", owner=world.alice, members=[world.me])
    async with world.adapter(servers=(world.guild["id"],)) as adapter:
        after = await adapter.now()
        await world.say(f"<@{world.me}> over here", channel=strange["channel"])
        await world.mention_bot("at home")
        (event,) = await heard(adapter, 1, after=after)
        assert (event.room.id, event.room.name) == (world.home, "#general")
        assert not any(strange["channel"] in request.path for request in world.proxy.requests())
    async with world.adapter() as adapter:
        # that it is in both is told, too
        events = await heard(adapter, 4, after=after)
        rooms = [one.room for one in events if isinstance(one, TextEvent) and one.room is not None]
        assert sorted(room.id for room in rooms) == sorted([world.home, strange["channel"]])
        assert [room.name for room in rooms] == ["", ""], "two channels are called #general, one by a stranger"


@pytest.mark.asyncio
async def test_a_strangers_invitation_takes_no_names_away(discord_world: DiscordWorld) -> None:
    """Neither while the bot runs nor while it is away."""
    world, drawer = discord_world, Drawer()

    def kept() -> DiscordAdapter:
        adapter = world.adapter()
        assert isinstance(adapter, SupportsKeeping)
        adapter.keep_in(drawer)
        return adapter

    async with kept() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        strange = await world.call("guild", name="Elsewhere", owner=world.alice, members=[])
        await world.call("invite", guild=strange["id"], bot=world.me)
        await world.say("welcome", channel=strange["channel"])
        await listener.until("welcome")
        await world.mention_bot("one")
        await listener.until("one")
        after = {"start": str(int(listener.seen[-1].cursor))}
        named = {event.text: event.room.name for event in listener.seen if isinstance(event, TextEvent) and event.room}
        assert {text.rpartition(" ")[2]: name for text, name in named.items()} == {"welcome": "", "one": "#general"}
    await world.mention_bot("two")
    async with kept() as adapter:
        (event,) = [one for one in await heard(adapter, 2, after=after) if isinstance(one, TextEvent)]
        assert event.room is not None
        assert event.room.name == "#general"
        await adapter.publish(Intent(adapter, Post(text="of the clock")).next_try())
        (warning,) = (await adapter.check()).warnings
        assert "in 2 servers" in warning
        assert f"in {world.guild['name']} alone" in warning
    assert [said["channel_id"] for said in await world.call("published", bot=world.me)] == [world.home]


@pytest.mark.asyncio
async def test_a_first_invitation_that_comes_while_it_runs_is_remembered(discord: RunningDiscord) -> None:
    drawer = Drawer()
    with FaultyProxy(discord.url) as proxy:
        world = DiscordWorld(discord, proxy)
        await world.call("throw_out", guild=world.guild["id"], bot=world.me)
        adapter = world.adapter()
        adapter.keep_in(drawer)
        async with adapter, listening(adapter, after=await adapter.now()) as listener:
            await connected(world)
            await world.call("invite", guild=world.guild["id"], bot=world.me)
            await world.mention_bot("welcome")
            await listener.until("welcome")
    assert drawer.kept["first_server"] == world.guild["id"].encode()


@pytest.mark.asyncio
async def test_a_server_that_lets_the_bot_in_is_heard_from_then_on(discord_world: DiscordWorld) -> None:
    world = discord_world
    other = await world.call("guild", name="Later", owner=world.alice, members=[])
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.say("before it came", channel=other["channel"])
        await asyncio.sleep(0.01)
        await world.call("invite", guild=other["id"], bot=world.me)
        await world.say("welcome", channel=other["channel"])
        await listener.until("welcome")
        await world.call("throw_out", guild=other["id"], bot=world.me)
        await world.say("it is gone", channel=other["channel"])
        await world.mention_bot("still here")
        await listener.until("still here")
        assert [text for text in listener.texts() if "still here" not in text] == ["welcome"]


@pytest.mark.asyncio
async def test_a_server_out_of_order_is_caught_up_when_it_comes_again(discord_world: DiscordWorld) -> None:
    world = discord_world
    await world.call("outage", guild=world.guild["id"])
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.say("told live all the same")
        await listener.until("told live all the same")
        await world.call("outage", guild=world.guild["id"], over=True)
        await world.say("in order again")
        await listener.until("in order again")
        assert listener.texts() == ["told live all the same", "in order again"]


@pytest.mark.asyncio
async def test_a_storm_of_429_heals_by_itself(discord_world: DiscordWorld) -> None:
    world = discord_world
    body = b'{"message": "You are being rate limited.", "retry_after": 0.3, "global": true}'
    headers = {"Retry-After": "1", "X-RateLimit-Global": "true", "X-RateLimit-Scope": "global"}
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.mention_bot("patience")
        for _ in range(2):
            world.order("answer", method="GET", path=r"/messages\?", status=429, headers=headers, body=body)
        before = len(world.proxy.requests())
        (event,) = await heard(adapter, 1, after=after)
        assert "patience" in event.text
        asked = [one for one in world.proxy.requests()[before:] if "/messages?" in one.path]
        assert len(asked) == 3, "it waits as it is told, and does not ask in between"


@pytest.mark.asyncio
async def test_where_history_is_closed_what_is_said_live_is_heard(discord_world: DiscordWorld) -> None:
    world = discord_world
    denial = {"id": world.guild["id"], "type": 0, "allow": "0", "deny": str(HISTORY)}
    await world.call("overwrite", channel=world.home, overwrites=[denial])
    await world.say("before")
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.say("first")
        await world.say("second")
        await listener.until("second")
        assert listener.texts() == ["first", "second"]


@pytest.mark.asyncio
async def test_a_channel_that_is_opened_to_the_bot_is_heard_from_then_on(discord_world: DiscordWorld) -> None:
    world = discord_world
    everybody = world.guild["id"]
    denial = {"id": everybody, "type": 0, "allow": "0", "deny": str(VIEW)}
    hidden = (await world.call("channel", guild=everybody, name="staff", overwrites=[denial]))["id"]
    async with world.adapter() as adapter:
        after = await adapter.now()
        await world.say("among us", channel=hidden)
        async with listening(adapter, after=after) as listener:
            await connected(world)
            await world.call("overwrite", channel=hidden, overwrites=[])
            await world.say("you may hear this", channel=hidden)
            await listener.until("you may hear this")
            assert listener.texts() == ["you may hear this"]


@pytest.mark.asyncio
async def test_a_thread_that_was_archived_meanwhile_is_read_after_a_longer_absence(
    discord_world: DiscordWorld,
) -> None:
    """The bot last heard something two hours ago; in that time somebody spoke in a thread, and nobody since."""
    world = discord_world
    thread = (await world.call("channel", guild=world.guild["id"], name="lamps", type=THREAD, parent=world.home))["id"]
    said = await world.say(f"<@{world.me}> is anybody there?", channel=thread)
    await world.call("archive", channel=thread)
    two_hours_ago = str(int(said.id.partition("/")[2]) - (7_200_000 << 22))
    async with world.adapter() as adapter:
        after = {"start": two_hours_ago, f"channel:{thread}": two_hours_ago, f"channel:{world.home}": two_hours_ago}
        (event,) = await heard(adapter, 1, after=after)
        assert (event.conversation, event.room.id) == (thread, world.home)


@pytest.mark.asyncio
async def test_its_own_posts_are_known_from_the_history_too_as_they_were_sent(discord_world: DiscordWorld) -> None:
    """The history tells no nonce; whoever published it in this process knows it all the same."""
    world = discord_world
    text = f"see <#{world.home}> <:lamp:1>"
    async with world.adapter() as adapter:
        after = await adapter.now()
        receipt = await adapter.publish(Intent(adapter, Post(text=text)).next_try())
        async with listening(adapter, after=after) as listener:
            own = await until(listener.seen, OwnPostSeen)
        assert (own.post.id, own.text, own.key) == (receipt.ref.id, text, key_digest(receipt.key))
    async with world.adapter() as adapter, listening(adapter, after=after) as listener:
        own = await until(listener.seen, OwnPostSeen)
        assert (own.text, own.key) == (text, None)


@pytest.mark.asyncio
async def test_the_history_has_direct_messages_while_it_listens_and_afterwards(discord_world: DiscordWorld) -> None:
    world = discord_world
    since = datetime.now(UTC) - timedelta(minutes=5)

    async def told(adapter: SupportsHistory) -> list[str]:
        async with aclosing(adapter.history(since=since)) as events:
            return [event.text async for event in events if isinstance(event, DirectMessageReceived)]

    async with world.adapter() as adapter:
        async with listening(adapter, after=await adapter.now()) as listener:
            await connected(world)
            await world.message_bot("psst")
            await listener.until("psst")
            assert await told(adapter) == ["psst"]
        assert await told(adapter) == ["psst"]
