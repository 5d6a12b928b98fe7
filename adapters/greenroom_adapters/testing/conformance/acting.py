"""The optional actions, each done twice as if once."""

import asyncio
from contextlib import aclosing
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from greenroom_adapters.contract import (
    Adapter,
    Command,
    CommandGiven,
    Found,
    IdempotencyKind,
    Kind,
    OwnPostSeen,
    Post,
    PostRef,
    SupportsComingIn,
    SupportsCommands,
    SupportsDelete,
    SupportsEdit,
    SupportsFollow,
    SupportsHistory,
    SupportsLookup,
    SupportsMetrics,
    SupportsReact,
    SupportsRepost,
    SupportsThread,
    SupportsTyping,
    TargetGone,
    TextEvent,
)
from greenroom_adapters.testing.conformance.tools import (
    PATIENCE,
    Intent,
    Listener,
    listening,
    take,
    texts_of,
    wait_until,
)
from greenroom_adapters.testing.conformance.world import World

__all__ = ["Acting"]


class Acting:
    """What else an account may do, done twice as if once."""

    @pytest.mark.asyncio
    async def test_deleting_twice_is_fine(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsDelete):
                pytest.skip("this adapter cannot delete")
            receipt = await adapter.publish(Intent(adapter, Post(text="hi")).next_try())
            await adapter.delete(receipt.ref)
            await adapter.delete(receipt.ref)
        assert await world.published() == []

    @pytest.mark.asyncio
    async def test_editing_replaces_the_text_and_says_when_the_post_is_gone(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsEdit):
                pytest.skip("this adapter cannot edit")
            receipt = await adapter.publish(Intent(adapter, Post(text="wind wset")).next_try())
            await adapter.edit(receipt.ref, "wind west")
            await adapter.edit(receipt.ref, "wind west")
            assert await texts_of(world) == ["wind west"]
            await world.remove(receipt.ref)
            with pytest.raises(TargetGone):
                await adapter.edit(receipt.ref, "wind north")

    @pytest.mark.asyncio
    async def test_reacting_twice_leaves_one_reaction(self, world: World) -> None:
        target = await world.post_of_somebody("like me")
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsReact):
                pytest.skip("this adapter cannot react")
            await adapter.react(target)
            await adapter.react(target)
            assert await world.likes(target) == 1
            await world.remove(target)
            with pytest.raises(TargetGone):
                await adapter.react(target)

    @pytest.mark.asyncio
    async def test_showing_that_an_answer_is_written_says_for_how_long_and_publishes_nothing(
        self, world: World
    ) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsTyping):
                pytest.skip("this adapter has no sign for it")
            after = await adapter.now()
            await world.mention_bot("are you there?")
            (asked,) = await take(adapter, 1, after=after)
            assert isinstance(asked, TextEvent)
            for _ in range(2):
                lasts = await adapter.show_typing(asked)
                assert timedelta(seconds=2) <= lasts <= timedelta(minutes=1)
        assert await world.published() == []

    @pytest.mark.parametrize("is_there", [True, False], ids=["a room that is there", "a room that nobody has opened"])
    @pytest.mark.asyncio
    async def test_who_comes_into_a_room_twice_is_in_it_and_hears_what_is_said_there_once(
        self, world: World, is_there: bool
    ) -> None:
        room = f"quay-{uuid4().hex[:8]}"
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsComingIn):
                pytest.skip("this adapter cannot come into a room by itself")
            if is_there:
                await world.say_in(room, "said before")
            async with listening(adapter, after=await adapter.now()) as listener:
                await adapter.come_in(room)
                await adapter.come_in(room)
                await world.say_in(room, "hello, you")
                await listener.until("hello, you")
            assert listener.texts() == ["hello, you"]
            (heard,) = (event for event in listener.seen if isinstance(event, TextEvent))
            assert heard.room is not None
            assert room in (heard.room.id, heard.room.name)
            # it is in the room for which it is told by the event's id as well
            await adapter.come_in(heard.room.id)
            await adapter.publish(Intent(adapter, Post(text="here I am", room=heard.room.id)).next_try())
        assert await texts_of(world) == ["here I am"]

    @pytest.mark.asyncio
    async def test_commands_are_offered_once_and_an_answer_stays_when_its_command_is_dismissed(
        self, world: World
    ) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsCommands):
                pytest.skip("this adapter has no menu of commands")
            ask = Command(name="ask", description="Ask me something", text="Your question")
            await adapter.offer([ask])
            assert not await adapter.offer([ask]), "what is offered already is nothing new"
            async with listening(adapter, after=await adapter.now()) as listener:
                answered = await self._given(world, adapter, listener, "is it lit?")
                room = None if answered.room is None else answered.room.id
                intent = Intent(adapter, Post(text="It is.", in_reply_to=answered.post, room=room))
                can_know = adapter.idempotency_of(intent.post).kind is not IdempotencyKind.NONE
                for _ in range(2 if can_know else 1):
                    await adapter.publish(intent.next_try())
                assert isinstance(await adapter.find(intent.last_try()), Found) == can_know
                await adapter.dismiss(answered.post)
                assert await texts_of(world) == ["It is."]
                left = await self._given(world, adapter, listener, "never mind")
                await adapter.dismiss(left.post)
                await adapter.dismiss(left.post)
                assert await texts_of(world) == ["It is."]

    async def _given(self, world: World, adapter: Adapter, listener: Listener, text: str) -> CommandGiven:
        """Let somebody ask something by a command; return that as it was heard and is safe."""
        await world.give_command("ask", text)
        await listener.until(text)
        (event,) = (event for event in listener.seen if isinstance(event, CommandGiven) and event.text == text)
        assert event.command == "ask"
        assert Kind.MENTION in event.also
        await adapter.acknowledge(event.source, event.cursor)
        return event

    @pytest.mark.asyncio
    async def test_reposting_twice_is_reposting_once(self, world: World) -> None:
        target = await world.post_of_somebody("share me")
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsRepost):
                pytest.skip("this adapter cannot repost")
            await adapter.repost(target)
            await adapter.repost(target)
            if isinstance(adapter, SupportsMetrics):

                async def is_counted() -> bool:
                    return (await adapter.metrics(target)).reposts in (1, None)

                await wait_until(is_counted, "the repost in its post's counts")
                await asyncio.sleep(0.2)  # a second one would be counted a moment later as well
                assert await is_counted()
            await world.remove(target)
            with pytest.raises(TargetGone):
                await adapter.repost(target)

    @pytest.mark.asyncio
    async def test_following_twice_is_fine(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsFollow):
                pytest.skip("this adapter cannot follow")
            after = await adapter.now()
            await world.mention_bot("follow me")
            (event,) = await take(adapter, 1, after=after)
            assert isinstance(event, TextEvent)
            await adapter.follow(event.author.id)
            await adapter.follow(event.author.id)

    @pytest.mark.asyncio
    async def test_a_person_is_known_by_handle_and_by_id_and_nobody_is_nobody(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsLookup):
                pytest.skip("this adapter cannot look people up")
            after = await adapter.now()
            await world.mention_bot("who am I?")
            (event,) = await take(adapter, 1, after=after)
            assert isinstance(event, TextEvent)
            for handle in (event.author.handle, f"@{event.author.handle}", event.author.id):
                found = await adapter.person(handle)
                assert found is not None
                assert found.id == event.author.id
            assert await adapter.person("@nobody-has-this-handle") is None

    @pytest.mark.asyncio
    async def test_the_history_is_what_was_heard_under_the_same_ids_from_a_moment_on_and_ends(
        self, world: World
    ) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsHistory):
                pytest.skip("this adapter cannot read what came in before")
            after = await adapter.now()
            for text in ("one", "two", "three"):
                await world.mention_bot(text)
            heard = await take(adapter, 3, after=after)
            second = heard[1].occurred_at
            assert await self._history(adapter, since=heard[0].occurred_at) == [event.id for event in heard]
            told = await self._history(adapter, since=second)
            assert told[-1] == heard[2].id
            assert set(told) <= {event.id for event in heard if event.occurred_at >= second}
            assert await self._history(adapter, since=heard[2].occurred_at + timedelta(days=1)) == []
            assert [event.id for event in await take(adapter, 3, after=after)] == [event.id for event in heard]

    @pytest.mark.asyncio
    async def test_the_history_has_what_the_account_itself_wrote(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsHistory):
                pytest.skip("this adapter cannot read what came in before")
            if Kind.OWN_POST not in adapter.capabilities.kinds:
                pytest.skip("this account does not hear what it says itself")
            after = await adapter.now()
            async with listening(adapter, after=after) as listener:
                await adapter.publish(Intent(adapter, Post(text="by the bot")).next_try())
                await world.bot_says_elsewhere("by hand")
                await world.mention_bot("the end")
                await listener.until("the end")
                own = [event for event in listener.seen if isinstance(event, OwnPostSeen)]
            assert len(own) == 2
            told = await self._history(adapter, since=min(event.occurred_at for event in own))
            assert [id for id in told if id in {event.id for event in own}] == [event.id for event in own]

    async def _history(self, adapter: SupportsHistory, *, since: datetime) -> list[str]:
        async with asyncio.timeout(PATIENCE), aclosing(adapter.history(since=since)) as events:
            return [event.id async for event in events]

    @pytest.mark.asyncio
    async def test_a_thread_is_what_was_said_above_oldest_first(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsThread):
                pytest.skip("this adapter cannot read threads")
            above: list[PostRef] = []
            for number, text in enumerate(("one", "two", "three")):
                post = Post(text=text, in_reply_to=above[-1] if above else None)
                above.append((await adapter.publish(Intent(adapter, post, key=f"k{number}").next_try())).ref)
            thread = await adapter.thread(above[2])
            assert [(post.text, post.ref.id) for post in thread] == [("one", above[0].id), ("two", above[1].id)]
            assert {post.author.id for post in thread} == {adapter.me.id}
            assert [post.text for post in await adapter.thread(above[2], limit=1)] == ["two"]
            assert await adapter.thread(above[0]) == ()

    @pytest.mark.asyncio
    async def test_counting_says_what_a_post_received_and_when_it_is_gone(self, world: World) -> None:
        async with world.connect() as adapter:
            if not isinstance(adapter, SupportsMetrics):
                pytest.skip("this adapter cannot count")
            receipt = await adapter.publish(Intent(adapter, Post(text="count me")).next_try())
            await world.reply_to_bot(receipt.ref, "one")
            assert (await adapter.metrics(receipt.ref)).replies in (1, None)
            await world.remove(receipt.ref)
            with pytest.raises(TargetGone):
                await adapter.metrics(receipt.ref)
