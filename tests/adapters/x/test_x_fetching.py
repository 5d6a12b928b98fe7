"""What people attach on X is fetched without the bot's keys, and from nowhere in this house."""

from collections.abc import Callable

import pytest
from house import house
from x_world import XWorld

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, RemoteMedia


@pytest.mark.asyncio
async def test_a_file_is_fetched_without_signing_in_and_from_nowhere_in_the_house(
    x_world: Callable[..., XWorld],
) -> None:
    world = x_world()
    async with world.adapter() as adapter, house() as other:
        with pytest.raises(AdapterError, match="not public"):
            await adapter.fetch(RemoteMedia(url=f"{other.url}/a.png", media_type="image/png"), most=1_000)
        assert other.visits == 0
        with pytest.raises(AuthenticationFailed):
            await adapter.fetch(RemoteMedia(url=f"{world.proxy.url}/2/users/me", media_type="image/png"), most=1_000)
