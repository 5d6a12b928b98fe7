"""The adapter for Instagram passes the suite of every adapter, on a strict Graph API."""

from typing import Any

import pytest
from instagram_world import InstagramWorld
from typing_extensions import override

from greenroom_adapters.testing import AdapterConformance, World

CANNOT_PLAY = {"redeliver_next", "reorder_next", "arrived_keys", "give_command", "say_in", "likes"}
"""Lists give nothing twice and nothing in another order, and Instagram knows no keys, no menu of commands and no
rooms, and lets no program like anything."""


class TestInstagram(AdapterConformance):
    @pytest.fixture
    @override
    def world(self, instagram_world: Any) -> World:
        made: InstagramWorld = instagram_world()
        return made

    def test_this_world_plays_all_that_instagram_can_do(self, world: World) -> None:
        optional = {name for name, value in vars(World).items() if callable(value) and not name.startswith("_")}
        left_alone = {name for name in optional if getattr(type(world), name) is getattr(World, name)}
        assert left_alone == CANNOT_PLAY
