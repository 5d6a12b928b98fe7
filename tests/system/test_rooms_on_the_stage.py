"""A whole bot in a room of a real Stage: a moderator's word is obeyed there, and his deletion is a complaint."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from greenroom.app import Bot, Options
from greenroom.settings import Platforms
from greenroom.storage import State
from greenroom_adapters.stage import StageAdapter
from greenroom_adapters.testing.stage import RunningStage

BOT = """\
bot: ada
persona: ada.yaml
accounts: {{home: {{platform: stage, server: "{url}", handle: ada}}}}
timezone: UTC
answer: {{to: [mentions, replies], gather: 0}}
rooms: {{quay: {{is: home/Quay}}, pier: {{is: home/Pier}}}}
"""


class Harbour:
    """Two rooms that keeper opened, with ada, the bot, in both."""

    def __init__(self, stage: RunningStage, bot: Bot) -> None:
        self.stage = stage
        self.bot = bot
        self.keeper = stage.sign_in("keeper")
        self.guest = stage.sign_in("guest")
        self.rooms = {
            name: stage.call("POST", "/api/rooms", {"name": name}, token=self.keeper)["id"] for name in ("Quay", "Pier")
        }
        for token in (self.guest, stage.sign_in("ada", bot=True)):
            for room in self.rooms.values():
                stage.call("POST", f"/api/rooms/{room}/join", token=token)

    async def say(self, token: str, text: str, room: str = "Quay") -> None:
        await asyncio.to_thread(self.stage.say, token, text, room=self.rooms[room])

    async def said(self, room: str = "Quay") -> list[dict[str, Any]]:
        """Return what the bot has said there, oldest first."""
        path = f"/api/rooms/{self.rooms[room]}/posts"
        posts = (await asyncio.to_thread(self.stage.call, "GET", path, token=self.keeper))["posts"]
        return [post for post in reversed(posts) if post["author"]["handle"] == "ada"]

    async def until(
        self, reached: Callable[[list[dict[str, Any]]], object], room: str = "Quay"
    ) -> list[dict[str, Any]]:
        """Return what the bot has said once that is enough."""
        async with asyncio.timeout(30):
            while not reached(posts := await self.said(room)):
                await asyncio.sleep(0.05)
        return posts


@pytest_asyncio.fixture
async def harbour(tmp_path: Path) -> AsyncIterator[Harbour]:
    with RunningStage() as stage:
        (tmp_path / "bot.yaml").write_text(BOT.format(url=stage.url), encoding="utf-8")
        (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
        bot = Bot.load(tmp_path / "bot.yaml", Options(environ={}, platforms=Platforms.of(StageAdapter)))
        async with bot:
            harbour = Harbour(stage, bot)
            running = asyncio.create_task(bot.run())
            try:
                async with asyncio.timeout(30):
                    while not await bot.ledger.cursors("home"):
                        await asyncio.sleep(0.02)
                yield harbour
            finally:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running


@pytest.mark.timeout(90)
@pytest.mark.asyncio
async def test_a_moderator_quiets_the_bot_takes_back_what_it_said_and_his_deletion_is_a_complaint(
    harbour: Harbour,
) -> None:
    await harbour.say(harbour.guest, "@ada is the lamp lit?")
    (first,) = await harbour.until(lambda posts: len(posts) == 1)
    await harbour.say(harbour.guest, "@ada undo")
    await harbour.until(lambda posts: len(posts) == 2)
    await harbour.say(harbour.keeper, "@ada undo")
    assert await harbour.until(lambda posts: len(posts) == 1) == [first], "a guest's word is talk"

    await harbour.say(harbour.keeper, "@ada quiet 2 hours")
    *_, quiet = await harbour.until(lambda posts: len(posts) == 2)
    assert quiet["text"].startswith("I am quiet here until ")
    await harbour.say(harbour.guest, "@ada and now?")
    await harbour.say(harbour.guest, "@ada and now?", room="Pier")
    await harbour.until(lambda posts: len(posts) == 1, "Pier")
    assert len(await harbour.said()) == 2

    await asyncio.to_thread(harbour.stage.call, "DELETE", f"/api/posts/{first['id']}", token=harbour.keeper)
    async with asyncio.timeout(30):
        while State.WITHDRAWN not in (counts := await harbour.bot.ledger.counts()) or counts[State.WITHDRAWN] < 2:
            await asyncio.sleep(0.05)
    (complaint,) = [entry for entry in await harbour.bot.ledger.journal(limit=100) if entry.what == "complaint"]
    assert complaint.why == "keeper took it down in Quay on home"
    await harbour.say(harbour.keeper, "@ada leave", room="Pier")
    async with asyncio.timeout(30):
        while await _is_member(harbour, "Pier"):
            await asyncio.sleep(0.05)


async def _is_member(harbour: Harbour, room: str) -> bool:
    rooms = (await asyncio.to_thread(harbour.stage.call, "GET", "/api/rooms", token=harbour.keeper))["rooms"]
    return any(one["name"] == room and one["members"] == 3 for one in rooms)
