"""A relay that dies and comes back, or goes silent: nothing is lost, nothing is said twice."""

import asyncio
import os
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta

import pytest
from nostr_world import NostrWorld, a_relay
from running import RunningServer

from greenroom_adapters.contract import Adapter, MentionReceived, OutcomeUnknown, Post, Receipt, Unavailable
from greenroom_adapters.nostr import NostrAdapter
from greenroom_adapters.testing import FaultyProxy, Intent
from greenroom_adapters.transport import Pace

pytestmark = [pytest.mark.server, pytest.mark.timeout(240), pytest.mark.asyncio]

AWAY = float(os.environ.get("GREENROOM_AWAY_SECONDS", "3"))
"""How long the relay is away; two minutes show the pace as it is."""
PACE = Pace() if AWAY > 60 else Pace(slow=timedelta(seconds=0.5))


@pytest.fixture(scope="module")
def mortal() -> Iterator[RunningServer]:
    """A relay of its own, for tests that kill it."""
    with a_relay() as server:
        yield server


@pytest.fixture
def world(mortal: RunningServer) -> Iterator[NostrWorld]:
    with FaultyProxy(mortal.facts["url"]) as proxy:
        world = NostrWorld(mortal, proxy)
        yield world
        world.line.close()


def straight(world: NostrWorld, mortal: RunningServer) -> NostrAdapter:
    """Return an adapter that talks to the relay without a proxy between."""
    settings = replace(world.settings, relays=(f"ws{mortal.facts['url'].removeprefix('http')}",))
    return NostrAdapter(settings, account="home", heartbeat=timedelta(seconds=2), pace=PACE)


async def test_listening_goes_on_where_the_relay_died(mortal: RunningServer, world: NostrWorld) -> None:
    heard: list[str] = []

    async def listen(adapter: Adapter) -> None:
        async with aclosing(adapter.events(after=await adapter.now())) as events:
            async for event in events:
                if isinstance(event, MentionReceived):
                    heard.append(event.text)

    async with straight(world, mortal) as adapter:
        listener = asyncio.create_task(listen(adapter))
        try:
            await asyncio.sleep(0.5)
            await world.mention_bot("before")
            async with asyncio.timeout(10):
                while heard != ["before"]:
                    await asyncio.sleep(0.05)
            world.line.close()
            await asyncio.to_thread(mortal.kill)
            await asyncio.sleep(AWAY)
            with pytest.raises(Unavailable):
                await adapter.publish(Intent(adapter, Post(text="into the void")).next_try())
            await asyncio.to_thread(mortal.start)
            await world.mention_bot("afterwards")
            async with asyncio.timeout(40):
                while "afterwards" not in heard:
                    await asyncio.sleep(0.05)
            await adapter.publish(Intent(adapter, Post(text="back"), key="back").next_try())
        finally:
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)
    assert heard == ["before", "afterwards"]
    assert [post.text for post in await world.published()] == ["back"]


async def test_what_is_being_said_while_the_relay_dies_is_said_once(mortal: RunningServer, world: NostrWorld) -> None:
    async with straight(world, mortal) as adapter:
        intents = [Intent(adapter, Post(text=f"post {number:02}"), key=f"k{number}") for number in range(40)]
        publications = [asyncio.create_task(adapter.publish(intent.next_try())) for intent in intents]
        await asyncio.sleep(0.06)
        await asyncio.to_thread(mortal.kill)
        outcomes = await asyncio.gather(*publications, return_exceptions=True)
        assert all(isinstance(outcome, Receipt | Unavailable | OutcomeUnknown) for outcome in outcomes)
        assert not all(isinstance(outcome, Receipt) for outcome in outcomes), "the relay died too late to show anything"
        await asyncio.to_thread(mortal.start)
        for intent in intents:
            async with asyncio.timeout(30):
                while True:
                    try:
                        await adapter.publish(intent.next_try())
                        break
                    except (Unavailable, OutcomeUnknown):
                        await asyncio.sleep(0.1)
    assert sorted(post.text for post in await world.published()) == [f"post {number:02}" for number in range(40)]


@pytest.mark.parametrize("way", ["both", "there", "back"])
async def test_a_relay_that_is_open_and_silent_is_left_and_nothing_is_lost(way: str, world: NostrWorld) -> None:
    async with world.adapter() as adapter:
        after = await adapter.now()
        async with aclosing(adapter.events(after=after)) as events:
            await world.mention_bot("before")
            async with asyncio.timeout(20):
                heard = [await anext(events)]
                await asyncio.to_thread(world.proxy.mute, "^/$", way)  # type: ignore[arg-type]  # one of its three
                intent = Intent(adapter, Post(text="into the silence"))
                with pytest.raises(OutcomeUnknown):
                    await adapter.publish(intent.next_try())
                await world.mention_bot("into the silence")
                heard.append(await anext(events))
                while not isinstance(heard[-1], MentionReceived):
                    heard.append(await anext(events))
                await adapter.publish(intent.next_try())
    assert [event.text for event in heard if isinstance(event, MentionReceived)] == ["before", "into the silence"]
    assert [post.text for post in await world.published()] == ["into the silence"]
