"""Commands from Discord's menu: offered once, heard, acknowledged in time, answered once."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from discord_world import DiscordWorld

from greenroom_adapters.contract import (
    Absent,
    AdapterError,
    Audience,
    Command,
    CommandGiven,
    Found,
    Kind,
    OutcomeUnknown,
    OwnPostSeen,
    Post,
    SupportsCommands,
    SupportsTyping,
    TargetGone,
    Undecided,
    Unsupported,
)
from greenroom_adapters.discord import DiscordAdapter
from greenroom_adapters.discord.allowance import Allowance
from greenroom_adapters.discord.api import Api
from greenroom_adapters.discord.interactions import Given, Interactions
from greenroom_adapters.discord.snowflakes import first_of
from greenroom_adapters.testing import Intent
from greenroom_adapters.testing.conformance.tools import Listener, listening, wait_until
from greenroom_adapters.transport import Http

ASK = Command(name="ask", description="Ask Ada something", text="Your question")
ABOUT = Command(name="about", description="Who Ada is", is_private=True)
PAUSE = Command(name="pause", description="Say nothing", is_private=True, audience=Audience.OWNER)
QUIET = Command(
    name="quiet",
    description="Say nothing here",
    text="How long",
    needs_text=False,
    is_private=True,
    audience=Audience.MODERATOR,
)
CALLBACK = r"/interactions/\d+/[^/]+/callback$"
RESPONSE = r"/webhooks/\d+/[^/]+/messages/@original$"
EPHEMERAL, LOADING = 1 << 6, 1 << 7
FIFTEEN_MINUTES = 15 * 60.0


class Drawer:
    """A place to keep things in, as a bot gives it to its accounts."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.stores = 0

    async def load(self, name: str) -> bytes | None:
        return self.kept.get(name)

    async def store(self, name: str, value: bytes) -> None:
        self.kept[name] = value
        self.stores += 1


class Scene:
    """A bot that offers its commands and hears of those that are given."""

    def __init__(self, world: DiscordWorld, adapter: DiscordAdapter, listener: Listener) -> None:
        self.world = world
        self.adapter = adapter
        self.listener = listener

    async def give(self, name: str, **more: Any) -> tuple[dict[str, Any], CommandGiven]:
        """Let somebody give a command; return it as Discord has it and as the bot heard it."""
        given = await self.world.give(name, **more)

        async def heard() -> bool:
            return any(event.id == given["id"] for event in self.listener.seen)

        await wait_until(heard, f"/{name} is heard")
        (event,) = (event for event in self.listener.seen if event.id == given["id"])
        assert isinstance(event, CommandGiven)
        return given, event

    async def acknowledged(self, event: CommandGiven) -> dict[str, Any]:
        """Say that an event is on disk, and wait until Discord knows it; return what stands there then."""
        await self.adapter.acknowledge(event.source, event.cursor)

        async def there() -> bool:
            return (await self.world.call("given", interaction=event.id))["message"] is not None

        await wait_until(there, "it is acknowledged")
        return await self.stands(event)

    async def stands(self, event: CommandGiven) -> dict[str, Any]:
        """Return the message that answers a command."""
        return dict((await self.world.call("given", interaction=event.id))["message"])

    def answer(self, event: CommandGiven, text: str = "the lamp is lit", **more: Any) -> Intent:
        """Return an answer that is to go out."""
        room = None if event.room is None else event.room.id
        return Intent(self.adapter, Post(text=text, in_reply_to=event.post, room=room), **more)

    async def said(self) -> list[dict[str, Any]]:
        """Return what the bot has said in public."""
        return list(await self.world.call("published", bot=self.world.me))


