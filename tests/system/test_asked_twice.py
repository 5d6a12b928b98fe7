"""A bot without a model on a real Stage: who asks the same twice, each time anew, is not told the same while there are
other words."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest

from greenroom.app import Bot, Options
from greenroom.settings import Platforms
from greenroom_adapters.stage import StageAdapter
from greenroom_adapters.testing.stage import RunningStage

BOT = """\
bot: ada
persona: ada.yaml
accounts: {{home: {{platform: stage, server: "{url}"}}}}
answer: mentions
"""
SCRIPT = """\
rules:
  lamp:
    hears: [lamp]
    says: [The lamp is lit., It turned all night., Ask me again when it is dark.]
  anything:
    says: [The sea has no comment.]
"""
PATIENCE = 60
"""Seconds for what takes less than one on an idle machine."""


async def _answers(stage: RunningStage, token: str, question: str) -> list[str]:
    """Return what was answered, once it is."""
    async with asyncio.timeout(PATIENCE):
        while True:
            thread: Any = await asyncio.to_thread(stage.call, "GET", f"/api/posts/{question}/thread", token=token)
            if thread["below"]:
                return [post["text"] for post in thread["below"]]
            await asyncio.sleep(0.05)


@pytest.mark.timeout(240)
@pytest.mark.asyncio
async def test_each_time_somebody_asks_the_same_he_is_told_something_else_until_all_was_said(tmp_path: Path) -> None:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\nscript: ada.script.yaml\n", "utf-8")
    (tmp_path / "ada.script.yaml").write_text(SCRIPT, encoding="utf-8")
    with RunningStage() as stage:
        (tmp_path / "bot.yaml").write_text(BOT.format(url=stage.url), encoding="utf-8")
        ben, eve = stage.sign_in("ben"), stage.sign_in("eve")
        options = Options(environ={}, platforms=Platforms.of(StageAdapter))
        async with Bot.load(tmp_path / "bot.yaml", options) as bot:
            running = asyncio.create_task(bot.run())
            async with asyncio.timeout(PATIENCE):
                while not await bot.ledger.cursors("home"):
                    await asyncio.sleep(0.02)
            told: list[str] = []
            for number in range(4):
                asked = await asyncio.to_thread(stage.say, ben, "@ada is the lamp lit?")
                told += await _answers(stage, ben, asked["id"])
                if number == 1:
                    # what others hear is no matter
                    other = await asyncio.to_thread(stage.say, eve, "@ada is the lamp lit?")
                    await _answers(stage, eve, other["id"])
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
    said = {"The lamp is lit.", "It turned all night.", "Ask me again when it is dark."}
    assert set(told[:3]) == said, "each of them once"
    assert told[3] in said, "what answers the question is said again rather than something else"
