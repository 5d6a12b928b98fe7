"""What happens is heard: all of it, in order, and under the same id each time."""

import asyncio

import pytest

from greenroom_adapters.contract import (
    DirectMessageReceived,
    Kind,
    MentionReceived,
    OwnPostSeen,
    Post,
    ReplyReceived,
    TextEvent,
    key_digest,
)
from greenroom_adapters.testing.conformance.tools import Intent, listening, same_event_has_the_same_id, take
from greenroom_adapters.testing.conformance.world import World

__all__ = ["Hearing"]


class Hearing:
    """What happens is heard."""

    @pytest.mark.asyncio
    async def test_mentions_arrive_and_resume_after_a_cursor(self, world: World) -> None:
        async with world.connect() as adapter:
            after = dict(await adapter.now())
        for text in ("one", "two", "three"):
            await world.mention_bot(text)
        async with world.connect() as adapter:
            seen = await take(adapter, 3, after=after)
        for event, text in zip(seen, ("one", "two", "three"), strict=True):
            assert isinstance(event, MentionReceived)
            assert text in event.text
            assert event.author.id
            assert event.conversation
            assert event.occurred_at.tzinfo is not None
        assert len({event.id for event in seen}) == 3
        for place, event in enumerate(seen[:-1]):
            async with world.connect() as adapter:
                rest = await take(adapter, 2 - place, after={**after, event.source: event.cursor})
            assert [again.id for again in rest] == [later.id for later in seen[place + 1 :]]

    @pytest.mark.asyncio
    async def test_what_was_said_before_a_new_account_began_is_not_heard(self, world: World) -> None:
        await world.mention_bot("long ago")
        async with world.connect() as adapter:
            after = await adapter.now()
            await world.mention_bot("just now")
            (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, TextEvent)
        assert "just now" in event.text

    @pytest.mark.asyncio
    async def test_nothing_is_lost_or_doubled_between_what_was_missed_and_the_live_stream(self, world: World) -> None:
        texts = [f"mention {number:02}" for number in range(24)]
        async with world.connect() as adapter:
            after = await adapter.now()
            await world.mention_bot(texts[0])
            async with listening(adapter, after=after) as listener:
                for text in texts[1:]:
                    await world.mention_bot(text)
                    await asyncio.sleep(0.02)
                await listener.until(texts[-1])
                assert [text[-10:] for text in listener.texts()] == texts
                assert len({event.id for event in listener.seen}) == len(texts)

    @pytest.mark.asyncio
    async def test_an_answer_to_us_is_a_reply_to_that_post(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            receipt = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
            await world.reply_to_bot(receipt.ref, "well done")
            (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, ReplyReceived)
        assert event.in_reply_to is not None
        assert event.in_reply_to.id == receipt.ref.id

    @pytest.mark.asyncio
    async def test_a_direct_message_is_heard_as_one(self, world: World) -> None:
        async with world.connect() as adapter:
            if Kind.DIRECT_MESSAGE not in adapter.capabilities.kinds:
                pytest.skip("this account hears no direct messages")
            after = await adapter.now()
            person = await world.message_bot("between us")
            (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, DirectMessageReceived)
        assert (event.text, event.author.id) == ("between us", person)

    @pytest.mark.asyncio
    async def test_the_bot_does_not_hear_itself(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                receipt = await adapter.publish(Intent(adapter, Post(text=f"I am @{adapter.me.handle}")).next_try())
                await world.bot_says_elsewhere("an echo")
                await world.mention_bot("the end")
                await listener.until("the end")
                assert len(listener.texts()) == 1
                own = [event for event in listener.seen if isinstance(event, OwnPostSeen)]
                if Kind.OWN_POST in adapter.capabilities.kinds:
                    assert len(own) == 2, "what the account wrote comes as its own, whoever wrote it"
                    assert own[0].post.id == receipt.ref.id
                    told = (None, key_digest(receipt.key))
                    assert own[0].key in told, "it carries the digest of the key that published it, or none at all"
                    assert own[1].key is None, "what was not published under a key of ours carries none"
                else:
                    assert own == []

    @pytest.mark.asyncio
    async def test_a_stream_that_is_cut_comes_back_without_a_loss(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                await world.mention_bot("before")
                await listener.until("before")
                await world.drop_stream()
                await world.mention_bot("meanwhile")
                await listener.until("meanwhile")
                await world.mention_bot("afterwards")
                await listener.until("afterwards")
                same_event_has_the_same_id(listener.seen, 3)

    @pytest.mark.asyncio
    async def test_a_stream_that_is_open_and_silent_is_noticed(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                await world.mention_bot("before")
                await listener.until("before")
                await asyncio.sleep(0.5)  # let everything that still announces it come in before the silence
                await world.silence_stream()
                await world.mention_bot("into the silence")
                await listener.until("into the silence")

    @pytest.mark.asyncio
    async def test_an_event_that_is_delivered_twice_keeps_its_id(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                await world.redeliver_next()
                await world.mention_bot("said once")
                await world.mention_bot("the end")
                await listener.until("the end")
                same_event_has_the_same_id(listener.seen, 2)

    @pytest.mark.asyncio
    async def test_events_in_another_order_are_all_heard(self, world: World) -> None:
        async with world.connect() as adapter:
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                await world.reorder_next()
                await world.mention_bot("first")
                await world.mention_bot("second")
                await listener.until("first")
                await listener.until("second")
                same_event_has_the_same_id(listener.seen, 2)
        async with world.connect() as adapter:
            # Of two of the same moment, the one that was heard last.
            latest = max(reversed(listener.seen), key=lambda event: event.occurred_at)
            await world.mention_bot("third")
            (event,) = await take(adapter, 1, after={**after, latest.source: latest.cursor})
        assert isinstance(event, TextEvent)
        assert "third" in event.text
