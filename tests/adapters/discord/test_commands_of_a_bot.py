"""A whole bot whose people use Discord's menu: what they see, also when the bot is stopped in the middle."""

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
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
engines: {engines}
answer: [mentions, direct_messages]
approve: never
"""
MANAGE_MESSAGES, EPHEMERAL = 1 << 13, 1 << 6
PERSONA = "persona: Ada\nwho: keeps the lighthouse\n"


def write_files(world: DiscordWorld, folder: Path, *, engines: str) -> Path:
    """Write the bot's files into this folder; return the first of them."""
    gateway = world.proxy.url.replace("http", "ws") + "/gateway"
    words = FILE.format(url=world.proxy.url, gateway=gateway, owner=world.alice, engines=engines)
    file = folder / "ada-bot.yaml"
    file.write_text(words, encoding="utf-8")
    (folder / "ada.yaml").write_text(PERSONA, encoding="utf-8")
    return file


@contextlib.asynccontextmanager
async def running(world: DiscordWorld, folder: Path, engine: ScriptedEngine) -> AsyncGenerator[Bot, None]:
    """Let the bot run that has its files and its ledger in this folder."""
    file = write_files(world, folder, engines="hold")
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


@pytest.mark.asyncio
async def test_a_moderator_is_obeyed_from_the_menu_and_nobody_else(discord_world: DiscordWorld, tmp_path: Path) -> None:
    world, engine = discord_world, ScriptedEngine(lambda brief: f"You asked: {brief.said}")
    keeper, member = [(await world.call("person", name=name))["id"] for name in ("keeper", "member")]
    guild = await world.call("guild", name="Rocks", owner=world.alice, members=[world.me, keeper, member])
    await world.call("role", guild=guild["id"], user=keeper, permissions=MANAGE_MESSAGES, name="Mods")

    async def words(name: str, by: str, text: str | None = None) -> str:
        told = {} if text is None else {"text": text}
        given = await world.call("give", bot=world.me, user=by, name=name, channel=guild["channel"], **told)
        shown = await standing(world, given, lambda message: message["content"])
        assert shown["flags"] & EPHEMERAL, "nobody else in the room is bothered"
        return str(shown["content"])

    async with running(world, tmp_path, engine):
        asked = await world.give("ask", channel=guild["channel"], text="is it lit?")
        await standing(world, asked, lambda message: message["content"])
        assert (await words("quiet", member)).startswith("That is for those who keep order")
        assert (await words("why", keeper)).startswith("Because ")
        assert (await words("quiet", keeper, "2 hours")).startswith("I am quiet here until ")
        assert await words("speak", keeper) == "I speak here again."
        undone = await world.call("give", bot=world.me, user=keeper, name="undo", channel=guild["channel"])

        async def gone() -> bool:
            nothing_comes = (await world.call("given", interaction=undone["id"]))["message"] is None
            return nothing_comes and await world.call("published", bot=world.me) == []

        await wait_until(gone, "what stood there is taken back, and nothing is said to that", patience=30)


@contextlib.contextmanager
def process(folder: Path, token: str) -> Generator[subprocess.Popen[bytes], None, None]:
    """Run the bot as its owner does, and kill it without a word at the end of the block."""
    command = [sys.executable, "-c", "from greenroom.cli import main; main()", "run", str(folder / "ada-bot.yaml")]
    with (folder / "log").open("ab") as log:
        running = subprocess.Popen(  # noqa: S603 - our own program, no shell
            command, env={**os.environ, "TOKEN": token}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield running
        finally:
            running.kill()
            running.wait(30)


@pytest.mark.asyncio
@pytest.mark.parametrize("fault", ["swallow", "silence"])
async def test_a_bot_that_was_killed_while_it_answered_has_answered_once_when_it_is_back(
    discord_world: DiscordWorld, tmp_path: Path, fault: str
) -> None:
    world = discord_world
    write_files(world, tmp_path, engines="script")

    def tries() -> list[Any]:
        return [one for one in world.proxy.requests() if one.method == "PATCH"]

    async def offered() -> bool:
        sessions = await world.call("sessions", bot=world.me)
        return bool((await world.call("offered", bot=world.me))["all"]) and bool(sessions["open"])

    async def tried() -> bool:
        return bool(tries())

    world.order(fault, path=r"/messages/@original$", method="PATCH")
    with process(tmp_path, world.bot["token"]):
        await wait_until(offered, "commands are offered", patience=60)
        asked = await world.give("ask", channel=world.home, text="are you a bot?")
        await wait_until(tried, "the answer is tried", patience=60)
        if fault == "swallow":
            await standing(world, asked, lambda message: message["content"])
    before = (await world.call("given", interaction=asked["id"]))["message"]
    assert bool(before["content"]) is (fault == "swallow")
    with process(tmp_path, world.bot["token"]):
        shown = await standing(world, asked, lambda message: message["content"])
        assert "bot" in shown["content"]

        async def seen_to() -> bool:
            looks = [one for one in world.proxy.requests() if one.method == "GET" and "@original" in one.path]
            return len(tries()) > 1 or (fault == "swallow" and bool(looks))

        await wait_until(seen_to, "it has seen to its answer", patience=60)
    assert [said["content"] for said in await world.call("published", bot=world.me)] == [shown["content"]]
