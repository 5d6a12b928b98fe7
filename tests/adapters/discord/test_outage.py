"""Discord goes away in the middle of everything and comes back; nobody has to do anything."""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from discord_looks import connected
from discord_world import DiscordWorld, RunningDiscord

from greenroom_adapters.contract import OutcomeUnknown, Post, Unavailable
from greenroom_adapters.testing import FaultyProxy, Intent
from greenroom_adapters.testing.conformance.tools import listening, wait_until
from greenroom_adapters.transport import Pace

AWAY = float(os.environ.get("GREENROOM_OUTAGE_SECONDS", "3"))
"""Two minutes are what is promised; three seconds are for every run."""


@pytest.fixture
def own_world() -> Iterator[DiscordWorld]:
    """A world on a Discord of its own."""
    with RunningDiscord("--heartbeat", "0.5") as discord, FaultyProxy(discord.url) as proxy:
        yield DiscordWorld(discord, proxy)


@pytest.mark.timeout(400)
@pytest.mark.asyncio
async def test_discord_stays_away_and_returns(own_world: DiscordWorld) -> None:
    world = own_world
    pace = Pace() if AWAY > 60 else Pace(slow=timedelta(seconds=1))
    async with world.adapter(pace=pace) as adapter, listening(adapter, after=await adapter.now()) as listener:
        await connected(world)
        await world.mention_bot("before")
        await listener.until("before")
        world.discord.kill()
        ends = time.monotonic() + AWAY
        intent = Intent(adapter, Post(text="lamp lit"))
        while time.monotonic() < ends:
            with pytest.raises((Unavailable, OutcomeUnknown)):
                await adapter.publish(intent.next_try())
            await asyncio.sleep(0.5)
        world.discord.start()
        await world.mention_bot("while it was coming back")

        async def is_heard() -> bool:
            return any("while it was coming back" in text for text in listener.texts())

        # slow tries are 15 s apart, give or take half of it, and a forgotten session costs 5 s more
        await wait_until(is_heard, "what was said since", patience=40)
        await adapter.publish(intent.next_try())
        assert len(listener.texts()) == len(set(listener.texts())) == 2
    assert [post.text for post in await world.published()] == ["lamp lit"]
