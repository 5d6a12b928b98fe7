"""Relays that do as they are told."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from aiohttp import web
from fake_relay import FakeRelay, Serve


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    """Return what starts a relay; all of them stop with the test."""
    runners: list[web.AppRunner] = []

    async def start(relay: FakeRelay) -> FakeRelay:
        app = web.Application()
        app.router.add_get("/", relay.serve)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        relay.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
        return relay

    yield start
    await asyncio.gather(*(runner.cleanup() for runner in runners))