@asynccontextmanager
async def scene(world: DiscordWorld, drawer: Drawer | None = None, **settings: Any) -> AsyncGenerator[Scene, None]:
    """Let a bot listen that offers its commands."""
    adapter = world.adapter(**settings)
    adapter.keep_in(drawer or Drawer())
    async with adapter:
        await adapter.offer((ASK, ABOUT, PAUSE))
        async with listening(adapter, after=await adapter.now()) as listener:

            async def listens() -> bool:
                return bool((await world.call("sessions", bot=world.me))["open"])

            await wait_until(listens, "it listens")
            yield Scene(world, adapter, listener)


# What is offered -----------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_commands_are_registered_once_and_again_only_when_they_are_others(discord_world: DiscordWorld) -> None:
    world, drawer = discord_world, Drawer()

    async def offer(*commands: Command) -> bool:
        adapter = world.adapter()
        adapter.keep_in(drawer)
        async with adapter:
            assert isinstance(adapter, SupportsCommands)
            return await adapter.offer(commands)

    assert await offer(ASK, ABOUT, PAUSE)
    assert not await offer(ASK, ABOUT, PAUSE), "a restart registers nothing"
    offered = await world.call("offered", bot=world.me)
    assert offered["replaced"] == 1
    assert {one["name"]: one["default_member_permissions"] for one in offered["all"]} == {
        "ask": None,
        "about": None,
        "pause": "0",
    }
    assert await offer(ASK, QUIET)
    ask, quiet = (await world.call("offered", bot=world.me))["all"]
    assert (quiet["default_member_permissions"], quiet["contexts"]) == ("8192", [0])
    assert ask["contexts"] == [0, 1]
    assert [one["options"][0]["required"] for one in (ask, quiet)] == [True, False]
    assert await offer(ASK)
    assert [one["name"] for one in (await world.call("offered", bot=world.me))["all"]] == ["ask"]


@pytest.mark.asyncio
async def test_an_owner_may_keep_the_commands_that_the_application_has(discord_world: DiscordWorld) -> None:
    async with discord_world.adapter(commands=False) as adapter:
        assert not await adapter.offer((ASK,))
    assert (await discord_world.call("offered", bot=discord_world.me))["replaced"] == 0


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "commands",
    [
        (replace(ASK, name="Ask"),),
        (replace(ASK, name="ask me"),),
        (replace(ASK, name="a" * 33),),
        (replace(ASK, name=""),),
        (replace(ASK, description=""),),
        (replace(ASK, description="d" * 101),),
        (replace(ASK, text=""),),
        (ASK, ASK),
        tuple(replace(ABOUT, name=f"c{number}") for number in range(101)),
    ],
)
async def test_what_discord_takes_for_no_command_is_not_sent(
    discord_world: DiscordWorld, commands: tuple[Command, ...]
) -> None:
    async with discord_world.adapter() as adapter:
        with pytest.raises(Unsupported):
            await adapter.offer(commands)
        most = tuple(replace(ABOUT, name=f"c-{number}") for number in range(100))
        assert await adapter.offer(most)
        assert await adapter.offer((replace(ASK, name="a" * 32, description="d" * 100),))


