"""What people attach on Discord is fetched without the bot's token, and from nowhere in this house."""

import pytest
from discord_world import DiscordWorld
from house import house

from greenroom_adapters.contract import AdapterError, AuthenticationFailed, RemoteMedia


@pytest.mark.asyncio
async def test_a_file_is_fetched_without_signing_in_and_from_nowhere_in_the_house(discord_world: DiscordWorld) -> None:
    async with discord_world.adapter() as adapter, house() as other:
        with pytest.raises(AdapterError, match="not public"):
            await adapter.fetch(RemoteMedia(url=f"{other.url}/a.png", media_type="image/png"), most=1_000)
        assert other.visits == 0
        own = f"{discord_world.proxy.url}/api/v10/users/@me"
        with pytest.raises(AuthenticationFailed):
            await adapter.fetch(RemoteMedia(url=own, media_type="image/png"), most=1_000)
