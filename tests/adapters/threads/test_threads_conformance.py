"""The adapter for Threads passes the suite of every adapter, on a strict Threads API."""

from typing import Any

import pytest
from threads_world import ThreadsWorld
from typing_extensions import override

from greenroom_adapters.testing import AdapterConformance, World

CANNOT_PLAY = {
    *("redeliver_next", "reorder_next", "arrived_keys", "give_command", "say_in", "likes"),
    "message_bot",
}
"""Lists give nothing twice and nothing in another order; Threads knows no keys, no menu of commands, no rooms and no
direct messages, and lets no program like anything."""


class TestThreads(AdapterConformance):
    @pytest.fixture
    @override
    def world(self, threads_world: Any) -> World:
        made: ThreadsWorld = threads_world()
        return made

    def test_this_world_plays_all_that_threads_can_do(self, world: World) -> None:
        optional = {name for name, value in vars(World).items() if callable(value) and not name.startswith("_")}
        left_alone = {name for name in optional if getattr(type(world), name) is getattr(World, name)}
        assert left_alone == CANNOT_PLAY
