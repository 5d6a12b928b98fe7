"""What an account on Matrix hears, on a real Synapse."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from matrix_people import V3, Person, register
from matrix_world import MatrixWorld

from greenroom_adapters.contract import (
    DirectMessageReceived,
    Event,
    InvitationReceived,
    JoinReceived,
    Kind,
    Media,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    Post,
    PostDeleted,
    PostEdited,
    ReactionReceived,
    ReplyReceived,
    Room,
    RoomUnreadable,
    SanctionReceived,
    TextEvent,
    Trust,
    UnknownEvent,
    key_digest,
)
from greenroom_adapters.matrix import MatrixAdapter
from greenroom_adapters.testing import Intent, take

pytestmark = [pytest.mark.server, pytest.mark.timeout(120), pytest.mark.asyncio]


async def one(adapter: MatrixAdapter, after: Mapping[str, str]) -> Event:
    (event,) = await take(adapter, 1, after=after)
    return event


async def until(adapter: MatrixAdapter, after: Mapping[str, str], text: str) -> list[Event]:
    """Return all events up to the first with this text, own posts included."""
    seen: list[Event] = []
    async with asyncio.timeout(20), aclosing(adapter.events(after=after)) as events:
        async for event in events:
            seen.append(event)
            if isinstance(event, TextEvent) and event.text == text:
                break
    return seen


def somebody(world: MatrixWorld, name: str) -> Person:
    """Return a third person, in the home room."""
    person = register(world.alice.base, "loopback-registration-secret", name)
    person.join(world.home)
    return person


async def test_a_mention_is_heard_with_its_room_its_author_and_its_place(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.alice.say(world.home, "what is rain?", mention=world.bot)
        event = await one(adapter, after)
    assert isinstance(event, MentionReceived)
    assert event.text == "what is rain?"
    assert event.room is not None
    assert (event.room.id, event.room.name) == (world.home, world.alias)
    assert event.conversation == world.home
    assert event.author.id == world.alice.id
    assert event.author.handle == world.alice.id.removeprefix("@")
    assert event.author.name
    assert event.author.trust is Trust.MODERATOR  # she made the room
    assert not event.author.is_bot
    assert event.post.url is not None
    assert event.post.url.startswith("https://matrix.to/#/")
    assert abs(event.occurred_at - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param({"body": "{name}: what is rain?"}, id="its name"),
        pytest.param({"body": "I ask {user}."}, id="its id"),
        pytest.param(
            {"body": "Light: what?", "formatted_body": '<a href="https://matrix.to/#/{user}">Light</a>: what?'},
            id="a link",
        ),
    ],
)
async def test_an_older_client_mentions_the_bot_by_a_name_or_a_link(
    matrix_world: MatrixWorld, content: dict[str, str]
) -> None:
    world = matrix_world
    name = world.bot.id[1:].partition(":")[0]
    filled = {key: text.format(user=world.bot.id, name=name) for key, text in content.items()}
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.alice.send(world.home, {"msgtype": "m.text", **filled})
        assert isinstance(await one(adapter, after), MentionReceived)


async def test_a_mention_of_the_whole_room_is_none_of_the_bot(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.alice.send(
            world.home,
            {"msgtype": "m.text", "body": f"@room {world.bot.id} is here", "m.mentions": {"room": True}},
        )
        assert isinstance(await one(adapter, after), MessageReceived)


async def test_what_a_bot_says_is_heard_as_a_bots_words(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.alice.send(world.home, {"msgtype": "m.notice", "body": "beep", "m.mentions": {}})
        event = await one(adapter, after)
    assert isinstance(event, MessageReceived)
    assert event.author.is_bot


async def test_an_answer_is_heard_without_the_words_that_it_quotes(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        ours = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
        _, event_id = world.where(ours.ref)
        body = f"> <{world.bot.id}> lamp lit\n\nwell done"
        world.alice.reply(world.home, event_id, body, mention=world.bot)
        event = await one(adapter, after)
    assert isinstance(event, ReplyReceived)
    assert event.text == "well done"
    assert event.also == (Kind.MENTION,)
    assert event.in_reply_to == ours.ref


async def test_an_answer_to_somebody_else_is_a_message(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    bob = somebody(world, "bob")
    async with world.adapter() as adapter:
        asked = world.alice.say(world.home, "anybody here?")
        after = await adapter.now()
        bob.reply(world.home, asked, "yes")
        event = await one(adapter, after)
    assert isinstance(event, MessageReceived)
    assert event.in_reply_to is not None
    assert event.in_reply_to.id == world.ref(asked).id
    assert event.author.trust is Trust.ANYONE


async def test_a_thread_is_a_conversation_of_its_own(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        root = world.alice.say(world.home, "about the weather")
        world.alice.in_thread(world.home, root, root, "what is rain?", mention=world.bot)
        mention = (await take(adapter, 2, after=after))[1]
        assert isinstance(mention, MentionReceived)
        assert mention.conversation == f"{world.home}/{root}"
        answer = Post(text="Water.", in_reply_to=mention.post, room=world.home)
        receipt = await adapter.publish(Intent(adapter, answer).next_try())
        _, ours = world.where(receipt.ref)
        world.alice.in_thread(world.home, root, ours, "and snow?")
        event = await one(adapter, {mention.source: mention.cursor})
        assert isinstance(event, ReplyReceived)
        assert event.conversation == mention.conversation
        above = await adapter.thread(event.post)
        assert await adapter.thread(event.post, limit=1) == above[2:]
        assert await adapter.thread(event.post, limit=2) == above[1:]
        assert await adapter.thread(event.post, limit=3) == above
    assert [post.text for post in above] == ["about the weather", "what is rain?", "Water."]
    sent = world.alice.event(world.home, ours)["content"]["m.relates_to"]
    assert (sent["rel_type"], sent["event_id"], sent["is_falling_back"]) == ("m.thread", root, True)


async def test_with_threads_a_mention_begins_the_conversation_that_its_answer_opens(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter(threads=True) as adapter:
        after = await adapter.now()
        asked = world.alice.say(world.home, "what is rain?", mention=world.bot)
        mention = await one(adapter, after)
        assert isinstance(mention, MentionReceived)
        receipt = await adapter.publish(
            Intent(adapter, Post(text="Water.", in_reply_to=mention.post, room=world.home)).next_try()
        )
        _, ours = world.where(receipt.ref)
        world.alice.in_thread(world.home, asked, ours, "and snow?")
        event = await one(adapter, {mention.source: mention.cursor})
    assert isinstance(event, ReplyReceived)
    assert event.conversation == mention.conversation == f"{world.home}/{asked}"
    assert world.alice.event(world.home, ours)["content"]["m.relates_to"]["event_id"] == asked


async def test_a_direct_conversation_is_entered_and_listed_and_nothing_said_before_is_lost(
    matrix_world: MatrixWorld,
) -> None:
    world = matrix_world
    async with world.adapter(invites=()) as adapter:
        after = await adapter.now()
        room = world.alice.make_room(preset="trusted_private_chat", is_direct=True, invite=[world.bot.id])
        world.alice.say(room, "between us")
        event = await one(adapter, after)
        assert isinstance(event, DirectMessageReceived)
        assert (event.text, event.room, event.conversation) == ("between us", None, room)
        assert event.author.trust is Trust.ANYONE  # who opens a conversation has every power in it
        answer = Post(text="yes?", in_reply_to=event.post, direct_to=world.alice.id)
        receipt = await adapter.publish(Intent(adapter, answer).next_try())
    assert world.where(receipt.ref)[0] == room
    listed = world.bot.call("GET", f"{V3}/user/{quote(world.bot.id)}/account_data/m.direct")
    assert listed == {world.alice.id: [room]}


async def test_a_direct_conversation_with_a_third_person_is_a_room(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    bob = somebody(world, "bob")
    async with world.adapter() as adapter:
        after = await adapter.now()
        room = world.alice.make_room(preset="trusted_private_chat", is_direct=True, invite=[world.bot.id])
        world.alice.say(room, "between us")
        first = await one(adapter, after)
        assert isinstance(first, DirectMessageReceived)
        world.alice.invite(room, bob)
        world.alice.say(room, "between three")
        second = await one(adapter, {first.source: first.cursor})
    assert isinstance(second, MessageReceived)
    assert second.room is not None


async def test_a_lie_about_a_direct_conversation_does_not_keep_the_bot_in_a_room(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    bob = somebody(world, "bob")
    async with world.adapter(invites=()) as adapter:
        after = await adapter.now()
        crowd = world.alice.make_room(preset="public_chat", name="Crowd")
        bob.join(crowd)
        world.alice.call("POST", f"{V3}/rooms/{quote(crowd)}/invite", {"user_id": world.bot.id})
        # Only a room made as direct invites as such; here the invitation itself says so.
        world.alice.state(crowd, "m.room.member", {"membership": "invite", "is_direct": True}, world.bot.id)
        world.alice.say(crowd, "come in", mention=world.bot)
        world.alice.say(world.home, "the end", mention=world.bot)
        seen = await until(adapter, after, "the end")
        listener = asyncio.create_task(until(adapter, {"sync": seen[-1].cursor}, "never said"))
        direct = f"{V3}/user/{quote(world.bot.id)}/account_data/m.direct"
        async with asyncio.timeout(20):
            while crowd in await asyncio.to_thread(world.bot.rooms):
                await asyncio.sleep(0.1)
            while crowd in str(await asyncio.to_thread(world.bot.call, "GET", direct)):
                await asyncio.sleep(0.1)
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)
    assert not [event for event in seen if isinstance(event, TextEvent) and event.text == "come in"]


async def test_invitations_are_accepted_from_those_whom_the_owner_lists(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    bob = somebody(world, "bob")
    async with world.adapter(invites=(world.alice.id,)) as adapter:
        after = await adapter.now()
        theirs = bob.make_room(name="Bob's", invite=[world.bot.id])
        hers = world.alice.make_room(name="Alice's", invite=[world.bot.id])
        world.alice.say(hers, "welcome", mention=world.bot)
        event = next(one for one in await until(adapter, after, "welcome") if isinstance(one, MentionReceived))
        assert event.room is not None
        assert (event.room.id, event.room.name) == (hers, "Alice's")
        warnings = (await adapter.check()).warnings
    assert theirs not in world.bot.rooms()
    assert any(bob.id in warning and "invites" in warning for warning in warnings)


async def test_an_invitation_of_a_stranger_is_told_again_at_a_start_and_accepted_or_declined_by_hand(
    matrix_world: MatrixWorld,
) -> None:
    world = matrix_world
    bob = somebody(world, "bob")
    async with world.adapter(invites=()) as adapter:
        after = await adapter.now()
        first = bob.make_room(name="Bob's", invite=[world.bot.id])
        told = await one(adapter, after)
    assert isinstance(told, InvitationReceived)
    assert told.by is not None
    assert (told.room, told.is_in, told.by.id) == (Room(id=first), False, bob.id)
    second = bob.make_room(name="Bob's other", invite=[world.bot.id])
    async with world.adapter(invites=()) as adapter:
        again = await take(adapter, 2, after=after)
        assert {event.id for event in again} >= {told.id}
        await adapter.enter(first)
        await adapter.leave(second)
        rooms = await asyncio.to_thread(world.bot.rooms)
    assert first in rooms
    assert second not in rooms


async def test_a_whole_server_may_invite(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter(invites=("bot.test",)) as adapter:
        after = await adapter.now()
        hers = world.alice.make_room(name="Alice's", invite=[world.bot.id])
        world.alice.say(hers, "welcome", mention=world.bot)
        event = await one(adapter, after)
    assert isinstance(event, MentionReceived)


async def test_an_invitation_that_the_server_does_not_let_us_accept_now_waits_and_holds_up_nothing(
    matrix_world: MatrixWorld,
) -> None:
    world = matrix_world
    async with world.adapter(poll=0.5) as adapter:
        after = await adapter.now()
        body = b'{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 60000}'
        world.order("answer", path="/join$", method="POST", status=429, body=body)
        room = world.alice.make_room(preset="trusted_private_chat", is_direct=True, invite=[world.bot.id])
        world.alice.say(room, "between us")
        world.alice.say(world.home, "and in public")
        first, second = await take(adapter, 2, after=after)
    assert isinstance(first, MessageReceived)
    assert isinstance(second, DirectMessageReceived)


async def test_a_room_that_was_replaced_is_named_with_its_mend(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    old = world.alice.make_room(preset="public_chat", name="Old Pier", room_version="10")
    world.bot.join(old)
    world.alice.call("POST", f"{V3}/rooms/{quote(old)}/upgrade", {"new_version": "12"})
    async with world.adapter() as adapter:
        warnings = (await adapter.check()).warnings
    assert any("Old Pier" in warning and "replaced" in warning for warning in warnings)


async def test_what_was_said_in_a_room_before_the_bot_came_is_not_heard(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    room = world.alice.make_room(preset="public_chat", name="Old")
    for number in range(60):
        world.alice.say(room, f"old {number}", mention=world.bot)
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.bot.join(room)
        world.alice.say(room, "new", mention=world.bot)
        event = await one(adapter, after)
    assert isinstance(event, TextEvent)
    assert event.text == "new"


async def test_reactions_to_our_posts_are_heard_and_others_are_not(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        ours = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
        hers = world.alice.say(world.home, "mine")
        world.alice.react(world.home, hers, "\U0001f44d")
        world.alice.react(world.home, world.where(ours.ref)[1], "\U0001f44d\ufe0f")
        world.alice.react(world.home, world.where(ours.ref)[1], "\U0001f389")
        _, first, second = await take(adapter, 3, after=after)
        assert isinstance(first, ReactionReceived)
        assert isinstance(second, ReactionReceived)
        assert (first.post, first.reaction, second.reaction) == (ours.ref, "like", "\U0001f389")
        assert (await adapter.metrics(ours.ref)).likes == 1


async def test_now_is_this_moment_however_often_it_is_asked(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        await adapter.now()
        world.alice.say(world.home, "before", mention=world.bot)
        after = await adapter.now()
        world.alice.say(world.home, "afterwards", mention=world.bot)
        event = await one(adapter, after)
    assert isinstance(event, TextEvent)
    assert event.text == "afterwards"


async def test_joins_deletions_and_edits_are_heard(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        said = world.alice.say(world.home, "what is rian?")
        after = await adapter.now()
        bob = somebody(world, "bob")
        world.alice.edit(world.home, said, "what is rain?")
        bob.edit(world.home, said, "say something bad")  # of somebody else's message: void
        world.alice.redact(world.home, said)
        world.alice.say(world.home, "the end")
        join, edit, gone, _ = await until(adapter, after, "the end")
    assert isinstance(join, JoinReceived)
    assert (join.author.id, join.room.id) == (bob.id, world.home)
    assert isinstance(edit, PostEdited)
    assert (edit.post.id, edit.text) == (f"{world.home}/{said}", "what is rain?")
    assert isinstance(gone, PostDeleted)
    assert gone.post == edit.post


async def test_our_own_posts_are_heard_as_our_own(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        receipt = await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())
        world.bot.say(world.home, "said by hand")
        world.alice.say(world.home, "the end")
        first, second, _ = await until(adapter, after, "the end")
    assert isinstance(first, OwnPostSeen)
    assert (first.post, first.text, first.conversation) == (receipt.ref, "lamp lit", world.home)
    assert first.key == key_digest(receipt.key)
    assert isinstance(second, OwnPostSeen)
    assert (second.text, second.key) == ("said by hand", None)


async def test_our_own_picture_is_known_by_its_key_although_its_words_are_others(
    matrix_world: MatrixWorld, tmp_path: Path
) -> None:
    world = matrix_world
    picture = tmp_path / "lamp.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    post = Post(text="lamp lit", media=(Media(path=str(picture), media_type="image/png", alt="A lamp."),))
    async with world.adapter() as adapter:
        after = await adapter.now()
        receipt = await adapter.publish(Intent(adapter, post).next_try())
        world.alice.say(world.home, "the end")
        own, _ = await until(adapter, after, "the end")
    assert isinstance(own, OwnPostSeen)
    assert (own.text, own.key) == ("lamp lit\n\nA lamp.", key_digest(receipt.key))


async def test_an_encrypted_room_is_said_to_be_unreadable_once(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    secret = world.alice.make_room(name="Secret", invite=[world.bot.id])
    world.alice.state(secret, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    world.bot.join(secret)
    sealed = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA", "session_id": "s", "device_id": "d"}
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.alice.send(secret, sealed, "m.room.encrypted")
        unreadable = await one(adapter, after)
        assert isinstance(unreadable, RoomUnreadable)
        assert (unreadable.room.id, unreadable.room.name) == (secret, "Secret")
        assert "encrypted" in unreadable.why
        world.alice.send(secret, sealed, "m.room.encrypted")
        world.alice.say(world.home, "the end")
        assert isinstance(await one(adapter, {"sync": unreadable.cursor}), MessageReceived)
        warnings = (await adapter.check()).warnings
    assert any("Secret" in warning and "encrypt" in warning for warning in warnings)
    async with world.adapter() as adapter:
        world.alice.send(secret, sealed, "m.room.encrypted")
        again = await one(adapter, after)
    assert again.id == unreadable.id


async def test_an_event_that_cannot_be_read_is_told_as_it_came_and_others_follow(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    poisons: list[tuple[str, dict[str, Any]]] = [
        ("m.room.message", {"msgtype": "m.text", "body": "x", "m.relates_to": "nonsense"}),
        ("m.room.message", {"msgtype": "m.text", "body": "x", "info": 5}),
        ("m.reaction", {"m.relates_to": {}}),
        ("org.example.game", {"move": "e4"}),
    ]
    async with world.adapter() as adapter:
        after = await adapter.now()
        for kind, content in poisons:
            world.alice.send(world.home, content, kind)
        world.alice.say(world.home, "the end")
        *unknown, last = await until(adapter, after, "the end")
    assert len(unknown) == len(poisons)
    assert all(isinstance(event, UnknownEvent) for event in unknown)
    assert any("e4" in event.raw for event in unknown if isinstance(event, UnknownEvent))
    assert isinstance(last, MessageReceived)


async def test_a_room_that_calls_itself_like_another_one_is_not_taken_for_it(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter(invites=()) as adapter:
        mallory = somebody(world, "mallory")
        trap = mallory.make_room(preset="public_chat", name=world.alias)
        world.bot.join(trap)
        after = await adapter.now()
        mallory.say(trap, "do as the owner says")
        event = await one(adapter, after)
    assert isinstance(event, MessageReceived)
    assert event.room is not None
    assert event.room.name != world.alias


@pytest.mark.parametrize(
    ("status", "body"),
    [(200, b'{"room_id": "!another", "servers": []}'), (404, b'{"errcode": "M_NOT_FOUND"}'), (502, b"{}")],
)
async def test_an_address_that_does_not_prove_true_is_not_believed(
    matrix_world: MatrixWorld, status: int, body: bytes
) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.order("answer", path="/directory/room/", method="GET", status=status, body=body)
        world.alice.say(world.home, "hello")
        event = await one(adapter, after)
    assert isinstance(event, MessageReceived)
    assert event.room is not None
    assert (event.room.id, event.room.name) == (world.home, "Home")


@pytest.mark.parametrize("said", [50, 51, 130])
async def test_what_was_said_while_the_bot_was_away_comes_once_and_in_order(
    matrix_world: MatrixWorld, said: int
) -> None:
    world = matrix_world
    world.alice.say(world.home, "before")
    async with world.adapter() as adapter:
        after = await adapter.now()
    other = world.alice.make_room(preset="public_chat", name="Other")
    world.bot.join(other)
    for number in range(said):
        world.alice.say(world.home, f"home {number}")
        if number % 5 == 0:
            world.alice.say(other, f"other {number}")
    fives = (said + 4) // 5
    async with world.adapter() as adapter:
        everything = await take(adapter, said + fives, after=after)
        for part, count in (("home", said), ("other", fives)):
            texts = [event.text for event in everything if isinstance(event, TextEvent) and event.text.startswith(part)]
            assert len(texts) == count
            assert texts == sorted(texts, key=lambda text: int(text.split()[1]))
        assert len({event.id for event in everything}) == said + fives
        # From the cursor of any event on come those behind it, also when more was said meanwhile.
        world.alice.say(world.home, "afterwards")
        for place in (0, said // 2, said + fives - 1):
            cursor = {"sync": everything[place].cursor}
            rest = await take(adapter, said + fives - place, after=cursor)
            assert {event.id for event in rest} >= {event.id for event in everything[place + 1 :]}
            assert not {event.id for event in rest} & {event.id for event in everything[: place + 1]}


async def test_a_failure_within_a_batch_loses_nothing_and_doubles_nothing(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        other = world.alice.make_room(preset="public_chat", name="Other")
        world.bot.join(other)
        for number in range(55):
            for room in (world.home, other):
                world.alice.say(room, f"{number}")
        world.order("answer", path=f"{quote(max(world.home, other))}/messages", method="GET", status=503)
        events = await take(adapter, 110, after=after)
        world.alice.say(world.home, "the end")
        last = await one(adapter, {"sync": events[-1].cursor})
    assert world.proxy.orders == ()
    for room in (world.home, other):
        here = [event for event in events if isinstance(event, TextEvent) and event.room and event.room.id == room]
        assert [event.text for event in here] == [str(number) for number in range(55)]
    assert isinstance(last, TextEvent)
    assert last.text == "the end"


async def test_a_gap_too_long_for_memory_is_told_once_and_in_order(
    matrix_world: MatrixWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greenroom_adapters.matrix.backlog.KEPT", 1)
    monkeypatch.setattr("greenroom_adapters.matrix.api.PAGE", 10)
    world = matrix_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        for number in range(90):
            world.alice.say(world.home, str(number))
        events = await take(adapter, 90, after=after)
    assert [event.text for event in events if isinstance(event, TextEvent)] == [str(number) for number in range(90)]
    pages = [request for request in world.proxy.requests() if "/messages?" in request.path]
    assert len(pages) > 5


async def test_being_put_out_of_a_room_ends_nothing_else(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    other = world.alice.make_room(preset="public_chat", name="Other")
    world.bot.join(other)
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.alice.kick(other, world.bot)
        world.alice.say(world.home, "still here?")
        told = await until(adapter, after, "still here?")
    (sanction,) = [event for event in told if isinstance(event, SanctionReceived)]
    assert (sanction.room.id, sanction.until) == (other, None)
    assert sanction.by is not None
    assert sanction.by.id == world.alice.id


async def test_what_a_moderator_takes_down_of_ours_is_told_with_who_did_it_and_leaving_is_no_sanction(
    matrix_world: MatrixWorld,
) -> None:
    world = matrix_world
    other = world.alice.make_room(preset="public_chat", name="Other")
    world.bot.join(other)
    async with world.adapter() as adapter:
        after = await adapter.now()
        receipt = await adapter.publish(Intent(adapter, Post(text="too loud", room=world.home)).next_try())
        world.alice.redact(world.home, receipt.ref.id.partition("/")[2])
        for _ in range(2):
            await adapter.leave(other, by=world.alice.id)
        world.alice.say(world.home, "the end")
        told = await until(adapter, after, "the end")
    (gone,) = [event for event in told if isinstance(event, PostDeleted)]
    assert gone.post == receipt.ref
    assert gone.by is not None
    assert (gone.by.id, gone.by.trust) == (world.alice.id, Trust.MODERATOR)
    assert not [event for event in told if isinstance(event, SanctionReceived)]


async def test_history_tells_what_was_said_since_a_moment(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    world.alice.say(world.home, "too old")
    await asyncio.sleep(1.1)
    since = datetime.now(UTC)
    await asyncio.sleep(0.1)
    other = world.alice.make_room(name="Other", invite=[world.bot.id])
    world.bot.join(other)
    for number in range(105):
        world.alice.say(other if number % 50 == 7 else world.home, f"said {number}")
    async with world.adapter() as adapter:
        async with aclosing(adapter.history(since=since)) as past:
            events = [event async for event in past]
        texts = [event.text for event in events if isinstance(event, TextEvent)]
        assert texts == [f"said {number}" for number in range(105)]
        after = await adapter.now()
        world.alice.say(world.home, "now")
        assert isinstance(await one(adapter, after), MessageReceived)


async def test_checking_names_the_rooms_and_the_place_of_its_own_posts(matrix_world: MatrixWorld) -> None:
    world = matrix_world
    async with world.adapter() as adapter:
        may = (await adapter.check()).may
    assert any(world.home in line or "Home" in line for line in may)
    assert any(world.alias in line for line in may if line.startswith("post"))


@pytest.mark.parametrize("target", ["", "$" + "x" * 20_000, "nonsense", ".."], ids=["none", "20 kB", "a word", "dots"])
async def test_a_message_that_answers_nonsense_keeps_nobody_from_being_heard(
    matrix_world: MatrixWorld, target: str
) -> None:
    world = matrix_world
    # straight to the server: it cuts the connection at a long address, as a proxy does not
    async with world.adapter(poll=0.5, server=world.alice.base) as adapter:
        after = await adapter.now()
        relation = {"m.in_reply_to": {"event_id": target}}
        world.alice.send(world.home, {"msgtype": "m.text", "body": "poison", "m.relates_to": relation})
        world.alice.say(world.home, "help, please", mention=world.bot)
        heard = await until(adapter, after, "help, please")
    assert [event.text for event in heard if isinstance(event, TextEvent)] == ["poison", "help, please"]
