"""The adapter for Matrix passes the suite of every adapter, on a real Synapse."""

import pytest
from typing_extensions import override

from greenroom_adapters.testing import AdapterConformance, World

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]

CANNOT_PLAY = {"redeliver_next", "reorder_next", "give_command", "say_in"}
"""A homeserver answers from a token: it gives nothing twice and nothing in another order.
There is no menu of commands, and the adapter comes only into rooms that it is invited to."""


class TestMatrix(AdapterConformance):
    """The suite; its world comes from the fixture of that name."""

    @pytest.fixture
    @override
    def world(self, matrix_world: World) -> World:
        return matrix_world

    def test_this_world_plays_all_that_a_homeserver_can_do(self, world: World) -> None:
        optional = {name for name, value in vars(World).items() if callable(value) and not name.startswith("_")}
        left_alone = {name for name in optional if getattr(type(world), name) is getattr(World, name)}
        assert left_alone == CANNOT_PLAY
