"""A homeserver that dies and comes back: nothing is lost, nothing is said twice."""

import asyncio
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest
from matrix_world import MatrixWorld, a_homeserver
from running import RunningServer

from greenroom_adapters.contract import (
    Adapter,
    Found,
    MentionReceived,
    OutcomeUnknown,
    Post,
    Receipt,
    Unavailable,
)
from greenroom_adapters.matrix import MatrixAdapter
from greenroom_adapters.testing import FaultyProxy, Intent
from greenroom_adapters.transport import Pace

pytestmark = [pytest.mark.server, pytest.mark.timeout(180), pytest.mark.asyncio]

PACE = Pace(slow=timedelta(seconds=0.5))


@pytest.fixture(scope="module")
def mortal() -> Iterator[RunningServer]:
    """A Synapse of its own, for tests that kill it."""
    with a_homeserver() as server:
        yield server


@pytest.fixture
def world(mortal: RunningServer) -> Iterator[MatrixWorld]:
    with FaultyProxy(mortal.facts["url"]) as proxy:
        yield MatrixWorld(mortal.facts["url"], mortal.facts["registration_secret"], proxy)


def straight(world: MatrixWorld) -> MatrixAdapter:
    """Return an adapter that talks to the server without a proxy between."""
    settings = replace(world.settings, server=world.bot.base)
    return MatrixAdapter(settings, account="home", poll=timedelta(seconds=5), pace=PACE)


async def test_listening_goes_on_where_the_server_died(mortal: RunningServer, world: MatrixWorld) -> None:
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
            await asyncio.to_thread(mortal.kill)
            await asyncio.sleep(1)
            await asyncio.to_thread(mortal.start)
            await world.mention_bot("afterwards")
            async with asyncio.timeout(30):
                while "afterwards" not in heard:
                    await asyncio.sleep(0.05)
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
    assert heard == ["before", "afterwards"]


async def test_what_is_being_said_while_the_server_dies_is_said_once(mortal: RunningServer, world: MatrixWorld) -> None:
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


async def test_a_key_outlives_the_servers_memory(mortal: RunningServer, world: MatrixWorld) -> None:
    async with straight(world) as adapter:
        intent = Intent(adapter, Post(text="once"))
        first = await adapter.publish(intent.next_try())
        await asyncio.to_thread(mortal.kill)
        await asyncio.to_thread(mortal.start)
        again = await adapter.publish(intent.next_try())
    assert again.ref == first.ref
    assert len(await world.published()) == 1
