"""A whole bot on a page of Facebook and an account on Instagram: called by one, looking at the other, posts on both."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from facebook_world import FacebookWorld
from graph_pages import PAGES
from graph_pictures import PICTURES
from graph_server import GraphServer
from instagram_world import InstagramWorld
from ports import free_port

from greenroom.app import Bot, Options
from greenroom.cli.posting import Around, put_one_down
from greenroom.settings import Platforms, load_bot
from greenroom.storage import State
from greenroom_adapters.facebook import FacebookAdapter
from greenroom_adapters.instagram import InstagramAdapter
from greenroom_adapters.testing import FaultyProxy

BOT = """\
bot: ada
persona: ada.yaml
timezone: UTC
accounts:
  page:
    platform: facebook
    base_url: "{facebook}"
    token: {{env: PAGE_TOKEN}}
    app_secret: {{env: APP_SECRET}}
    webhook: https://bot.example/facebook
    webhook_listen: "{port}"
    verify_token: {{env: WORD}}
  gallery:
    platform: instagram
    base_url: "{instagram}"
    token: {{env: GALLERY_TOKEN}}
    media_url: "http://127.0.0.1:{port}/shelf"
    media_listen: "{port}"
    look_every: 1
answer: {{to: [mentions, replies, direct_messages], say: "Here I am."}}
approve: never
"""
LIT = "The lamp is lit."
PLATFORMS = Platforms.of(FacebookAdapter, InstagramAdapter)


class Worlds:
    """Both platforms, and the bot's file."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        pages, pictures = (stack.enter_context(GraphServer(routes)) for routes in (PAGES, PICTURES))
        self.page = FacebookWorld(pages, stack.enter_context(FaultyProxy(pages.url)))
        self.gallery = InstagramWorld(pictures, stack.enter_context(FaultyProxy(pictures.url)), folder)
        port = free_port()
        pages.proxied = f"http://127.0.0.1:{port}/facebook"
        self.file = folder / "bot.yaml"
        text = BOT.format(facebook=self.page.proxy.url, instagram=self.gallery.proxy.url, port=port)
        self.file.write_text(text, encoding="utf-8")
        (folder / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
        self.environ = {
            "PAGE_TOKEN": self.page.settings.token.reveal(),
            "APP_SECRET": pages.app_secret,
            "WORD": "the-word-of-the-dashboard",
            "GALLERY_TOKEN": self.gallery.settings.token.reveal(),
        }

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Bot]:
        """Have the bot run."""
        bot = Bot.load(self.file, Options(platforms=PLATFORMS, environ=self.environ))
        async with bot:
            running = asyncio.create_task(bot.run())
            try:
                await self.page.until(lambda: self.page.server.subscribed)
                yield bot
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)


async def said(world: FacebookWorld | InstagramWorld, *texts: str) -> None:
    """Return when the bot has said exactly this."""
    async with asyncio.timeout(15):
        while sorted(post.text for post in await world.published()) != sorted(texts):
            await asyncio.sleep(0.05)


@pytest.mark.asyncio
async def test_one_bot_answers_and_posts_on_both_and_says_nothing_twice(tmp_path: Path) -> None:
    with ExitStack() as stack:
        worlds = Worlds(tmp_path, stack)
        page, gallery = worlds.page, worlds.gallery
        post = page.state.post(page.bot, LIT)
        async with worlds.running() as bot:
            # Facebook calls, twice; Instagram is looked at
            told = calling(page, post)
            for _ in range(2):
                assert await asyncio.to_thread(page.server.knock, told) == 200
            top = gallery.state.comment(gallery.alice, gallery.first, "how bright?")
            await said(page, LIT, "Here I am.", "Here I am.")
            await said(gallery, "Here I am.")
            file, card = load_bot(worlds.file, platforms=PLATFORMS), Around(card=True)
            places = ("page", "gallery")
            await put_one_down(file, text="The log of today.", about=None, at="now", places=places, around=card)
            await said(page, LIT, "Here I am.", "Here I am.", "The log of today.")
            await said(gallery, "Here I am.", "The log of today.")
            (answer,) = (one for one in await gallery.published() if one.in_reply_to is not None)
            assert answer.in_reply_to == f"{gallery.first}/{top}"
            assert all(one.alts for one in [*await page.published(), *await gallery.published()] if "log" in one.text)
            assert set(await bot.ledger.counts()) == {State.SENT}
        assert [*page.server.violations, *gallery.server.violations] == []


def calling(page: FacebookWorld, post: str) -> dict[str, Any]:
    """Let somebody comment and write to the page; return what Facebook tells of both in one call."""
    alice, now = {"id": page.alice, "name": "Alice Avelar"}, int(time.time())
    comment = page.state.comment(page.alice, post, "how bright?")
    value: dict[str, Any] = {"item": "comment", "verb": "add", "from": alice, "message": "how bright?"}
    value |= {"post_id": post, "comment_id": comment, "parent_id": post, "created_time": now}
    message = page.state.message(page.bot, page.alice, page.alice, "psst")
    knock = {"sender": alice, "timestamp": now, "message": {"mid": message, "text": "psst"}}
    changes = [{"field": "feed", "value": value}]
    return {"object": "page", "entry": [{"id": page.bot, "time": now, "changes": changes, "messaging": [knock]}]}


@pytest.mark.asyncio
async def test_what_came_in_while_the_bot_was_away_is_answered_when_it_is_back(tmp_path: Path) -> None:
    with ExitStack() as stack:
        worlds = Worlds(tmp_path, stack)
        page, gallery = worlds.page, worlds.gallery
        post = page.state.post(page.bot, LIT)
        async with worlds.running():
            gallery.state.comment(gallery.alice, gallery.first, "before")
            await said(gallery, "Here I am.")
        page.state.comment(page.alice, post, "while you were away")
        gallery.state.comment(gallery.alice, gallery.first, "while you were away")
        async with worlds.running():
            await said(page, LIT, "Here I am.")
            await said(gallery, "Here I am.", "Here I am.")
