"""The adapter for Nostr passes the suite of every adapter, at a real relay."""

import pytest
from typing_extensions import override

from greenroom_adapters.testing import AdapterConformance, World

pytestmark = [pytest.mark.server, pytest.mark.timeout(120)]

CANNOT_PLAY = {"redeliver_next", "reorder_next", "give_command", "say_in"}
"""A relay gives what is stored once and newest first, and what comes as it comes. There is no menu of commands, and
there are no rooms."""


class TestNostr(AdapterConformance):
    """The suite; its world comes from the fixture of that name."""

    @pytest.fixture
    @override
    def world(self, nostr_world: World) -> World:
        return nostr_world

    def test_this_world_plays_all_that_a_relay_can_do(self, world: World) -> None:
        optional = {name for name, value in vars(World).items() if callable(value) and not name.startswith("_")}
        left_alone = {name for name in optional if getattr(type(world), name) is getattr(World, name)}
        assert left_alone == CANNOT_PLAY
