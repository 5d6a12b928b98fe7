"""One key posts once, however often and however simultaneously it is tried."""

import asyncio
from dataclasses import replace

import pytest

from greenroom_adapters.contract import (
    IdempotencyKind,
    OutcomeUnknown,
    Post,
)
from greenroom_adapters.testing.conformance.tools import Intent, texts_of, the_only_post
from greenroom_adapters.testing.conformance.world import World

__all__ = ["Once"]


class Once:
    """One key posts once."""

    @pytest.mark.asyncio
    async def test_publishing_twice_under_one_key_posts_once(self, world: World) -> None:
        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.KEYED:
                pytest.skip("this platform knows no keys")
            intent = Intent(adapter, Post(text="once"))
            first = await adapter.publish(intent.next_try())
        async with world.connect() as adapter:
            again = await adapter.publish(intent.next_try())
        assert again.ref == first.ref
        assert again.published_at == first.published_at
        assert await texts_of(world) == ["once"]

    @pytest.mark.asyncio
    async def test_publishing_at_the_same_time_under_one_key_posts_once(self, world: World) -> None:
        async with world.connect() as adapter, world.connect() as other:
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.KEYED:
                pytest.skip("this platform knows no keys")
            intent = Intent(adapter, Post(text="once"))
            first, second = await asyncio.gather(adapter.publish(intent.next_try()), other.publish(intent.next_try()))
        assert first.ref == second.ref
        assert await texts_of(world) == ["once"]

    @pytest.mark.asyncio
    async def test_every_try_carries_the_key_that_delivery_made(self, world: World) -> None:
        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.KEYED:
                pytest.skip("this platform knows no keys")
            before = len(world.arrived_keys())
            await world.refuse_next()
            intent = Intent(adapter, Post(text="once"), key="made-by-delivery")
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            await adapter.publish(intent.next_try())
            await adapter.publish(Intent(adapter, Post(text="twice"), key="another").next_try())
        first, second, third = world.arrived_keys()[before:]
        assert first == second
        assert third != first

    @pytest.mark.asyncio
    async def test_different_keys_are_different_posts(self, world: World) -> None:
        async with world.connect() as adapter:
            first = await adapter.publish(Intent(adapter, Post(text="the same words"), key="k1").next_try())
            second = await adapter.publish(Intent(adapter, Post(text="the same words"), key="k2").next_try())
        assert first.ref != second.ref
        assert await texts_of(world) == ["the same words"] * 2

    @pytest.mark.asyncio
    async def test_two_phases_resume_from_their_checkpoint_and_post_once(self, world: World) -> None:
        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.TWO_PHASE:
                pytest.skip("this platform publishes in one phase")
            await world.lose_next_answer()
            intent = Intent(adapter, Post(text="once"))
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            assert intent.state is not None
        async with world.connect() as adapter:
            receipt = await adapter.publish(intent.next_try())
        post = await the_only_post(world)
        assert post.id == receipt.ref.id

    @pytest.mark.asyncio
    async def test_nothing_goes_out_before_the_checkpoint_is_on_disk(self, world: World) -> None:
        async def full(state: bytes) -> None:
            raise OSError("the disk is full")

        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.TWO_PHASE:
                pytest.skip("this platform publishes in one phase")
            attempt = replace(Intent(adapter, Post(text="not yet")).next_try(), save=full)
            with pytest.raises(OSError, match="the disk is full"):
                await adapter.publish(attempt)
        assert await world.published() == []
