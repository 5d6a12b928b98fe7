"""The adapter for Discord passes the suite of every adapter, on a strict fake that the vendor's contract judges."""

import pytest
from typing_extensions import override

from greenroom_adapters.testing import AdapterConformance, World


class TestDiscord(AdapterConformance):
    """The suite; its world comes from the fixture of that name."""

    @pytest.fixture
    @override
    def world(self, discord_world: World) -> World:
        return discord_world

    def test_this_world_plays_everything(self, world: World) -> None:
        optional = {name for name, value in vars(World).items() if callable(value) and not name.startswith("_")}
        assert {name for name in optional if getattr(type(world), name) is getattr(World, name)} == set()

    @pytest.mark.xfail(
        reason="Discord lists no direct conversations, so that one which began before the bot's first session is "
        "unknown; tests/adapters/discord/test_restarts.py has those that begin while it restarts"
    )
    @pytest.mark.asyncio
    @override
    async def test_a_direct_message_is_heard_as_one(self, world: World) -> None:
        await super().test_a_direct_message_is_heard_as_one(world)
