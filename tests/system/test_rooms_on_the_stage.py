"""A whole bot in rooms of a real Stage: it is in those that its file names, joins in there, comes where it is named,
and obeys who keeps order."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
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

PATIENCE = 60
"""Seconds for what takes less than one on an idle machine."""


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
        async with asyncio.timeout(PATIENCE):
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
                async with asyncio.timeout(PATIENCE):
                    while not await bot.ledger.cursors("home"):
                        await asyncio.sleep(0.02)
                yield harbour
            finally:
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running


@pytest.mark.timeout(240)
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
    async with asyncio.timeout(PATIENCE):
        while State.WITHDRAWN not in (counts := await harbour.bot.ledger.counts()) or counts[State.WITHDRAWN] < 2:
            await asyncio.sleep(0.05)
    (complaint,) = [entry for entry in await harbour.bot.ledger.journal(limit=100) if entry.what == "complaint"]
    assert complaint.why == "keeper took it down in Quay on home"
    await harbour.say(harbour.keeper, "@ada leave", room="Pier")
    async with asyncio.timeout(PATIENCE):
        while await _is_member(harbour, "Pier"):
            await asyncio.sleep(0.05)


GARDENER = """\
bot: moss
persona: moss.yaml
accounts: {{home: {{platform: stage, server: "{url}"}}}}
timezone: UTC
rooms:
  garden: {{is: home/garden, mode: open}}
  cellar: {{is: home/cellar, mode: ignore}}
  elsewhere: {{mode: mentions}}
answer: {{to: [mentions, messages], gather: 0}}
"""
MOSS = """\
persona: Moss
who: keeps the herb garden
nicknames: [gardener]
talkative: {chance: 100%}
examples: [The mint is winning again., Basil hates the wind. So do I., Rain is work that somebody else does.]
"""


async def _rooms(stage: RunningStage, token: str) -> dict[str, Any]:
    rooms = (await asyncio.to_thread(stage.call, "GET", "/api/rooms", token=token))["rooms"]
    return {room["name"]: room for room in rooms}


async def _talk(stage: RunningStage, token: str, room: str, *, count: int) -> list[tuple[str, str]]:
    """Return who said what there, oldest first, once so much was said."""
    async with asyncio.timeout(PATIENCE):
        while True:
            posts = (await asyncio.to_thread(stage.call, "GET", f"/api/rooms/{room}/posts", token=token))["posts"]
            if len(posts) >= count:
                return [(post["author"]["handle"], post["text"]) for post in reversed(posts)]
            await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def _runs(path: Path) -> AsyncGenerator[Bot]:
    async with Bot.load(path, Options(environ={}, platforms=Platforms.of(StageAdapter))) as bot:
        running = asyncio.create_task(bot.run())
        try:
            async with asyncio.timeout(PATIENCE):
                while not await bot.ledger.cursors("home"):
                    await asyncio.sleep(0.02)
            yield bot
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


@pytest.mark.timeout(240)
@pytest.mark.asyncio
async def test_a_bot_is_in_the_rooms_of_its_file_answers_to_its_nickname_joins_in_and_comes_where_it_is_named(
    tmp_path: Path,
) -> None:
    (tmp_path / "moss.yaml").write_text(MOSS, encoding="utf-8")
    with RunningStage() as stage:
        (tmp_path / "bot.yaml").write_text(GARDENER.format(url=stage.url), encoding="utf-8")
        rose, iris = stage.sign_in("rose"), stage.sign_in("iris")
        async with _runs(tmp_path / "bot.yaml"):
            async with asyncio.timeout(PATIENCE):
                while not (rooms := await _rooms(stage, rose)):
                    await asyncio.sleep(0.05)
            assert list(rooms) == ["garden"]
            garden = rooms["garden"]["id"]
            for token in (rose, iris):
                await asyncio.to_thread(stage.call, "POST", f"/api/rooms/{garden}/join", token=token)
            await asyncio.to_thread(stage.say, rose, "gardener, what about the basil?", room=garden)
            assert [who for who, _ in await _talk(stage, rose, garden, count=2)] == ["rose", "moss"]
            for token, words in ((rose, "the mint is up"), (iris, "mine too"), (rose, "and the sage sleeps")):
                await asyncio.to_thread(stage.say, token, words, room=garden)
            *_, (who, _) = await _talk(stage, rose, garden, count=6)
            assert who == "moss", "it joins in upon what nobody wrote to it"

            library = (await asyncio.to_thread(stage.call, "POST", "/api/rooms", {"name": "library"}, token=iris))["id"]
            await asyncio.to_thread(stage.say, iris, "@moss are there herbs in here?", room=library)
            assert [who for who, _ in await _talk(stage, iris, library, count=2)] == ["iris", "moss"]
            assert (await _rooms(stage, iris))["library"]["members"] == 2

            await asyncio.to_thread(stage.say, rose, "@moss leave", room=garden)
            async with asyncio.timeout(PATIENCE):
                while (await _rooms(stage, rose))["garden"]["members"] != 2:
                    await asyncio.sleep(0.05)
        async with _runs(tmp_path / "bot.yaml") as bot:
            await asyncio.to_thread(stage.say, iris, "@moss are you back?", room=library)
            await _talk(stage, iris, library, count=4)
            await bot.settle()
            assert (await _rooms(stage, rose))["garden"]["members"] == 2, "it stays away from where it was sent away"


async def _is_member(harbour: Harbour, room: str) -> bool:
    rooms = (await asyncio.to_thread(harbour.stage.call, "GET", "/api/rooms", token=harbour.keeper))["rooms"]
    return any(one["name"] == room and one["members"] == 3 for one in rooms)
