"""The adapter for Bluesky passes the suite of every adapter, on a real data server with its AppView."""

import pytest
from typing_extensions import override

from greenroom_adapters.testing import AdapterConformance, World

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]

CANNOT_PLAY = {"redeliver_next", "reorder_next", "give_command", "say_in"}
"""An AppView tells everything again at every look, sorted by date: nothing comes twice, nor in another order. There
is no menu of commands, and there are no rooms."""


class TestBluesky(AdapterConformance):
    """The suite; its world comes from the fixture of that name."""

    @pytest.fixture
    @override
    def world(self, bluesky_world: World) -> World:
        return bluesky_world

    def test_this_world_plays_all_that_a_network_can_do(self, world: World) -> None:
        optional = {name for name, value in vars(World).items() if callable(value) and not name.startswith("_")}
        left_alone = {name for name in optional if getattr(type(world), name) is getattr(World, name)}
        assert left_alone == CANNOT_PLAY
