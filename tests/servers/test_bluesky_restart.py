"""A network that dies and comes back: nothing is lost, nothing is said twice."""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from bluesky_chat import ChatService
from bluesky_newcomers import newcomer
from bluesky_people import register
from bluesky_world import BlueskyWorld, a_network
from dying import hears_across_a_death, says_once_across_a_death
from running import RunningServer

from greenroom_adapters.bluesky import BlueskyAdapter
from greenroom_adapters.testing import FaultyProxy
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
    async with straight(world) as adapter:
        await hears_across_a_death(adapter, world, mortal, away=AWAY)


async def test_what_is_being_said_while_the_network_dies_is_said_once(
    mortal: RunningServer, world: BlueskyWorld
) -> None:
    async with straight(world) as adapter:
        receipts = await says_once_across_a_death(adapter, mortal)
    posts = await world.published()
    assert sorted(post.text for post in posts) == sorted(f"post {number}" for number in range(30))
    assert {post.id for post in posts} == {receipt.ref.id for receipt in receipts}
