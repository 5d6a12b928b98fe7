"""A web server on this machine that gives out feeds, counts who asks, and fails as it is told."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from types import TracebackType
from typing import Self
from xml.sax.saxutils import escape

from aiohttp import web

__all__ = ["FeedServer", "Told", "rss"]

Told = tuple[str, str, str]
"""Id, title and link of one item."""


def rss(*items: Told, home: str = "https://harbour.example/", dates: Mapping[str, datetime] | None = None) -> str:
    """Return a feed, the last of the items first. `dates`: id → when it was published; others do not say."""
    dated = {id: f"<pubDate>{format_datetime(moment)}</pubDate>" for id, moment in (dates or {}).items()}
    rows = "".join(
        f"<item><guid isPermaLink='false'>{escape(id)}</guid><title>{escape(title)}</title>"
        f"<link>{escape(link)}</link><description>About {escape(title)}</description>{dated.get(id, '')}</item>"
        for id, title, link in reversed(items)
    )
    return f"<?xml version='1.0'?><rss version='2.0'><channel><title>T</title><link>{home}</link>{rows}</channel></rss>"


class FeedServer:
    """Gives out `body` at /feed with an ETag. An async context manager."""

    def __init__(self) -> None:
        self.body = rss()
        self.asked: list[web.Request] = []
        self.unchanged = 0
        """How often it was said that nothing has changed."""
        self.answers: deque[Callable[[], web.StreamResponse]] = deque()
        """What the next requests get instead."""
        self.answering = asyncio.Event()
        """Cleared, requests are left waiting."""
        self.answering.set()
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    @property
    def feed(self) -> str:
        """Its address."""
        return f"{self.url}/feed"

    @property
    def tag(self) -> str:
        """The ETag of `body`."""
        return f'"{hash(self.body)}"'

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        await self.answering.wait()
        if self.answers:
            return self.answers.popleft()()
        if request.headers.get("If-None-Match") == self.tag:
            self.unchanged += 1
            return web.Response(status=304)
        return web.Response(text=self.body, content_type="application/rss+xml", headers={"ETag": self.tag})
