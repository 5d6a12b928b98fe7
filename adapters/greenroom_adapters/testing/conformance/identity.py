"""Who the account is, and what it may do."""

import pytest

from greenroom_adapters.contract import (
    Kind,
    SupportsDeclaration,
)
from greenroom_adapters.testing.conformance.tools import wait_until
from greenroom_adapters.testing.conformance.world import World

__all__ = ["Identity"]


class Identity:
    """Who the account is, and what it may do."""

    @pytest.mark.asyncio
    async def test_an_adapter_knows_who_it_is_and_what_it_may_do(self, world: World) -> None:
        async with world.connect() as adapter:
            standing = await adapter.check()
            assert standing.me == adapter.me
            assert standing.may
            assert adapter.me.id
            assert not adapter.me.handle.startswith("@")
            assert adapter.capabilities.limits.text
            assert adapter.capabilities.settles_after >= adapter.capabilities.publish_deadline
            assert Kind.UNKNOWN not in adapter.capabilities.kinds

    @pytest.mark.asyncio
    async def test_declaring_marks_the_account_as_a_bot_once(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsDeclaration):
                pytest.skip("the platform has no mark for automated accounts")
            await adapter.declare()
            assert not await adapter.declare()

            async def marked() -> bool:
                return (await adapter.check()).me.is_bot

            await wait_until(marked, "the mark of a bot")

    @pytest.mark.asyncio
    async def test_checking_publishes_nothing(self, world: World) -> None:
        async with world.connect() as adapter:
            await adapter.check()
        assert await world.published() == []

    def test_making_an_adapter_needs_no_loop_and_no_platform(self, world: World) -> None:
        adapter = world.connect()
        assert type(adapter).platform
