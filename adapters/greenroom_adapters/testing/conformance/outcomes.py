"""A failure says whether something may have gone out."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from greenroom_adapters.contract import (
    AuthenticationFailed,
    OutcomeUnknown,
    Post,
    RateLimited,
    Unavailable,
)
from greenroom_adapters.testing.conformance.tools import Intent, take, texts_of
from greenroom_adapters.testing.conformance.world import World

__all__ = ["Outcomes"]


class Outcomes:
    """A failure says whether something may have gone out."""

    @pytest.mark.asyncio
    async def test_an_answer_that_is_lost_leaves_the_outcome_unknown(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.lose_next_answer()
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(Intent(adapter, Post(text="did it?")).next_try())
        assert await texts_of(world) == ["did it?"]

    @pytest.mark.asyncio
    async def test_a_request_that_is_cut_off_leaves_the_outcome_unknown_and_is_not_repeated(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.refuse_next()
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(Intent(adapter, Post(text="did it?")).next_try())
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_an_answer_that_is_nonsense_leaves_the_outcome_unknown(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.garble_next()
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(Intent(adapter, Post(text="did it?")).next_try())
        assert await texts_of(world) == ["did it?"]

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    @pytest.mark.asyncio
    async def test_a_server_that_fails_leaves_the_outcome_unknown(self, world: World, status: int) -> None:
        async with world.connect() as adapter:
            await world.answer_next(status)
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(Intent(adapter, Post(text="did it?")).next_try())

    @pytest.mark.asyncio
    async def test_being_asked_to_wait_says_how_long_and_nothing_goes_out(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.answer_next(429, retry_after=7)
            with pytest.raises(RateLimited) as caught:
                await adapter.publish(Intent(adapter, Post(text="too fast")).next_try())
        assert caught.value.retry_after == timedelta(seconds=7)
        assert (caught.value.platform, caught.value.account) != ("", "")
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_a_platform_that_is_not_there_is_unavailable(self, world: World) -> None:
        with pytest.raises(Unavailable):
            async with world.unreachable():
                pass

    @pytest.mark.asyncio
    async def test_credentials_that_stopped_working_are_said_to_be_the_reason(self, world: World) -> None:
        async with world.connect() as adapter:
            intent = Intent(adapter, Post(text="who am I?"))
            after = await adapter.now()
            await world.revoke_token()
            with pytest.raises(AuthenticationFailed):
                await adapter.publish(intent.next_try())
            with pytest.raises(AuthenticationFailed):
                await take(adapter, 1, after=after)

    @pytest.mark.asyncio
    async def test_one_refusal_of_good_credentials_loses_no_post_and_doubles_none(self, world: World) -> None:
        async with world.connect() as adapter:
            intent = Intent(adapter, Post(text="it is me"))
            await world.answer_next(401)
            # a platform without accounts knows no such answer: there it is an error like any other
            with suppress(AuthenticationFailed, Unavailable, OutcomeUnknown):
                await adapter.publish(intent.next_try())
            if not await world.published():
                await adapter.publish(intent.next_try())
            assert await texts_of(world) == ["it is me"]

    @pytest.mark.asyncio
    async def test_credentials_that_stop_working_end_the_events_with_the_reason(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            listener = asyncio.create_task(take(adapter, 1, after=after))
            await asyncio.sleep(0.1)
            await world.revoke_token()
            with pytest.raises(AuthenticationFailed):
                await listener
