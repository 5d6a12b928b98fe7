"""Who keeps order in a channel, and what Discord tells when somebody takes against the bot."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from discord_looks import connected
from discord_world import DiscordWorld

from greenroom_adapters.contract import (
    Event,
    Forbidden,
    InvitationReceived,
    Post,
    PostDeleted,
    Room,
    SanctionReceived,
    SupportsLeaving,
    TextEvent,
    Trust,
)
from greenroom_adapters.testing import Intent
from greenroom_adapters.testing.conformance.tools import listening, wait_until

MANAGE_MESSAGES, KICK, MODERATE = 1 << 13, 1 << 1, 1 << 40
THREAD = 11


async def sanctions(seen: Sequence[Event], count: int = 1) -> list[SanctionReceived]:
    """Return so many of them, once they are there."""

    def found() -> list[SanctionReceived]:
        return [event for event in seen if isinstance(event, SanctionReceived)]

    async def are_there() -> bool:
        return len(found()) >= count

    await wait_until(are_there, "sanctions")
    return found()


@pytest.mark.asyncio
async def test_who_may_delete_messages_in_a_channel_is_a_moderator_there_at_that_moment(
    discord_world: DiscordWorld,
) -> None:
    world = discord_world
    here, there, kicker, member = [(await world.call("person", name=name))["id"] for name in ("h", "t", "k", "m")]
    everybody = [world.me, here, there, kicker, member]
    guild = (await world.call("guild", name="Rocks", owner=world.alice, members=everybody))["id"]
    await world.call("role", guild=guild, user=here, permissions=MANAGE_MESSAGES, name="Mods")
    await world.call("role", guild=guild, user=kicker, permissions=KICK | MODERATE)
    overwrites = [
        {"id": there, "type": 1, "allow": str(MANAGE_MESSAGES), "deny": "0"},
        {"id": here, "type": 1, "allow": "0", "deny": str(MANAGE_MESSAGES)},
    ]
    plain = (await world.call("channel", guild=guild, name="plain"))["id"]
    odd = (await world.call("channel", guild=guild, name="odd", overwrites=overwrites))["id"]
    thread = (await world.call("channel", guild=guild, name="thread", type=THREAD, parent=odd))["id"]
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        for channel in (plain, odd, thread):
            for who in (here, there, kicker, member, world.alice):
                await world.call("say", channel=channel, author=who, content=f"{channel} {who}")
        await world.call("role", guild=guild, user=member, permissions=MANAGE_MESSAGES)
        await world.call("say", channel=plain, author=member, content="later")
        await listener.until("later")
        told = {event.text: event.author for event in listener.seen if isinstance(event, TextEvent)}

    def moderators(channel: str) -> list[str]:
        people = (here, there, kicker, member, world.alice)
        return [who for who in people if told[f"{channel} {who}"].trust is Trust.MODERATOR]

    assert moderators(plain) == [here, world.alice]
    assert moderators(odd) == moderators(thread) == [there, world.alice]
    assert told["later"].trust is Trust.MODERATOR


@pytest.mark.asyncio
async def test_roles_go_by_their_ids_and_by_their_names_only_where_the_owner_knows_who_gives_them(
    discord_world: DiscordWorld,
) -> None:
    world = discord_world
    stranger = (await world.call("person", name="stranger"))["id"]
    theirs = await world.call("guild", name="Theirs", owner=stranger, members=[world.me, stranger])
    for guild, who in ((world.guild["id"], world.alice), (theirs["id"], stranger)):
        await world.call("role", guild=guild, user=who, permissions=0, name="Mods")
        await world.call("role", guild=guild, user=who, permissions=0, name="12345")
    listed = world.adapter(servers=(world.guild["id"],))
    async with listed as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.say("mine")
        await listener.until("mine")
        mine = next(event for event in listener.seen if isinstance(event, TextEvent))
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world, count=2)
        await world.call("say", channel=theirs["channel"], author=stranger, content="theirs")
        await listener.until("theirs")
        others = next(event for event in listener.seen if isinstance(event, TextEvent))
    assert [role for role in mine.author.roles if not role.isdecimal()] == ["Mods"]
    assert len(mine.author.roles) == 3
    assert all(role.isdecimal() for role in others.author.roles)
    assert len(others.author.roles) == 2


@pytest.mark.asyncio
async def test_a_timeout_and_being_thrown_out_are_told_and_leaving_is_not(discord_world: DiscordWorld) -> None:
    world = discord_world
    guild = world.guild["id"]
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=10)
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.call("silence", guild=guild, user=world.me, until=until.isoformat())
        (silenced,) = await sanctions(listener.seen)
        assert (silenced.room, silenced.until) == (Room(id=guild, name=world.guild["name"]), until)
        await world.call("silence", guild=guild, user=world.me, until=(until - timedelta(hours=1)).isoformat())
        await world.call("throw-out", guild=guild, bot=world.me)
        *_, thrown_out = await sanctions(listener.seen, 2)
        assert (thrown_out.room, thrown_out.until) == (Room(id=guild, name=world.guild["name"]), None)
        await world.call("invite", guild=guild, bot=world.me)
        await world.say("come in")
        await listener.until("come in")
        assert isinstance(adapter, SupportsLeaving)
        await adapter.leave(world.home)
        await adapter.leave(world.home)
        await world.message_bot("are you away?")
        await listener.until("are you away?")
        assert len(await sanctions(listener.seen, 2)) == 2


@pytest.mark.asyncio
async def test_only_who_may_send_people_away_sends_the_bot_out_of_a_server(discord_world: DiscordWorld) -> None:
    world = discord_world
    keeper, boss = [(await world.call("person", name=name))["id"] for name in ("keeper", "boss")]
    guild = await world.call("guild", name="Rocks", owner=world.alice, members=[world.me, keeper, boss])
    await world.call("role", guild=guild["id"], user=keeper, permissions=MANAGE_MESSAGES)
    await world.call("role", guild=guild["id"], user=boss, permissions=KICK)
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()):
        await connected(world)
        with pytest.raises(Forbidden):
            await adapter.leave(guild["channel"], by=keeper)
        assert (await world.call("sessions", bot=world.me))["open"]
        await adapter.leave(guild["channel"], by=boss)
        assert [one.id for one in await adapter._api.guilds()] == [world.guild["id"]]


@pytest.mark.asyncio
async def test_what_a_moderator_deletes_of_the_bots_is_told_as_gone(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        mine = await adapter.publish(Intent(adapter, Post(text="too loud", room=world.home)).next_try())
        await world.remove(mine.ref)

        async def is_told() -> bool:
            return any(isinstance(event, PostDeleted) and event.post.id == mine.ref.id for event in listener.seen)

        await wait_until(is_told, "the deletion")


@pytest.mark.asyncio
async def test_being_taken_into_a_server_that_is_neither_the_first_nor_listed_is_told(
    discord_world: DiscordWorld,
) -> None:
    world = discord_world
    stranger = (await world.call("person", name="stranger"))["id"]
    theirs = await world.call("guild", name="Theirs", owner=stranger, members=[stranger])
    async with world.adapter() as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.call("invite", guild=theirs["id"], bot=world.me)
        await world.call("say", channel=theirs["channel"], author=stranger, content=f"<@{world.me}> hello")
        await listener.until(f"@{adapter.me.name} hello")
        invited, said = [event for event in listener.seen if isinstance(event, InvitationReceived | TextEvent)]
    assert isinstance(invited, InvitationReceived)
    assert (invited.room, invited.is_in, invited.by) == (Room(id=theirs["id"], name="Theirs"), True, None)
    assert isinstance(said, TextEvent)
    assert said.room is not None
    assert said.room.server == theirs["id"]
    served = world.adapter(servers=(world.guild["id"],))
    async with served as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world, count=2)
        await world.say("only mine")
        await listener.until("only mine")
        assert not [event for event in listener.seen if isinstance(event, InvitationReceived)]
