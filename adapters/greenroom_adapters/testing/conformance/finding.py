"""Looking up what became of a post whose answer was lost."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from greenroom_adapters.contract import (
    Absent,
    Found,
    IdempotencyKind,
    OutcomeUnknown,
    Post,
    PostRef,
    Surface,
    Undecided,
)
from greenroom_adapters.testing.conformance.tools import Intent, found_in_the_end, texts_of, the_only_post, wait_until
from greenroom_adapters.testing.conformance.world import World

__all__ = ["Finding"]


class Finding:
    """What became of a post whose answer was lost is looked up."""

    @pytest.mark.asyncio
    async def test_a_post_whose_answer_was_lost_is_found(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.lose_next_answer()
            intent = Intent(adapter, Post(text="did it?"))
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
        post = await the_only_post(world)
        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is IdempotencyKind.NONE:
                verdict = await adapter.find(intent.last_try())
                assert isinstance(verdict, Undecided)
                assert verdict.final
                return
            found = await found_in_the_end(adapter, intent)
        assert (found.receipt.key, found.receipt.ref.id) == (intent.key, post.id)
        assert await texts_of(world) == ["did it?"]

    @pytest.mark.asyncio
    async def test_an_answer_whose_answer_was_lost_is_found_below_its_target(self, world: World) -> None:
        one, two = await world.post_of_somebody("one"), await world.post_of_somebody("two")
        async with world.connect() as adapter:
            if adapter.capabilities.idempotency.kind is IdempotencyKind.NONE:
                pytest.skip("nothing can be looked up here")
            await adapter.publish(Intent(adapter, Post(text="aye", in_reply_to=one), key="k1").next_try())
            await world.lose_next_answer()
            intent = Intent(adapter, Post(text="aye", in_reply_to=two), key="k2")
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            found = await found_in_the_end(adapter, intent)
        assert [post.id for post in await world.published() if post.in_reply_to == two.id] == [found.receipt.ref.id]

    @pytest.mark.asyncio
    async def test_a_direct_message_whose_answer_was_lost_goes_out_once(self, world: World) -> None:
        async with world.connect() as adapter:
            if Surface.DIRECT_MESSAGE not in adapter.capabilities.surfaces:
                pytest.skip("this account cannot send direct messages")
            person = await world.message_bot("psst")
            await world.lose_next_answer()
            intent = Intent(adapter, Post(text="yes?", direct_to=person))
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            way = adapter.idempotency_of(intent.post).kind
            if way is IdempotencyKind.NONE:
                assert isinstance(await adapter.find(intent.last_try()), Undecided)
            else:
                found = await found_in_the_end(adapter, intent)
                assert found.receipt.ref.id == (await the_only_post(world)).id
            if way is IdempotencyKind.KEYED:
                await adapter.publish(intent.next_try())
        post = await the_only_post(world)
        assert (post.text, post.direct_to) == ("yes?", person)

    @pytest.mark.asyncio
    async def test_a_post_that_is_taken_late_is_never_said_to_be_absent(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.commit_next_late(0.5)
            intent = Intent(adapter, Post(text="slowly"))
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            verdict = await adapter.find(intent.last_try())
            assert isinstance(verdict, Undecided)
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.NONE:
                assert not verdict.final
                await found_in_the_end(adapter, intent)

            async def is_there() -> bool:
                return await texts_of(world) == ["slowly"]

            await wait_until(is_there, "the late post")

    @pytest.mark.asyncio
    async def test_absence_is_not_said_before_it_is_certain(self, world: World) -> None:
        async with world.connect() as adapter:
            intent = Intent(adapter, Post(text="never sent"))
            fresh = await adapter.find(intent.last_try())
            assert isinstance(fresh, Undecided)
            settles_after = adapter.capabilities.settles_after
            almost = await adapter.find(intent.grow_old(settles_after - timedelta(seconds=2)))
            assert isinstance(almost, Undecided)
            certain = await adapter.find(intent.grow_old(settles_after + timedelta(seconds=2)))
            if adapter.capabilities.idempotency.kind is IdempotencyKind.NONE:
                assert isinstance(certain, Undecided)
                assert certain.final
            else:
                assert isinstance(certain, Absent)
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_a_retry_moves_the_moment_from_which_absence_is_certain(self, world: World) -> None:
        async with world.connect() as adapter:
            old = Intent(adapter, Post(text="never sent")).grow_old(adapter.capabilities.settles_after * 2)
            verdict = await adapter.find(replace(old, number=2, last_tried_at=datetime.now(UTC)))
        assert isinstance(verdict, Undecided)

    @pytest.mark.asyncio
    async def test_finding_invents_nothing(self, world: World) -> None:
        target = await world.post_of_somebody("what about this?")
        async with world.connect() as adapter:
            published = Intent(adapter, Post(text="the same words"), key="k1")
            await adapter.publish(published.next_try())
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.NONE:
                await found_in_the_end(adapter, published)  # it is listed by now: what could be mistaken is there
            if Surface.REPLY in adapter.capabilities.surfaces:
                answer = Intent(adapter, Post(text="the same words", in_reply_to=target), key="k2")
                assert not isinstance(await adapter.find(answer.last_try()), Found)
            other = Intent(adapter, Post(text="other words"), key="k3")
            assert not isinstance(await adapter.find(other.last_try()), Found)
        assert await texts_of(world) == ["the same words"]

    @pytest.mark.asyncio
    async def test_an_older_post_with_the_same_words_is_not_taken_for_this_one(self, world: World) -> None:
        async with world.connect() as adapter:
            yesterday = Intent(adapter, Post(text="good morning"), key="yesterday")
            await adapter.publish(yesterday.next_try())
            if adapter.capabilities.idempotency.kind is not IdempotencyKind.NONE:
                await found_in_the_end(adapter, yesterday)
            later = Intent(adapter, Post(text="good morning"), key="today", age=-timedelta(hours=1))
            assert not isinstance(await adapter.find(later.last_try()), Found)

    @pytest.mark.asyncio
    async def test_a_post_that_somebody_deleted_is_not_absent(self, world: World) -> None:
        async with world.connect() as adapter:
            await world.lose_next_answer()
            intent = Intent(adapter, Post(text="taken down"))
            with pytest.raises(OutcomeUnknown):
                await adapter.publish(intent.next_try())
            post = await the_only_post(world)
            await world.remove(PostRef(id=post.id))
            verdict = await adapter.find(intent.grow_old(adapter.capabilities.settles_after * 2))
        assert not isinstance(verdict, Absent)
