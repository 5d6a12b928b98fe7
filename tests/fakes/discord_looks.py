"""Looks at the fake Discord that several tests take."""

import asyncio

from discord_world import DiscordWorld

from greenroom_adapters.testing.conformance.tools import wait_until

__all__ = ["begun", "connected"]


async def connected(world: DiscordWorld, *, count: int = 1) -> None:
    """Return when the bot has begun so many sessions and one is open."""

    async def is_there() -> bool:
        told = await world.call("sessions", bot=world.me)
        return bool(told["open"]) and told["begun"] >= count

    await wait_until(is_there, "a session")
    await asyncio.sleep(0.1)  # what it begins with is told


async def begun(world: DiscordWorld) -> int:
    """Return how many sessions the bot has begun."""
    return int((await world.call("sessions", bot=world.me))["begun"])
