"""The stream on a strict fake of Mastodon, while nobody takes what it brings."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from mastodon_world import MastodonWorld

from greenroom_adapters.contract import Secret
from greenroom_adapters.mastodon.streaming import BYTES_KEPT, Feed
from greenroom_adapters.transport import Http

pytestmark = pytest.mark.timeout(60)

SECOND = timedelta(seconds=1)


@pytest.mark.asyncio
async def test_what_waits_is_bounded_in_bytes_and_the_rest_is_left_to_the_lists(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    long = [world.say(f"long {number}") for number in range(12)]
    for status in long:  # written on another server, where a post may be that long
        status.text = "x" * 950_000
    async with Http(world.fake.url, platform="mastodon", account="home") as http:
        http.authorize(Secret(world.token))
        feed = Feed(http, me=world.bot.id, heartbeat=30 * SECOND, silence=30 * SECOND)
        running = asyncio.create_task(feed.run())
        try:
            await until(lambda: feed.is_open)
            feed.is_stale = False
            for status in long:
                world.do(lambda state, told=status: state.notify(world.bot.id, "mention", told.author, told))  # type: ignore[misc]  # bound
            await until(lambda: feed.is_stale)
            await asyncio.sleep(1)  # whatever else is on its way
            feed.is_stale = False
            taken: list[int] = []
            while (news := await feed.next(within=0.2)) is not None:
                taken.append(len(news.payload))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
    assert 1 < len(taken) < len(long)
    assert sum(taken) <= BYTES_KEPT


async def until(happened: Callable[[], bool]) -> None:
    ends = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)
