"""A homeserver that dies and comes back: nothing is lost, nothing is said twice."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from dying import hears_across_a_death, says_once_across_a_death
from matrix_world import MatrixWorld, a_homeserver
from running import RunningServer

from greenroom_adapters.contract import (
    Post,
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
    async with straight(world) as adapter:
        await hears_across_a_death(adapter, world, mortal, away=1)


async def test_what_is_being_said_while_the_server_dies_is_said_once(mortal: RunningServer, world: MatrixWorld) -> None:
    async with straight(world) as adapter:
        receipts = await says_once_across_a_death(adapter, mortal)
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