# What is heard -------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_command_is_heard_with_its_words_its_author_and_its_room(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world) as here:
        _, asked = await here.give("ask", channel=world.home, text="is it lit?")
        _, alone = await here.give("about")
    assert (asked.command, asked.text, asked.author.id) == ("ask", "is it lit?", world.alice)
    assert asked.room is not None
    assert (asked.room.id, asked.conversation, asked.also) == (world.home, world.home, (Kind.MENTION,))
    assert (alone.command, alone.text, alone.room, alone.also) == ("about", "", None, (Kind.DIRECT_MESSAGE,))
    assert abs(asked.occurred_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.asyncio
async def test_a_command_in_a_server_that_is_not_served_is_not_heard(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world, servers=(world.guild["id"],)) as here:
        strange = await world.call("guild", name="Elsewhere", owner=world.alice, members=[world.me])
        await world.give("about", channel=strange["channel"])
        await here.give("about", channel=world.home)
        assert [event.id for event in here.listener.seen if isinstance(event, CommandGiven)][1:] == []


# How it is answered --------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_command_is_acknowledged_when_it_is_on_disk_and_not_before(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world) as here:
        _, first = await here.give("ask", channel=world.home, text="one")
        _, second = await here.give("ask", channel=world.home, text="two")
        assert not [request for request in world.proxy.requests() if "/interactions/" in request.path]
        assert (await here.acknowledged(second))["flags"] == LOADING
        assert (await here.stands(first))["flags"] == LOADING, "what came before is safe as well"
        await here.adapter.acknowledge(second.source, second.cursor)
        assert len([request for request in world.proxy.requests() if "/interactions/" in request.path]) == 2


@pytest.mark.asyncio
async def test_the_answer_takes_the_place_of_what_waits_for_it(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world) as here:
        _, event = await here.give("ask", channel=world.home, text="is it lit?")
        await here.acknowledged(event)
        intent = here.answer(event)
        receipt = await here.adapter.publish(intent.next_try())
        again = await here.adapter.publish(intent.next_try())
        found = await here.adapter.find(intent.last_try())
        await world.mention_bot("last")
        await here.listener.until("last")
        assert not [event for event in here.listener.seen if isinstance(event, OwnPostSeen)], "no hand wrote it"
        (said,) = await here.said()
    assert (said["content"], said["flags"], said["type"]) == ("the lamp is lit", 0, 20)
    assert receipt.ref.id == again.ref.id == f"{world.home}/{said['id']}"
    assert isinstance(found, Found)
    assert found.receipt.ref == receipt.ref


@pytest.mark.asyncio
async def test_an_answer_that_is_ready_at_once_acknowledges_its_command_itself(discord_world: DiscordWorld) -> None:
    async with scene(discord_world) as here:
        _, event = await here.give("ask", channel=discord_world.home, text="is it lit?")
        await here.adapter.publish(here.answer(event).next_try())
        await here.adapter.acknowledge(event.source, event.cursor)
        assert (await here.stands(event))["content"] == "the lamp is lit"


@pytest.mark.asyncio
async def test_a_private_answer_is_seen_by_whoever_asked_alone(discord_world: DiscordWorld) -> None:
    async with scene(discord_world) as here:
        _, event = await here.give("about", channel=discord_world.home)
        assert (await here.acknowledged(event))["flags"] == EPHEMERAL | LOADING
        intent = here.answer(event, "I am Ada, a bot.")
        await here.adapter.publish(intent.next_try())
        assert isinstance(await here.adapter.find(intent.last_try()), Found)
        stands = await here.stands(event)
        assert (stands["content"], stands["flags"]) == ("I am Ada, a bot.", EPHEMERAL)
        assert await here.said() == []


@pytest.mark.asyncio
@pytest.mark.parametrize("command", ["ask", "about"])
async def test_an_answer_whose_outcome_is_unknown_is_read_back(discord_world: DiscordWorld, command: str) -> None:
    world = discord_world
    async with scene(world) as here:
        text = {"text": "well?"} if command == "ask" else {}
        _, event = await here.give(command, channel=world.home, **text)
        await here.acknowledged(event)
        intent = here.answer(event)
        world.order("lose", path=RESPONSE, method="PATCH")
        with pytest.raises(OutcomeUnknown):
            await here.adapter.publish(intent.next_try())
        assert isinstance(await here.adapter.find(intent.last_try()), Found)
        other = here.answer(event, "other words", key="k2")
        world.order("refuse", path=RESPONSE, method="PATCH")
        with pytest.raises(OutcomeUnknown):
            await here.adapter.publish(other.next_try())
        assert isinstance(await here.adapter.find(other.last_try()), Undecided)
        assert isinstance(await here.adapter.find(other.grow_old(timedelta(minutes=3))), Absent)
        await here.adapter.publish(other.next_try())
        assert (await here.stands(event))["content"] == "other words"


@pytest.mark.asyncio
async def test_a_command_is_answered_by_the_next_process_when_the_first_one_died(discord_world: DiscordWorld) -> None:
    world, drawer = discord_world, Drawer()
    async with scene(world, drawer) as here:
        _, event = await here.give("about", channel=world.home)
        await here.acknowledged(event)
        intent = here.answer(event, "I am Ada, a bot.")
    async with scene(world, drawer) as here:
        await here.adapter.publish(intent.next_try())
        assert (await here.stands(event))["content"] == "I am Ada, a bot."


@pytest.mark.asyncio
async def test_an_acknowledgement_without_an_answer_does_no_harm(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world) as here:
        world.order("lose", path=CALLBACK)
        _, event = await here.give("ask", channel=world.home, text="is it lit?")
        await here.acknowledged(event)
        await here.adapter.publish(here.answer(event).next_try())
        assert (await here.stands(event))["content"] == "the lamp is lit"


@pytest.mark.asyncio
async def test_what_came_too_late_for_an_answer_is_said_by_an_ordinary_message(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world) as here:
        _, late = await here.give("ask", channel=world.home, text="after an hour")
        await here.acknowledged(late)
        _, never = await here.give("ask", channel=world.home, text="never acknowledged")
        await world.call("later", interaction=late.id, seconds=FIFTEEN_MINUTES)
        await world.call("later", interaction=never.id, seconds=4)
        for number, event in enumerate((late, never)):
            intent = here.answer(event, f"answer {number}", key=f"k{number}")
            receipt = await here.adapter.publish(intent.next_try())
            assert (await here.adapter.publish(intent.next_try())).ref == receipt.ref
            assert isinstance(await here.adapter.find(intent.last_try()), Found)
        assert [said["content"] for said in await here.said() if said["type"] == 0] == ["answer 0", "answer 1"]


@pytest.mark.asyncio
async def test_what_was_deleted_long_before_an_ordinary_message_leaves_no_doubt_about_it(
    discord_world: DiscordWorld,
) -> None:
    world = discord_world
    async with scene(world) as here:
        _, event = await here.give("ask", channel=world.home, text="after an hour")
        await here.acknowledged(event)
        await world.remove(await world.say("said and deleted"))
        await world.mention_bot("the deletion was told")
        await here.listener.until("the deletion was told")
        await world.call("later", interaction=event.id, seconds=FIFTEEN_MINUTES)
        intent = here.answer(event)
        world.order("refuse")
        with pytest.raises(OutcomeUnknown):
            await here.adapter.publish(intent.next_try())
        an_hour_later = intent.grow_old(-timedelta(hours=1))
        verdict = await here.adapter.find(an_hour_later)
        assert isinstance(verdict, Undecided)
        assert not verdict.final, verdict.reason


@pytest.mark.asyncio
async def test_what_came_too_late_for_a_private_answer_is_said_to_nobody(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world) as here:
        _, event = await here.give("about", channel=world.home)
        await here.acknowledged(event)
        await world.call("later", interaction=event.id, seconds=FIFTEEN_MINUTES)
        intent = here.answer(event)
        with pytest.raises(TargetGone, match="private"):
            await here.adapter.publish(intent.next_try())
        assert await here.said() == [], "and that the token is spent says nothing about the bot's own"


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", ["lose", "refuse"])
async def test_a_lost_answer_and_a_spent_token_bring_no_second_message(discord_world: DiscordWorld, fault: str) -> None:
    world = discord_world
    async with scene(world) as here:
        _, event = await here.give("ask", channel=world.home, text="is it lit?")
        await here.acknowledged(event)
        intent = here.answer(event)
        world.order(fault, path=RESPONSE, method="PATCH")
        with pytest.raises(OutcomeUnknown):
            await here.adapter.publish(intent.next_try())
        await world.call("later", interaction=event.id, seconds=FIFTEEN_MINUTES)
        if fault == "refuse":
            with pytest.raises(OutcomeUnknown):
                await here.adapter.publish(intent.next_try())
            assert isinstance(await here.adapter.find(intent.grow_old(timedelta(minutes=3))), Absent)
            intent.first_tried_at -= timedelta(minutes=3)
        receipt = await here.adapter.publish(intent.next_try())
        (said,) = (said for said in await here.said() if said["content"] == "the lamp is lit")
        assert receipt.ref.id == f"{world.home}/{said['id']}"


@pytest.mark.asyncio
async def test_what_shows_that_an_answer_comes_is_taken_away_when_none_does(discord_world: DiscordWorld) -> None:
    world = discord_world

    async with scene(world) as here:
        _, before = await here.give("ask", channel=world.home, text="dismissed at once")
        await here.adapter.dismiss(before.post)
        await here.adapter.acknowledge(before.source, before.cursor)
        _, after = await here.give("ask", channel=world.home, text="dismissed later")
        await here.acknowledged(after)
        await here.adapter.dismiss(after.post)

        async def gone() -> bool:
            requests = [one.path for one in world.proxy.requests() if one.method == "DELETE"]
            return len(requests) == 2

        await wait_until(gone, "both are taken away")
        for event in (before, after):
            assert (await world.call("given", interaction=event.id))["message"] is None
        await here.adapter.dismiss(after.post)
        assert await here.said() == []


@pytest.mark.asyncio
@pytest.mark.parametrize("command", ["ask", "about"])
async def test_an_answer_that_stands_there_is_never_taken_away(discord_world: DiscordWorld, command: str) -> None:
    world, drawer = discord_world, Drawer()
    text = {"text": "well?"} if command == "ask" else {}
    async with scene(world, drawer) as here:
        _, event = await here.give(command, channel=world.home, **text)
        await here.acknowledged(event)
        await here.adapter.publish(here.answer(event).next_try())
        await here.adapter.dismiss(event.post)
        assert (await here.stands(event))["content"] == "the lamp is lit"
    async with scene(world, drawer) as here:
        await here.adapter.dismiss(event.post)
        assert (await here.stands(event))["content"] == "the lamp is lit", "nor after a restart"


@pytest.mark.asyncio
async def test_commands_of_another_program_are_left_to_it(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world) as here:
        await world.give("ask", channel=world.home, text="offered before")
        await here.listener.until("offered before")
    async with scene(world, commands=False) as here:
        given = await world.give("ask", channel=world.home, text="for the other one")
        await world.mention_bot("last")
        await here.listener.until("last")
        assert not [event for event in here.listener.seen if isinstance(event, CommandGiven)]
        assert (await world.call("given", interaction=given["id"]))["message"] is None, "it may still be answered"


@pytest.mark.asyncio
async def test_commands_before_one_whose_answer_was_ready_at_once_are_acknowledged(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world) as here:
        _, slow = await here.give("ask", channel=world.home, text="think")
        _, quick = await here.give("about", channel=world.home)
        await here.adapter.publish(here.answer(quick).next_try())
        await here.acknowledged(quick)

        async def is_acknowledged() -> bool:
            return (await world.call("given", interaction=slow.id))["message"] is not None

        await wait_until(is_acknowledged, "the slow one is acknowledged")


@pytest.mark.asyncio
async def test_a_command_that_is_told_again_to_the_next_process_is_heard_by_it() -> None:
    drawer = Drawer()
    token, now = "aW50ZXJhY3Rpb24", datetime.now(UTC)
    given = Given(id=str(first_of(now)), token=token, channel="1", is_private=False)

    def interactions() -> Interactions:
        found = Interactions(
            Api(Http("http://127.0.0.1:9", platform="discord", account="home"), Allowance()),
            application=lambda: "1",
            is_private=lambda name: False,
            are_ours=True,
            now=lambda: now,
        )
        found.keep_in(drawer)
        return found

    killed = interactions()
    assert killed.heard(given)
    assert not killed.heard(given)
    await killed.remember()
    await killed.remember()
    assert drawer.stores == 1, "what is on disk already is not written again for every command of a burst"
    next_one = interactions()
    await next_one.recall()
    assert next_one.get(given.id) == given
    assert next_one.heard(given), "that its event came to the disk is not known"
    assert not next_one.heard(given)
    assert token not in repr(given)


@pytest.mark.asyncio
async def test_the_token_of_a_command_is_in_no_log_and_no_error(
    discord_world: DiscordWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = discord_world
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []
    async with scene(world) as here:
        given, event = await here.give("ask", channel=world.home, text="is it lit?")
        token = given["token"]
        world.order("refuse", path=CALLBACK)
        await here.acknowledged(event)
        for kind in ("lose", "garble"):
            world.order(kind, path=RESPONSE, method="PATCH")
            with pytest.raises(AdapterError) as caught:
                await here.adapter.publish(here.answer(event).next_try())
            link: BaseException | None = caught.value
            while link is not None:
                shown.append(f"{link} {link!r}")
                link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
        await world.call("dispatch", bot=world.me, event="INTERACTION_CREATE", data={"token": token, "nonsense": 1})
        await world.mention_bot("last")
        await here.listener.until("last")
        shown += [repr(one) for one in here.listener.seen]
        shown += caplog.messages
    assert len(shown) > 4
    assert [text for text in shown if token in text] == []


@pytest.mark.asyncio
async def test_people_see_that_the_bot_is_writing(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world) as here:
        assert isinstance(here.adapter, SupportsTyping)
        _, event = await here.give("ask", channel=world.home, text="is it lit?")
        lasts = await here.adapter.show_typing(event)
        assert timedelta(seconds=5) <= lasts <= timedelta(seconds=10)
    assert await world.call("typed", channel=world.home) == {"count": 1}
    await asyncio.sleep(0)


# The fake ------------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_the_fake_refuses_what_discord_refuses(discord_world: DiscordWorld) -> None:
    world = discord_world
    async with scene(world) as here, aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bot {world.bot['token']}", "User-Agent": "DiscordBot (test, 1)"}

        async def refusal(method: str, path: str, json: Any = None) -> int:
            async with http.request(method, f"{world.discord.url}/api/v10{path}", json=json, headers=headers) as answer:
                return int((await answer.json())["code"]) if answer.status >= 400 else answer.status

        commands = f"/applications/{world.me}/commands"
        one = {"name": "a", "description": "d"}
        assert await refusal("PUT", commands, [{**one, "name": f"a{number}"} for number in range(101)]) == 30032
        for wrong in ({**one, "name": "A"}, {**one, "name": "a b"}, {"name": "a"}):
            assert await refusal("PUT", commands, [wrong]) == 50035
        assert await refusal("PUT", commands, [one, one]) == 50035
        assert await refusal("PUT", "/applications/1/commands", [one]) == 20012

        given, event = await here.give("ask", channel=world.home, text="well?")
        response = f"/webhooks/{world.me}/{given['token']}/messages/@original"
        callback = f"/interactions/{given['id']}/{given['token']}/callback"
        words = {"content": "well"}
        assert await refusal("PATCH", response, words) == 10015, "it is not acknowledged"
        await here.acknowledged(event)
        assert await refusal("POST", callback, {"type": 5}) == 40060, "twice"
        assert await refusal("PATCH", response, words) == 200
        assert await refusal("PATCH", response, {"content": " "}) == 50006
        assert await refusal("DELETE", response) == 204
        assert await refusal("GET", response) == 10008
        await world.call("later", interaction=given["id"], seconds=FIFTEEN_MINUTES)
        assert await refusal("GET", response) == 50027
        late, _ = await here.give("ask", channel=world.home, text="well?")
        await world.call("later", interaction=late["id"], seconds=4)
        assert await refusal("POST", f"/interactions/{late['id']}/{late['token']}/callback", {"type": 5}) == 10062
        assert await refusal("POST", "/channels/1/typing") == 10003
