"""A network that dies and comes back: nothing is lost, nothing is said twice."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest
from bluesky_chat import ChatService
from bluesky_newcomers import newcomer
from bluesky_people import register
from bluesky_world import BlueskyWorld, a_network
from running import RunningServer

from greenroom_adapters.bluesky import BlueskyAdapter
from greenroom_adapters.contract import Adapter, Found, MentionReceived, OutcomeUnknown, Post, Receipt, Unavailable
from greenroom_adapters.testing import FaultyProxy, Intent
from greenroom_adapters.transport import Pace

pytestmark = [pytest.mark.server, pytest.mark.timeout(300), pytest.mark.asyncio]

AWAY = float(os.environ.get("GREENROOM_SERVER_AWAY", "1"))
"""Seconds for which the network is away. Two minutes are the measure; tests are in a hurry."""


@pytest.fixture(scope="module")
def mortal() -> Iterator[RunningServer]:
    """A network of its own, for tests that kill it."""
    with a_network() as server:
        yield server


@pytest.fixture
def world(mortal: RunningServer, chat: ChatService) -> Iterator[BlueskyWorld]:
    base = mortal.facts["url"]
    with FaultyProxy(base) as proxy:
        yield BlueskyWorld(newcomer(base), proxy, chat, register(base, "alice"))


def straight(world: BlueskyWorld) -> BlueskyAdapter:
    """Return an adapter that talks to the server without a proxy between."""
    settings = replace(world.settings, server=world.bot.base, pds=world.bot.base, direct=False)
    return BlueskyAdapter(settings, account="home", pace=Pace(slow=timedelta(seconds=min(15.0, AWAY))))


async def test_listening_goes_on_where_the_network_died(mortal: RunningServer, world: BlueskyWorld) -> None:
    heard: list[str] = []

    async def listen(adapter: Adapter) -> None:
        async with aclosing(adapter.events(after=await adapter.now())) as events:
            async for event in events:
                if isinstance(event, MentionReceived):
                    heard.append(event.text.rpartition(" ")[2])

    async with straight(world) as adapter:
        listener = asyncio.create_task(listen(adapter))
        try:
            await asyncio.sleep(0.5)
            await world.mention_bot("before")
            async with asyncio.timeout(10):
                while heard != ["before"]:
                    await asyncio.sleep(0.05)
            await asyncio.to_thread(mortal.kill)
            await asyncio.sleep(AWAY)
            await asyncio.to_thread(mortal.start)
            await world.mention_bot("afterwards")
            async with asyncio.timeout(60):
                while "afterwards" not in heard:
                    await asyncio.sleep(0.05)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
    assert heard == ["before", "afterwards"]


async def test_what_is_being_said_while_the_network_dies_is_said_once(
    mortal: RunningServer, world: BlueskyWorld
) -> None:
    async with straight(world) as adapter:
        intents = [Intent(adapter, Post(text=f"post {number}"), key=f"k{number}") for number in range(30)]

        async def deliver(number: int, intent: Intent) -> Receipt:
            await asyncio.sleep(number * 0.02)
            while True:
                try:
                    return await adapter.publish(intent.next_try())
                except Unavailable:
                    await asyncio.sleep(0.3)
                except OutcomeUnknown:
                    try:
                        verdict = await adapter.find(intent.last_try())
                    except Unavailable:
                        await asyncio.sleep(0.3)
                        continue
                    if isinstance(verdict, Found):
                        return verdict.receipt

        async def die() -> None:
            await asyncio.sleep(0.3)
            await asyncio.to_thread(mortal.kill)
            await asyncio.to_thread(mortal.start)

        death = asyncio.create_task(die())
        async with asyncio.timeout(60):
            receipts = await asyncio.gather(*(deliver(number, intent) for number, intent in enumerate(intents)))
            await death
    posts = await world.published()
    assert sorted(post.text for post in posts) == sorted(f"post {number}" for number in range(30))
    assert {post.id for post in posts} == {receipt.ref.id for receipt in receipts}
