"""The adapter for Telegram passes the suite of every adapter, on a strict fake of the Bot API."""

import pytest
from typing_extensions import override

from greenroom_adapters.testing import AdapterConformance, World

pytestmark = pytest.mark.timeout(60)


class TestTelegram(AdapterConformance):
    """The suite; its world comes from the fixture of that name."""

    @pytest.fixture
    @override
    def world(self, telegram_world: World) -> World:
        return telegram_world

    def test_this_world_plays_everything(self, world: World) -> None:
        optional = {name for name, value in vars(World).items() if callable(value) and not name.startswith("_")}
        left_alone = {name for name in optional if getattr(type(world), name) is getattr(World, name)}
        assert left_alone == {"arrived_keys", "reorder_next", "say_in"}, "it has no keys, and one queue in order"
