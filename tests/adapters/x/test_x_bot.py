"""A whole bot on X: called, answering, and paying."""

import asyncio
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from x_world import XWorld

from greenroom.app import Bot, Options
from greenroom.app.standing import standing_of
from greenroom.settings import Platforms, load_bot
from greenroom.storage import State
from greenroom_adapters.x import XAdapter

WorldOf = Callable[..., XWorld]
BOT = """\
bot: ada
persona: ada.yaml
timezone: UTC
accounts:
  x:
    platform: x
    base_url: "{url}"
    api_key: {{env: API_KEY}}
    api_secret: {{env: API_SECRET}}
    token: {{env: TOKEN}}
    token_secret: {{env: TOKEN_SECRET}}
    bearer: {{env: BEARER}}
    dialect: post
    webhook: https://bot.example/x
    webhook_listen: "{port}"
    look_every: 3600
    ai_replies_approved: true
answer: {{to: mentions, say: "Here I am."}}
approve: never
limits: {{spend: 0.015 USD/day, spend_per_person: 100%}}
"""


@pytest.mark.asyncio
async def test_a_bot_is_called_answers_and_pays_until_the_money_of_the_day_is_gone(
    x_world: WorldOf, tmp_path: Path
) -> None:
    world = x_world(dialect="post", access="self_serve")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    world.server.proxied = f"http://127.0.0.1:{port}"
    (tmp_path / "bot.yaml").write_text(BOT.format(url=world.proxy.url, port=port), encoding="utf-8")
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    names = ("API_KEY", "API_SECRET", "TOKEN", "TOKEN_SECRET", "BEARER")
    values = (*world.secrets(), world.server.bearer)
    environ = dict(zip(names, values, strict=True))
    bot = Bot.load(tmp_path / "bot.yaml", Options(platforms=Platforms.of(XAdapter), environ=environ))
    async with bot:
        running = asyncio.create_task(bot.run())
        try:
            await world.until(lambda: world.server.asked_to_tell)

            async def mentioned() -> None:
                """Mention the bot, and have it called until it says that this is on disk."""
                post = world.state.post(world.alice, "@lightbot are you there?")
                data = {"event_type": "post.mention.create", "event_uuid": "-1", "payload": {"id": str(post)}}
                body = json.dumps({"data": data}).encode()
                async with asyncio.timeout(30):
                    while await asyncio.to_thread(world.server.knock, body) != 200:
                        await asyncio.sleep(0.1)
                assert await bot.ledger.seq_of_event("x", str(post)) is not None

            await mentioned()
            await _until(bot, {State.SENT: 1})
            await mentioned()
            await _until(bot, {State.SENT: 1, State.INTENDED: 1})
            await bot.ledger.committed()
            waiting, sent = await bot.ledger.turns()
            assert "it costs 0.01 USD, and what is left of today's limit of 0.015 USD is less" in waiting.reason
            assert [post.text for post in await world.published()] == ["Here I am."]
            paid = [(row.model, row.reserved, row.settled) for row in await bot.ledger.spending(since=0)]
            assert ("post on x", 10_000, 10_000) in paid
            assert sent.state is State.SENT
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


async def _until(bot: Bot, expected: dict[State, int]) -> None:
    async with asyncio.timeout(30):
        while await bot.ledger.counts() != expected or any(
            turn.state is State.INTENDED and not turn.reason for turn in await bot.ledger.turns()
        ):
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_check_names_what_would_be_said_in_a_group_of_direct_messages(x_world: WorldOf, tmp_path: Path) -> None:
    world = x_world()
    written = """\
bot: ada
persona: ada.yaml
accounts: {x: {platform: x}}
answer:
  - {to: messages, in: x/700}
  - {to: messages, in: x/700, words: lamp, tell: true}
  - mentions
post: [{name: log, every: 1 day, about: the sea, in: x/700}, {name: public, every: 1 day, about: the sea, in: x}]
tell: x/@ada
"""
    (tmp_path / "bot.yaml").write_text(written, encoding="utf-8")
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    file = load_bot(tmp_path / "bot.yaml", platforms=Platforms.of(XAdapter))
    async with world.adapter() as adapter:
        standing = await standing_of(adapter, file, "x", now=datetime.now(UTC))
    assert [warning for warning in standing.warnings if " room" in warning] == [
        "post `log` will not go out: there are no rooms to post in. Leave the room out of its `in`",
        "answer 1 answers nobody there: the account reads in rooms, and says nothing in them. Leave the room out of "
        "its `in`, or write `tell: true` to hear of it yourself",
    ]
