"""A whole bot on Telegram: it answers in a group and alone, posts by the clock, and parks what may have gone out."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from telegram_world import TelegramWorld

from greenroom.app import Bot, Options
from greenroom.settings import Platforms
from greenroom.storage import State
from greenroom_adapters.telegram import TelegramAdapter

pytestmark = pytest.mark.timeout(60)

BOT = """\
bot: ada
persona: ada.yaml
timezone: UTC
accounts:
  chat: {{platform: telegram, token: {{env: TOKEN}}, home: "@rocks", base_url: "{url}"}}
people: {{owner: chat/{owner}}}
answer: {{to: [mentions, replies, direct_messages], say: "Here I am.", gather: 0 seconds}}
approve: never
"""


@asynccontextmanager
async def bot_on(world: TelegramWorld, folder: Path) -> AsyncGenerator[Bot, None]:
    """Run the bot."""
    (folder / "bot.yaml").write_text(BOT.format(url=world.proxy.url, owner=world.alice), encoding="utf-8")
    (folder / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    options = Options(platforms=Platforms.of(TelegramAdapter), environ={"TOKEN": world.bot.token})
    async with Bot.load(folder / "bot.yaml", options) as bot:
        running = asyncio.create_task(bot.run())
        try:
            yield bot
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def until_texts(world: TelegramWorld, *texts: str) -> None:
    async with asyncio.timeout(30):
        while [post.text for post in await world.published()] != list(texts):
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_a_bot_answers_in_a_group_and_alone_and_telegram_forgets_what_is_on_disk(
    telegram_world: TelegramWorld, tmp_path: Path
) -> None:
    world = telegram_world
    async with bot_on(world, tmp_path) as bot:
        await _listening(world)
        asked = world.say("@light_bot are you there?")
        await until_texts(world, "Here I am.")
        (said,) = await world.published()
        assert said.in_reply_to == asked.id
        world.say("nobody asked you")
        world.whisper("and here?")
        await until_texts(world, "Here I am.", "Here I am.")
        assert (await world.published())[1].direct_to == str(world.alice)
        async with asyncio.timeout(10):
            while world.do(lambda state: len(world.bot.queue)):
                await asyncio.sleep(0.05)
        assert await bot.ledger.seq_of_event("chat", asked.id) is not None


@pytest.mark.asyncio
async def test_a_lost_answer_is_parked_for_a_person_and_never_sent_again(
    telegram_world: TelegramWorld, tmp_path: Path
) -> None:
    world = telegram_world
    async with bot_on(world, tmp_path) as bot:
        await _listening(world)
        await world.lose_next_answer()
        world.say("@light_bot are you there?")
        async with asyncio.timeout(30):
            while await bot.ledger.counts() != {State.UNKNOWN: 1}:
                await asyncio.sleep(0.05)
        (turn,) = await bot.ledger.turns()
        assert "shows a bot no history" in turn.reason
    async with bot_on(world, tmp_path):
        await _listening(world)
        world.whisper("hello")
        await until_texts(world, "Here I am.", "Here I am.")
    assert [post.direct_to for post in await world.published()] == [None, str(world.alice)]


async def _listening(world: TelegramWorld) -> None:
    """Return when the bot waits for something to happen."""
    async with asyncio.timeout(30):
        while world.do(lambda state: world.bot.poller is None):
            await asyncio.sleep(0.05)
