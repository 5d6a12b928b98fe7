"""A whole bot whose people use Discord's menu: what they see, also when the bot is stopped in the middle."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from discord_looks import connected
from discord_world import DiscordWorld

from greenroom.app import Bot, Options
from greenroom.settings import Platforms
from greenroom.testing import ScriptedEngine
from greenroom_adapters.discord import DiscordAdapter
from greenroom_adapters.testing.conformance.tools import wait_until

FILE = """\
bot: ada
persona: ada.yaml
timezone: UTC
accounts:
  home: {{platform: discord, token: {{env: TOKEN}}, base_url: "{url}/api/v10", gateway_url: "{gateway}"}}
people: {{owner: home/{owner}}}
engines: hold
answer: [mentions, direct_messages]
approve: never
"""
PERSONA = "persona: Ada\nwho: keeps the lighthouse\n"


@contextlib.asynccontextmanager
async def running(world: DiscordWorld, folder: Path, engine: ScriptedEngine) -> AsyncGenerator[Bot, None]:
    """Let the bot run that has its files and its ledger in this folder."""
    gateway = world.proxy.url.replace("http", "ws") + "/gateway"
    file = folder / "ada-bot.yaml"
    file.write_text(FILE.format(url=world.proxy.url, gateway=gateway, owner=world.alice), encoding="utf-8")
    (folder / "ada.yaml").write_text(PERSONA, encoding="utf-8")
    options = Options(
        environ={"TOKEN": world.bot["token"]}, platforms=Platforms.of(DiscordAdapter), engines=(engine,), grace=0.0
    )
    async with Bot.load(file, options) as bot:
        task = asyncio.create_task(bot.run())
        try:
            await connected(world)

            async def offered() -> bool:
                return bool((await world.call("offered", bot=world.me))["all"])

            await wait_until(offered, "commands are offered", patience=30)
            yield bot
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def standing(
    world: DiscordWorld, given: Mapping[str, Any], fits: Callable[[Mapping[str, Any]], object]
) -> Mapping[str, Any]:
    """Return the message that answers a command, as soon as it fits."""
    found: list[Mapping[str, Any]] = []

    async def there() -> bool:
        message = (await world.call("given", interaction=given["id"]))["message"]
        if message is not None and fits(message):
            found.append(message)
        return bool(found)

    await wait_until(there, "the command is answered", patience=30)
    return found[0]


@pytest.mark.asyncio
async def test_people_are_answered_where_they_gave_the_command(discord_world: DiscordWorld, tmp_path: Path) -> None:
    world, engine = discord_world, ScriptedEngine(lambda brief: f"You asked: {brief.said}")
    async with running(world, tmp_path, engine) as bot:
        asked = await world.give("ask", channel=world.home, text="is it lit?")
        shown = await standing(world, asked, lambda message: message["content"])
        assert (shown["content"], shown["flags"]) == ("You asked: is it lit?", 0)
        about = await world.give("about", channel=world.home)
        shown = await standing(world, about, lambda message: message["content"])
        assert shown["content"].startswith("I am Ada, a bot.\nI belong to @alice")
        paused = await world.give("pause")
        await standing(world, paused, lambda message: "/resume" in message["content"])
        assert bot.desks["home"].pacer.paused is not None
        resumed = await world.give("resume")
        await standing(world, resumed, lambda message: message["content"] == "I go on.")
        await world.give("stop", channel=world.home)
        ignored = await world.give("ask", channel=world.home, text="still there?")

        async def gone() -> bool:
            deleted = [one for one in world.proxy.requests() if one.method == "DELETE"]
            return bool(deleted) and (await world.call("given", interaction=ignored["id"]))["message"] is None

        await wait_until(gone, "nothing comes, and nothing says that something would", patience=30)
        token = asked["token"]
        assert [turn for turn in await bot.ledger.turns() if token in repr(turn.event) + repr(turn.outbox)] == []
    assert [said["content"] for said in await world.call("published", bot=world.me)] == ["You asked: is it lit?"]
    assert (await world.call("offered", bot=world.me))["replaced"] == 1


@pytest.mark.asyncio
async def test_a_bot_that_was_stopped_in_the_middle_answers_when_it_is_back(
    discord_world: DiscordWorld, tmp_path: Path
) -> None:
    world, engine = discord_world, ScriptedEngine()
    engine.gate.clear()
    async with running(world, tmp_path, engine):
        asked = await world.give("ask", channel=world.home, text="is it lit?")
        await standing(world, asked, lambda message: True)

        async def reads() -> bool:
            return bool(engine.briefs)

        await wait_until(reads, "the engine reads it")
    engine.gate.set()
    async with running(world, tmp_path, engine):
        shown = await standing(world, asked, lambda message: message["content"])
        assert (shown["content"], shown["flags"]) == ("You said: is it lit?", 0)
    assert len(await world.call("published", bot=world.me)) == 1
    assert (await world.call("offered", bot=world.me))["replaced"] == 1, "a restart registers nothing"
