"""What the account hears on a strict fake of Mastodon, and what becomes of it when the server misbehaves."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from mastodon_state import Notification
from mastodon_world import QUICK, MastodonWorld

from greenroom_adapters.contract import (
    AuthenticationFailed,
    DirectMessageReceived,
    Event,
    FollowReceived,
    Kind,
    MentionReceived,
    OwnPostSeen,
    Post,
    PostDeleted,
    PostEdited,
    PostRef,
    QuoteReceived,
    ReactionReceived,
    ReplyReceived,
    RepostReceived,
    TextEvent,
    UnknownEvent,
    key_digest,
)
from greenroom_adapters.mastodon import MastodonAdapter
from greenroom_adapters.testing import Intent, Order

pytestmark = pytest.mark.timeout(60)

PATIENCE = 10.0
SLOW = replace(QUICK, without_stream=timedelta(seconds=60), beside_stream=timedelta(seconds=60))
"""What comes soon comes by the stream."""


class Ears:
    """Collects what an adapter tells, in the background."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    async def run(self, adapter: MastodonAdapter, after: dict[str, str]) -> None:
        async with aclosing(adapter.events(after=after)) as events:
            async for event in events:
                self.heard.append(event)

    async def until(
        self, happened: Callable[[list[Event]], bool], what: str, *, patience: float = PATIENCE
    ) -> list[Event]:
        ends = time.monotonic() + patience
        while not happened(self.heard):
            assert time.monotonic() < ends, f"in vain: {what}, but {self.heard}"
            await asyncio.sleep(0.01)
        return self.heard

    async def texts(self, count: int) -> list[TextEvent]:
        """Return the first texts, when there are so many."""

        def texts(heard: list[Event]) -> list[TextEvent]:
            return [event for event in heard if isinstance(event, TextEvent)]

        return texts(await self.until(lambda heard: len(texts(heard)) >= count, f"{count} texts"))[:count]


@asynccontextmanager
async def listening(adapter: MastodonAdapter, after: dict[str, str] | None = None) -> AsyncGenerator[Ears, None]:
    ears = Ears()
    after = dict(await adapter.now()) if after is None else after
    task = asyncio.create_task(ears.run(adapter, after))
    try:
        yield ears
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def streaming(world: MastodonWorld) -> None:
    """Return when the stream is open."""
    ends = time.monotonic() + PATIENCE
    while not world.fake.open_streams():
        assert time.monotonic() < ends
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)  # the lists are read once more when it opens


# What is what ---------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_each_thing_is_told_as_what_it_is(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter, listening(adapter) as ears:
        receipt = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
        world.say("@lightbot where?")
        world.say("@lightbot well done", in_reply_to_id=receipt.ref.id)
        world.say("@lightbot psst", visibility="direct")
        world.say("worth repeating", quoted_status_id=receipt.ref.id)
        world.do(lambda state: state.favour(world.alice, state.statuses[receipt.ref.id]))
        world.do(lambda state: state.boost(world.alice, state.statuses[receipt.ref.id]))
        world.do(lambda state: state.follow(world.alice, world.bot))
        heard = await ears.until(lambda heard: len(heard) >= 8, "everything")
    told = {type(event): event for event in heard}
    assert set(told) == {
        OwnPostSeen,
        MentionReceived,
        ReplyReceived,
        DirectMessageReceived,
        QuoteReceived,
        ReactionReceived,
        RepostReceived,
        FollowReceived,
    }
    mention, reply = told[MentionReceived], told[ReplyReceived]
    assert isinstance(mention, MentionReceived)
    assert (mention.text, mention.author.handle, mention.also) == ("@lightbot where?", "alice", ())
    assert isinstance(reply, ReplyReceived)
    assert reply.also == (), "whoever answers us mentions us by that alone"
    assert reply.conversation == f"thread:{receipt.ref.id}"
    direct, quote = told[DirectMessageReceived], told[QuoteReceived]
    assert isinstance(direct, DirectMessageReceived)
    assert (direct.text, direct.conversation) == ("psst", f"direct:{world.alice.id}")
    assert isinstance(quote, QuoteReceived)
    assert quote.text == "worth repeating", "the line that stands for the quote is not the writer's"
    for kind in (ReactionReceived, RepostReceived):
        event = told[kind]
        assert isinstance(event, ReactionReceived | RepostReceived)
        assert (event.post.id, event.author.id) == (receipt.ref.id, world.alice.id)
    follow = told[FollowReceived]
    assert isinstance(follow, FollowReceived)
    assert follow.author.id == world.alice.id
    assert len({event.id for event in heard}) == len(heard)


