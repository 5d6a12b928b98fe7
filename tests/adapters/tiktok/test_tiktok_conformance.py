"""The adapter for TikTok passes the suite of every adapter, on a strict TikTok."""

from typing import Any

import pytest
from tiktok_world import TikTokWorld
from typing_extensions import override

from greenroom_adapters.testing import AdapterConformance, World

CANNOT_PLAY = {
    *("post_of_somebody", "reply_to_bot", "message_bot", "say_in", "give_command", "bot_says_elsewhere", "likes"),
    *("drop_stream", "silence_stream", "redeliver_next", "reorder_next", "arrived_keys"),
}
"""TikTok tells programs of nobody else, has no rooms, no commands and no keys, and lets no program like anything."""


class TestTikTok(AdapterConformance):
    @pytest.fixture
    @override
    def world(self, tiktok_world: Any) -> World:
        made: TikTokWorld = tiktok_world()
        return made

    def test_this_world_plays_all_that_tiktok_can_do(self, world: World) -> None:
        optional = {name for name, value in vars(World).items() if callable(value) and not name.startswith("_")}
        left_alone = {name for name in optional if getattr(type(world), name) is getattr(World, name)}
        assert left_alone == CANNOT_PLAY
