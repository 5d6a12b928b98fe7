"""The account of the tests at relays that do as they are told, and what it hears there."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from typing import Any

from fake_relay import FakeRelay
from nostr_people import Person

from greenroom_adapters.contract import Event, Secret, TextEvent
from greenroom_adapters.nostr import NostrAdapter, NostrSettings
from greenroom_adapters.transport import Pace

BOT = Person()
PACE = Pace(fast=(timedelta(0), timedelta(seconds=0.05)), slow=timedelta(seconds=0.1))
NOW = int(time.time())


def adapter(*relays: FakeRelay, **settings: Any) -> NostrAdapter:
    key = Secret(BOT.keys.secret_key().to_bech32())
    made = NostrSettings(key=key, relays=tuple(relay.url for relay in relays), **settings)
    return NostrAdapter(made, account="home", heartbeat=timedelta(seconds=1), pace=PACE)


def cursors(*relays: FakeRelay, at: int = NOW - 1000) -> dict[str, str]:
    """Return cursors of an account that has listened since then."""
    return {f"{relay.url} {stream}": json.dumps([at, at, []]) for relay in relays for stream in ("public", "direct")}


@asynccontextmanager
async def listening(account: NostrAdapter, after: dict[str, str]) -> AsyncIterator[list[Event]]:
    """Collect what is heard."""
    heard: list[Event] = []

    async def listen() -> None:
        async with aclosing(account.events(after=after)) as events:
            async for event in events:
                heard.append(event)

    task = asyncio.create_task(listen())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(happened: Callable[[], bool], *, seconds: float = 15) -> None:
    async with asyncio.timeout(seconds):
        while not happened():
            await asyncio.sleep(0.02)


def texts(heard: list[Event]) -> list[str]:
    return [event.text for event in heard if isinstance(event, TextEvent)]
