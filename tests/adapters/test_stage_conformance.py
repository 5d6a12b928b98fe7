"""The Stage's adapter passes the suite of every adapter, for each class of platform that the Stage can play."""

from collections.abc import Awaitable, Callable

import pytest
import pytest_asyncio
from typing_extensions import override

from greenroom_adapters.testing import AdapterConformance, World

StageWorldOf = Callable[[str], Awaitable[World]]


class Conformance(AdapterConformance):
    """The suite on a Stage of one class."""

    idempotency: str

    @pytest_asyncio.fixture
    @override
    async def world(self, stage_world: StageWorldOf) -> World:  # type: ignore[override] # fixtures are called by pytest
        return await stage_world(self.idempotency)

    @pytest.mark.asyncio
    async def test_this_world_plays_everything(self, world: World) -> None:
        optional = [name for name, value in vars(World).items() if callable(value) and not name.startswith("_")]
        left_alone = [name for name in optional if getattr(type(world), name) is getattr(World, name)]
        assert left_alone == ["give_command"], "its platform has no menu"


class TestKeyed(Conformance):
    idempotency = "keyed"


class TestTwoPhase(Conformance):
    idempotency = "two_phase"


class TestListed(Conformance):
    idempotency = "listed"


class TestNone(Conformance):
    idempotency = "none"
