"""Relays that do as they are told."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest_asyncio
from aiohttp import web
from fake_relay import FakeRelay, Serve

from greenroom_adapters.testing.serving import serving


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """Return what starts a relay; all of them stop with the test."""
    async with AsyncExitStack() as relays:

        async def start(relay: FakeRelay) -> FakeRelay:
            app = web.Application()
            app.router.add_get("/", relay.serve)
            served = await relays.enter_async_context(serving(app))
            relay.url = f"ws://127.0.0.1:{served.port}"
            return relay

        yield start