@pytest.mark.asyncio
async def test_a_quote_that_mentions_as_well_is_one_event(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter, listening(adapter) as ears:
        receipt = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
        world.say("@lightbot says so", quoted_status_id=receipt.ref.id)
        world.say("@lightbot the end")
        quote, end = await ears.texts(2)
    assert isinstance(quote, QuoteReceived)
    assert quote.also == (Kind.MENTION,)
    assert end.text == "@lightbot the end"


@pytest.mark.asyncio
async def test_who_answers_himself_below_us_does_not_answer_us(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter, listening(adapter) as ears:
        receipt = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
        first = world.say("@lightbot well", in_reply_to_id=receipt.ref.id)
        world.say("@lightbot and then", in_reply_to_id=first.id)
        reply, mention = await ears.texts(2)
    assert isinstance(reply, ReplyReceived)
    assert isinstance(mention, MentionReceived), "Mastodon names us as whom it answers, and it does not"
    assert mention.conversation == reply.conversation == f"thread:{receipt.ref.id}"


@pytest.mark.asyncio
async def test_private_words_to_several_people_are_not_for_us_alone(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    world.do(lambda state: state.join("carol"))
    async with world.adapter() as adapter, listening(adapter) as ears:
        world.say("@lightbot @carol shall we?", visibility="direct")
        (event,) = await ears.texts(1)
    assert isinstance(event, MentionReceived)


@pytest.mark.asyncio
async def test_what_a_few_may_read_is_another_conversation_than_what_all_may(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    carol = world.do(lambda state: state.join("carol"))
    world.do(lambda state: state.follow(world.bot, world.alice))
    root = world.say("@lightbot a public thread").id
    async with world.adapter() as adapter, listening(adapter) as ears:
        world.say("@lightbot @carol the code is 1234", in_reply_to_id=root, visibility="direct")
        world.say("@lightbot for my followers", in_reply_to_id=root, visibility="private")
        world.say("@lightbot what was said here?", in_reply_to_id=root, visibility="unlisted")
        world.say("@lightbot @alice and the door?", by=carol, visibility="direct")
        events = await ears.texts(4)
    among_three = f"direct:{','.join(sorted((world.alice.id, carol.id)))}"
    assert [event.conversation for event in events] == [
        among_three,
        f"thread:{root}:private",
        f"thread:{root}",
        among_three,
    ]
    assert [event.is_limited for event in events] == [True, True, False, True]


@pytest.mark.asyncio
async def test_a_thread_has_one_name_however_late_we_come_to_it(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    root = world.say("a topic")
    below = world.say("more", in_reply_to_id=root.id)
    async with world.adapter() as adapter, listening(adapter) as ears:
        world.say("@lightbot what do you say?", in_reply_to_id=below.id)
        world.say("@lightbot and you?", in_reply_to_id=root.id)
        first, second = await ears.texts(2)
    assert first.conversation == second.conversation == f"thread:{root.id}"


@pytest.mark.asyncio
async def test_a_thread_whose_beginning_is_gone_still_has_a_name(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    root = world.say("a topic")
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        world.say("@lightbot well?", in_reply_to_id=root.id)
        world.do(lambda state: state.delete(root))
        async with listening(adapter, after) as ears:
            (event,) = await ears.texts(1)
    assert event.conversation == f"thread:{root.id}"


@pytest.mark.parametrize(
    ("note", "value", "declines"),
    [
        ("I like ships. #nobot", "", True),
        ("#NoBots please", "", True),
        ("", "#nobot", True),
        ("nobot, please", "", True),
        ("#no-bots", "", True),
        ("#nobotany is no hashtag of mine", "", False),
        ("I build bots", "", False),
    ],
)
@pytest.mark.asyncio
async def test_who_wants_no_bots_is_known_by_his_profile(
    mastodon_world: MastodonWorld, note: str, value: str, declines: bool
) -> None:
    world = mastodon_world
    fields = [{"name": "Bots", "value": value}]
    carol = world.do(lambda state: state.join("carol", "far.example", note=note, fields=fields, bot=True))
    async with world.adapter() as adapter, listening(adapter) as ears:
        world.say("@lightbot hello", by=carol)
        (event,) = await ears.texts(1)
    assert (event.author.handle, event.author.is_bot) == ("carol@far.example", True)
    assert event.author.declines_bots is declines


@pytest.mark.asyncio
async def test_deletions_and_edits_are_told_while_they_happen(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter(SLOW) as adapter, listening(adapter) as ears:
        await streaming(world)
        await adapter.follow(world.alice.id)
        said = world.say("@lightbot wher?")
        world.do(lambda state: state.edit(said, "@lightbot where?", spoiler_text="", sensitive=False, media_ids=[]))
        world.do(lambda state: state.delete(said))
        heard = await ears.until(lambda heard: any(isinstance(one, PostDeleted) for one in heard), "the deletion")
    edit = next(event for event in heard if isinstance(event, PostEdited))
    assert (edit.post.id, edit.text) == (said.id, "@lightbot where?")
    gone = next(event for event in heard if isinstance(event, PostDeleted))
    assert gone.post == PostRef(id=said.id)


@pytest.mark.asyncio
async def test_what_the_owner_writes_by_hand_is_told_apart_from_what_the_bot_wrote(
    mastodon_world: MastodonWorld,
) -> None:
    world = mastodon_world
    asked = world.say("@lightbot where?")
    async with world.adapter() as adapter, listening(adapter) as ears:
        answer = Post(text="Off the cape: https://example.org/a/map?x=1&y=2", in_reply_to=PostRef(id=asked.id))
        receipt = await adapter.publish(Intent(adapter, answer, key="k").next_try())
        world.say("@alice I will look myself", by=world.bot, in_reply_to_id=asked.id)
        heard = await ears.until(lambda heard: len(heard) >= 2, "both")
    bots, hand = heard
    assert isinstance(bots, OwnPostSeen)
    assert (bots.post.id, bots.key, bots.text) == (receipt.ref.id, key_digest("k"), answer.text)
    assert isinstance(hand, OwnPostSeen)
    assert (hand.key, hand.text, hand.conversation) == (None, "I will look myself", f"thread:{asked.id}")


@pytest.mark.asyncio
async def test_what_cannot_be_read_is_told_as_unknown_and_ends_nothing(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world

    def odd(state) -> None:  # type: ignore[no-untyped-def]  # of the fake
        state.notifications.append(Notification("9999999", world.bot.id, "wave", world.alice, None, state.now()))

    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        world.do(odd)
        async with listening(adapter, after) as ears:
            world.say("@lightbot still there?")
            heard = await ears.until(lambda heard: len(heard) >= 2, "both")
    unknown, mention = heard
    assert isinstance(unknown, UnknownEvent)
    assert json.loads(unknown.raw)["type"] == "wave"
    assert isinstance(mention, MentionReceived)


@pytest.mark.asyncio
async def test_what_is_nested_without_an_end_ends_no_stream(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter(SLOW) as adapter, listening(adapter) as ears:
        await streaming(world)
        for depth in (950, 50_000):
            deep = "[" * depth + "]" * depth
            for event in ("update", "status.update", "notification"):
                payload = f'{{"id": "1", "account": {{"id": "{world.bot.id}"}}, "deep": {deep}}}'
                world.fake.say_as_it_is(world.bot.id, event, payload)
        said = world.say("@lightbot still there?")
        world.do(lambda state: state.delete(said))
        await ears.until(lambda heard: any(isinstance(one, PostDeleted) for one in heard), "what only the stream tells")


# By which way ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("websockets", "events"), [(True, False), (False, True), (False, False)])
@pytest.mark.asyncio
async def test_it_hears_by_websocket_or_by_events_or_by_looking(
    mastodon_world: MastodonWorld, websockets: bool, events: bool
) -> None:
    world = mastodon_world
    world.fake.websockets, world.fake.events = websockets, events
    rhythm = SLOW if websockets or events else QUICK
    async with world.adapter(rhythm) as adapter, listening(adapter) as ears:
        if websockets or events:
            await streaming(world)
        world.say("@lightbot one")
        world.say("@lightbot two")
        first, second = await ears.texts(2)
    assert (first.text, second.text) == ("@lightbot one", "@lightbot two")
    by_events = any("/streaming/user" in request.path for request in world.proxy.requests())
    assert by_events is events or not (websockets or events), "the WebSocket comes first"


@pytest.mark.asyncio
async def test_events_that_stop_to_beat_are_given_up(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    world.fake.websockets = False
    world.fake.thump_seconds = 0.1

    def opened() -> int:
        return len([request for request in world.proxy.requests() if "/streaming/user" in request.path])

    rhythm = replace(SLOW, silence=timedelta(seconds=0.5))
    async with world.adapter(rhythm) as adapter, listening(adapter) as ears:
        await streaming(world)
        await asyncio.sleep(0.8)
        assert opened() == 1, "a beat is enough"
        await asyncio.to_thread(world.proxy.mute, "/streaming/user")
        world.say("@lightbot into the silence")
        (event,) = await ears.texts(1)
        await ears.until(lambda heard: opened() > 1, "another stream")
    assert event.text == "@lightbot into the silence"


@pytest.mark.asyncio
async def test_what_the_stream_loses_is_found_in_the_list(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    rhythm = replace(SLOW, beside_stream=timedelta(seconds=1))
    async with world.adapter(rhythm) as adapter, listening(adapter) as ears:
        await streaming(world)
        world.do(lambda state: setattr(world.fake, "lost", 2))
        world.say("@lightbot one")
        world.say("@lightbot two")
        first, second = await ears.texts(2)
    assert (first.text, second.text) == ("@lightbot one", "@lightbot two")


@pytest.mark.asyncio
async def test_an_id_that_comes_into_the_list_late_is_not_passed_over(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    world.fake.websockets = world.fake.events = False
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        world.say("@lightbot early")
        late = world.do(lambda state: state.notifications.pop())
        world.say("@lightbot later")
        async with listening(adapter, after) as ears:
            (later,) = await ears.texts(1)
            after[later.source] = later.cursor
    world.do(lambda state: state.notifications.append(late))
    async with world.adapter() as adapter, listening(adapter, after) as ears:
        (early,) = await ears.texts(1)
        await asyncio.sleep(0.5)
        assert [event.text for event in ears.heard if isinstance(event, TextEvent)] == ["@lightbot early"]
    assert early.text == "@lightbot early"


@pytest.mark.asyncio
async def test_a_long_absence_is_read_page_by_page_and_nothing_is_left_out(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        for number in range(200):
            world.say(f"@lightbot {number}")
        async with listening(adapter, after) as ears:
            texts = await ears.texts(200)
    assert [event.text for event in texts] == [f"@lightbot {number}" for number in range(200)]
    asked = [one.path for one in world.proxy.requests() if one.path.startswith("/api/v1/notifications")]
    assert len(asked) < 12, "three pages, and what comes with the opening of the stream"


@pytest.mark.timeout(200)
@pytest.mark.asyncio
async def test_mentions_of_a_megabyte_each_keep_nobody_from_being_heard(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
    for number in range(10):  # written on another server, where a post may be that long
        told = world.say(f"@lightbot long {number}")
        size = 9_000_000 if number == 5 else 950_000
        world.do(lambda _, told=told, size=size: setattr(told, "text", f"{told.text} {'x' * size}"))  # type: ignore[misc]  # bound
    world.say("@lightbot are you there?")
    async with world.adapter() as adapter, listening(adapter, after) as ears:
        heard = await ears.until(lambda events: len(events) == 11, "eleven mentions", patience=150)
    unread = [number for number, event in enumerate(heard) if isinstance(event, UnknownEvent)]
    assert unread == [5]
    assert [event.text[:16] for event in heard if isinstance(event, TextEvent)][-2:] == [
        "@lightbot long 9",
        "@lightbot are yo",
    ]


@pytest.mark.parametrize("how", ["too large", "garbled"])
@pytest.mark.asyncio
async def test_a_thread_that_cannot_be_read_stands_in_nobodys_way(mastodon_world: MastodonWorld, how: str) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
    above = world.say("the beginning")
    asked = world.say("@lightbot look at this", in_reply_to_id=above.id)
    world.say("@lightbot and are you there?")
    if how == "too large":
        world.do(lambda _: setattr(above, "text", "x" * 9_000_000))
    else:
        world.order("garble", method="GET", path=rf"/api/v1/statuses/{asked.id}/context$", count=99)
    async with world.adapter() as adapter, listening(adapter, after) as ears:
        first, second = await ears.until(lambda events: len(events) == 2, "both mentions", patience=40)
    assert isinstance(first, MentionReceived)
    assert (first.text, first.conversation) == ("@lightbot look at this", f"thread:{above.id}")
    assert isinstance(second, MentionReceived)


@pytest.mark.asyncio
async def test_an_older_server_is_understood(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    world.fake.is_newer = False
    world.fake.entities.version = "3.5.19"
    async with world.adapter() as adapter, listening(adapter) as ears:
        assert not adapter.capabilities.quotes
        assert adapter.capabilities.limits.text[0].length == 500
        world.say("@lightbot hello")
        await ears.texts(1)


# What goes wrong ------------------------------------------------------------------------------------------------------


@pytest.mark.asyncio
async def test_a_server_that_goes_away_and_returns_is_heard_again_without_a_loss(
    mastodon_world: MastodonWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = mastodon_world
    with caplog.at_level(logging.INFO, "greenroom_adapters.mastodon"):
        async with world.adapter() as adapter, listening(adapter) as ears:
            await streaming(world)
            await asyncio.to_thread(world.fake.leave)
            await asyncio.sleep(1.5)
            world.say("@lightbot while you could not hear")
            await asyncio.to_thread(world.fake.come_back)
            await ears.texts(1)
            await streaming(world)
            world.say("@lightbot and now")
            await ears.texts(2)
    said = [record.getMessage() for record in caplog.records]
    assert sum("cannot be read now" in line for line in said) == 1, "one warning for one outage"
    assert "the server can be read again" in said


@pytest.mark.asyncio
async def test_a_storm_of_429_is_waited_out_as_the_headers_say(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    world.fake.websockets = world.fake.events = False
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        world.say("@lightbot patience")
        begun = time.monotonic()
        # The window of the server is five minutes; it is made to end two seconds from now.
        world.do(lambda state: exhaust(world, seconds=2))
        async with listening(adapter, after) as ears:
            await ears.texts(1)
    waited = time.monotonic() - begun
    assert 1.5 < waited < 6
    refused = [answer for answer in world.fake.answered if answer.status == 429]
    assert 1 <= len(refused) <= 2, "it does not ask before it may"


def exhaust(world: MastodonWorld, *, seconds: float) -> None:
    """Let the account have used up what it may ask, for so long."""
    begun = world.fake.state.now() - timedelta(minutes=5) + timedelta(seconds=seconds)
    world.fake.use_up(world.token, begun)


@pytest.mark.asyncio
async def test_a_stream_that_is_refused_does_not_make_the_token_look_bad(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    for path in (r"/streaming\?", "/streaming/user"):
        world.proxy.order(Order(kind="answer", method="GET", path=path, status=403, count=1000))
    async with world.adapter() as adapter, listening(adapter) as ears:
        world.say("@lightbot by looking, then")
        await ears.texts(1)


@pytest.mark.asyncio
async def test_one_refusal_is_not_believed_and_nothing_is_missed(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        for _ in range(2):
            world.proxy.order(Order(kind="answer", method="GET", path="/api/v1/notifications", status=401, count=1))
            world.say("@lightbot are you there?")
            async with listening(adapter, after=after) as ears:
                await ears.texts(1)


@pytest.mark.asyncio
async def test_a_token_that_is_revoked_ends_the_listening(mastodon_world: MastodonWorld) -> None:
    world = mastodon_world
    async with world.adapter(SLOW) as adapter:
        after = dict(await adapter.now())
        stream = adapter.events(after=after)
        first = asyncio.ensure_future(anext(stream))
        await streaming(world)
        await world.revoke_token()
        with pytest.raises(AuthenticationFailed):
            await asyncio.wait_for(first, 5)
        await stream.aclose()
