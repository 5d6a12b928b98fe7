"""What an account on a real network hears, however its notifications come."""

import asyncio
import json
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bluesky_people import date, eventually, mark, register
from bluesky_world import NEWS, BlueskyWorld

from greenroom_adapters.bluesky import BlueskyAdapter
from greenroom_adapters.contract import (
    AuthenticationFailed,
    DirectMessageReceived,
    Event,
    FollowReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    Post,
    QuoteReceived,
    ReactionReceived,
    RemoteMedia,
    ReplyReceived,
    RepostReceived,
    TextEvent,
    UnknownEvent,
)
from greenroom_adapters.testing import Intent, take
from greenroom_adapters.transport import Pace

pytestmark = [pytest.mark.server, pytest.mark.timeout(120), pytest.mark.asyncio]

LOG = r"/xrpc/chat\.bsky\.convo\.getLog"
PACE = Pace(slow=timedelta(seconds=0.3))


@asynccontextmanager
async def heard_by(adapter: BlueskyAdapter) -> AsyncGenerator[list[Event], None]:
    """Collect what the adapter hears from now on, until the block ends."""
    after = await adapter.now()
    seen: list[Event] = []

    async def listen() -> None:
        async with aclosing(adapter.events(after=after)) as events:
            async for event in events:
                seen.append(event)

    listener = asyncio.create_task(listen())
    try:
        yield seen
    finally:
        listener.cancel()
        await asyncio.gather(listener, return_exceptions=True)


async def until(count: int, seen: list[Event], *, patience: float = 20.0) -> None:
    """Return when so many events are there."""
    async with asyncio.timeout(patience):
        while len(seen) < count:
            await asyncio.sleep(0.02)


def words(events: list[Event]) -> list[str]:
    """Return the last words of what was said."""
    return [event.text.rpartition(" ")[2] for event in events if isinstance(event, TextEvent)]


async def test_everything_that_others_do_to_the_bot_is_heard_as_what_it_is(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    bot, alice = world.bot, await asyncio.to_thread(register, world.bot.base, "carol")
    async with world.adapter() as adapter:
        ours = (await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())).ref
        alice.wait_for(ours.id)
        target = bot.ref(ours.id)
        async with heard_by(adapter) as seen:
            done = [
                alice.mention(bot, "hello", langs=["en"]),
                alice.reply(target, "well done"),
                alice.quote(target, "look at that"),
                alice.like(target),
                alice.repost(target),
                alice.follow(bot),
            ]
            await until(len(done), seen)
    by_id = {event.id: event for event in seen}
    assert [by_id[one["uri"]].__class__ for one in done] == [
        MentionReceived,
        ReplyReceived,
        QuoteReceived,
        ReactionReceived,
        RepostReceived,
        FollowReceived,
    ]
    mention, reply, quote, like, repost, follow = (by_id[one["uri"]] for one in done)
    assert isinstance(mention, MentionReceived)
    assert isinstance(reply, ReplyReceived)
    assert isinstance(quote, QuoteReceived)
    assert isinstance(like, ReactionReceived)
    assert isinstance(repost, RepostReceived)
    assert isinstance(follow, FollowReceived)
    assert (mention.author.id, mention.author.handle, mention.language) == (alice.did, alice.handle, "en")
    assert (mention.conversation, reply.conversation) == (done[0]["uri"], ours.id)
    assert reply.in_reply_to == ours
    assert like.post == repost.post == ours
    assert mention.post.url == f"https://bsky.app/profile/{alice.did}/post/{done[0]['uri'].rpartition('/')[2]}"


async def test_a_post_that_answers_quotes_and_mentions_at_once_is_one_event(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        ours = (await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())).ref
        world.alice.wait_for(ours.id)
        target = world.bot.ref(ours.id)
        after = await adapter.now()
        embed = {"$type": "app.bsky.embed.record", "record": target}
        text = f"@{world.bot.handle} all of it"
        world.alice.reply(target, text, facets=[mark(world.bot)], embed=embed)
        (event,) = await take(adapter, 1, after=after)
        await world.mention_bot("afterwards")
        heard = await take(adapter, 2, after=after)
    assert isinstance(event, ReplyReceived)
    assert event.also == (Kind.QUOTE, Kind.MENTION)
    assert words(heard) == ["it", "afterwards"]


async def test_an_answer_to_somebody_else_below_our_post_is_not_for_us(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        ours = (await adapter.publish(Intent(adapter, Post(text="lamp lit")).next_try())).ref
        world.alice.wait_for(ours.id)
        after = await adapter.now()
        first = world.alice.reply(world.bot.ref(ours.id), "one")
        world.alice.wait_for(first["uri"])
        world.alice.reply(first, "two")
        one, two = await take(adapter, 2, after=after)
    assert isinstance(one, ReplyReceived)
    assert isinstance(two, MessageReceived), "the AppView calls that a reply as well"
    assert two.conversation == ours.id


async def test_pictures_come_with_their_descriptions(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        after = await adapter.now()
        pixel = bytes.fromhex(
            "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000b4944415478da6360000200000500017a5"
            "eab3f0000000049454e44ae426082"
        )
        blob = world.alice.upload(pixel, "image/png")
        images = {"$type": "app.bsky.embed.images", "images": [{"image": blob, "alt": "a pixel"}]}
        world.alice.mention(world.bot, "look", embed=images)
        (event,) = await take(adapter, 1, after=after)
    assert isinstance(event, MentionReceived)
    link = blob["ref"]["$link"]
    url = f"https://cdn.bsky.app/img/feed_fullsize/plain/{world.alice.did}/{link}@jpeg"
    assert event.media == (RemoteMedia(url=url, media_type="image/jpeg", alt="a pixel"),)


async def test_who_asks_bots_to_stay_away_and_who_is_one_is_seen(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    labels = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "bot"}]}
    profiles: list[tuple[dict[str, Any], tuple[bool, bool]]] = [
        ({"description": "hello\n#NoBot please"}, (True, False)),
        ({"description": "I like #nobotany"}, (False, False)),
        ({"displayName": "Robot", "labels": labels}, (False, True)),
    ]
    people = [register(world.bot.base, f"person{number}") for number in range(len(profiles))]
    for person, (profile, _) in zip(people, profiles, strict=True):
        person.set_profile(**profile)
        shown = profile.get("description", profile.get("displayName"))
        eventually(
            lambda who=person, wanted=shown: (  # type: ignore[misc]  # bound at once
                wanted
                in json.dumps(who.get("app.bsky.actor.getProfile", actor=who.did), ensure_ascii=False).replace(
                    "\\n", "\n"
                )
                or None
            ),
            "the profile in the AppView",
        )
    async with world.adapter() as adapter:
        after = await adapter.now()
        for person in people:
            person.mention(world.bot, "hi")
        for person in people:
            world.chat.say(person.did, world.bot.did, "psst")
        events = await take(adapter, 2 * len(people), after=after)
    for person, (_, expected) in zip(people, profiles, strict=True):
        authors = [event.author for event in events if isinstance(event, TextEvent) and event.author.id == person.did]
        assert [(author.declines_bots, author.is_bot) for author in authors] == [expected] * 2


async def test_more_than_a_page_that_was_missed_is_heard_in_order_and_from_everywhere_on(
    bluesky_world: BlueskyWorld,
) -> None:
    world = bluesky_world
    count = 130
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        begin = datetime.now(UTC) - timedelta(seconds=30)

        def say() -> str:
            uri = ""
            for number in range(count):
                moment = date(begin + timedelta(milliseconds=10 * number))
                uri = world.alice.mention(world.bot, f"said {number}", createdAt=moment)["uri"]
            world.bot.wait_for_notification(uri)
            return uri

        await asyncio.to_thread(say)
        events = await take(adapter, count, after=after)
        assert words(events) == [str(number) for number in range(count)]
        for place in (0, 29, 30, 99, count - 2):
            event = events[place]
            rest = await take(adapter, count - 1 - place, after={**after, event.source: event.cursor})
            assert [one.id for one in rest] == [one.id for one in events[place + 1 :]]
        told = [event async for event in adapter.history(since=events[0].occurred_at)]
        assert [event.id for event in told] == [event.id for event in events]


async def test_a_mention_that_is_dated_before_others_and_comes_after_them_is_heard(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        async with heard_by(adapter) as seen:
            await world.mention_bot("first")
            await until(1, seen)
            old = date(datetime.now(UTC) - timedelta(hours=2))
            world.alice.mention(world.bot, "written offline", createdAt=old)
            await until(2, seen)
        assert words(seen) == ["first", "offline"]
        late = seen[1]
        await world.mention_bot("afterwards")
        rest = await take(adapter, 1, after={**after, late.source: late.cursor})
    assert words(rest) == ["afterwards"]


async def test_what_cannot_be_read_is_said_to_be_so_and_ends_nothing(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    author = {"did": world.alice.did, "handle": world.alice.handle}
    moment = date()

    def told(**changed: object) -> dict[str, object]:
        one = {
            "uri": f"at://{world.alice.did}/app.bsky.feed.post/3n3hyabignk2s",
            "cid": "bafyrei",
            "author": author,
            "reason": "mention",
            "record": {"$type": "app.bsky.feed.post", "text": "hi", "createdAt": moment},
            "isRead": False,
            "indexedAt": moment,
        }
        return {**one, **changed}

    strange: list[object] = [
        told(uri=f"at://{world.alice.did}/app.bsky.feed.post/1", record={"text": 1}),
        told(uri="https://example.org", reason="mention"),
        told(uri=f"at://{world.alice.did}/app.bsky.feed.post/2", reason="unheard-of"),
        told(uri=f"at://{world.alice.did}/app.bsky.feed.like/3", reason="like"),
        told(uri=f"at://{world.alice.did}/app.bsky.feed.post/4", author=7),
        told(uri=f"at://{world.alice.did}/app.bsky.feed.post/5", indexedAt="yesterday", record=None),
        7,
        {},
        None,
    ]
    async with world.adapter() as adapter, heard_by(adapter) as seen:
        body = json.dumps({"notifications": strange}).encode()
        world.order("answer", method="GET", path=NEWS, status=200, body=body)
        await world.mention_bot("goes on")
        await until(len(strange) + 1, seen)
    assert [type(event) for event in seen[: len(strange)]] == [UnknownEvent] * len(strange)
    assert len({event.id for event in seen}) == len(seen)
    assert words(seen) == ["on"]


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b'{"notifications": 7, "logs": 7}'])
async def test_an_answer_that_is_nonsense_is_asked_for_again(bluesky_world: BlueskyWorld, body: bytes) -> None:
    world = bluesky_world
    async with world.adapter(pace=PACE) as adapter, heard_by(adapter) as seen:
        world.order("answer", method="GET", path=NEWS, status=200, body=body)
        world.order("answer", method="GET", path=LOG, status=200, body=body)
        await world.mention_bot("heard")
        await world.message_bot("psst")
        await until(2, seen)
    assert sorted(words(seen)) == ["heard", "psst"]


async def test_a_storm_of_refusals_with_a_true_wait_is_waited_out_and_heals(
    bluesky_world: BlueskyWorld, caplog: pytest.LogCaptureFixture
) -> None:
    world = bluesky_world
    began = time.monotonic()
    async with world.adapter(pace=PACE) as adapter, heard_by(adapter) as seen:
        reset = str(int(time.time()) + 2)
        headers = {
            "RateLimit-Limit": "3000",
            "RateLimit-Remaining": "0",
            "RateLimit-Reset": reset,
            "RateLimit-Policy": "3000;w=300",
        }
        refused = b'{"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}'
        for path in (NEWS, LOG):
            world.order("answer", method="GET", path=path, status=429, headers=headers, body=refused, count=1)
            world.order(
                "answer", method="GET", path=path, status=429, headers={"Retry-After": "1"}, body=refused, count=2
            )
        before = len([one for one in world.proxy.requests() if "listNotifications" in one.path])
        with caplog.at_level(logging.WARNING):
            await world.mention_bot("through the storm")
            await until(1, seen)
        asked = len([one for one in world.proxy.requests() if "listNotifications" in one.path]) - before
    assert words(seen) == ["storm"]
    assert asked <= 6, "it is not asked before the time"
    assert time.monotonic() - began > 2.5
    assert len([one for one in caplog.records if "notifications cannot be asked" in one.message]) == 1


async def test_messages_that_cannot_be_asked_for_stand_in_no_mentions_way(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter(pace=PACE) as adapter, heard_by(adapter) as seen:
        world.order("answer", method="GET", path=LOG, status=502, body=b"", count=4)
        await world.message_bot("psst")
        await world.mention_bot("heard")
        await until(2, seen)
    assert words(seen) == ["heard", "psst"]


async def test_direct_messages_are_heard_over_pages_and_restarts_and_those_of_groups_are_not(
    bluesky_world: BlueskyWorld,
) -> None:
    world, chat = bluesky_world, bluesky_world.chat
    count = 50
    async with world.adapter() as adapter:
        await world.message_bot("before")
        after = dict(await adapter.now())
        for number in range(count):
            chat.say(world.alice.did, world.bot.did, f"message {number}")
            chat.say(world.bot.did, world.alice.did, "what the bot says itself")
        chat.say_in_group(world.alice.did, (world.bot.did,), "to all")
        entry = {"$type": "chat.bsky.convo.defs#logUnheardOf", "convoId": "x"}
        chat.log_something_unheard_of(world.bot.did, entry)
        gone = chat.say(world.alice.did, world.bot.did, "taken back")
        gone.is_deleted = True
        chat.say(world.alice.did, world.bot.did, "the end")
        events = await take(adapter, count + 2, after=after)
    said = [event for event in events if isinstance(event, DirectMessageReceived)]
    assert [event.text for event in said] == [
        *(f"message {number}" for number in range(count)),
        "taken back",
        "the end",
    ], "what was deleted since was said all the same: the log has it as it was"
    assert {event.author.handle for event in said} == {world.alice.handle}
    assert len({event.conversation for event in said}) == 1
    async with world.adapter() as adapter:
        place = said[30]
        rest = await take(adapter, count - 31 + 2, after={**after, place.source: place.cursor})
        assert [event.id for event in rest] == [event.id for event in said[31:]]
        told = [event async for event in adapter.history(since=said[0].occurred_at)]
    ids = [event.id for event in told if isinstance(event, DirectMessageReceived)]
    assert ids[-count - 1 :] == [event.id for event in said if event.text != "taken back"][-count - 1 :]


async def test_an_entry_of_the_log_that_cannot_be_read_is_said_to_be_so(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    async with world.adapter() as adapter:
        await world.message_bot("before")
        async with heard_by(adapter) as seen:
            kind = "chat.bsky.convo.defs#logCreateMessage"
            entry = {"$type": kind, "convoId": "x", "message": {"$type": "chat.bsky.convo.defs#messageView", "id": 7}}
            body = {"logs": [{**entry, "rev": "0000000000001"}, 7], "cursor": "0000000000000"}
            world.order("answer", method="GET", path=LOG, status=200, body=json.dumps(body).encode())
            await world.message_bot("goes on")
            await until(3, seen)
    assert [type(event) for event in seen] == [UnknownEvent, UnknownEvent, DirectMessageReceived]


async def test_a_password_that_may_not_listen_is_said_to_be_the_reason(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    refused = b'{"error": "InvalidToken", "message": "Bad token scope"}'
    async with world.adapter() as adapter:
        after = await adapter.now()
        world.order("answer", method="GET", path=NEWS, status=400, body=refused)
        with pytest.raises(AuthenticationFailed, match="do not allow"):
            await take(adapter, 1, after=after)


async def test_a_service_of_messages_that_refuses_the_account_ends_no_listening(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    refused = b'{"error": "InvalidToken", "message": "Bad token method"}'
    async with world.adapter() as adapter:
        world.order("answer", method="GET", path=LOG, status=400, body=refused, count=2)
        after = await adapter.now()
        assert list(after) == ["notifications"]
        await world.mention_bot("heard")
        assert words(await take(adapter, 1, after=after)) == ["heard"]


async def test_a_post_that_is_nested_without_an_end_does_not_make_the_bot_deaf(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    author = {"did": world.alice.did, "handle": world.alice.handle}
    record = {"$type": "app.bsky.feed.post", "text": "hi", "createdAt": date(), "deep": "DEEP"}
    told = [
        {
            "uri": f"at://{world.alice.did}/app.bsky.feed.post/{depth}",
            "cid": "bafyrei",
            "author": author,
            "reason": "mention",
            "record": {**record, "deep": f"DEEP{depth}"},
            "isRead": False,
            "indexedAt": date(),
        }
        for depth in (900, 960, 990, 50_000)
    ]
    body = json.dumps({"notifications": told})
    for depth in (900, 960, 990, 50_000):
        body = body.replace(f'"DEEP{depth}"', "[" * depth + "]" * depth)
    async with world.adapter() as adapter, heard_by(adapter) as seen:
        world.order("answer", method="GET", path=NEWS, status=200, body=body.encode())
        await world.mention_bot("goes on")
        await until(len(told) + 1, seen)
    assert words(seen)[-1] == "on"


async def test_a_notification_of_the_future_hides_none_of_the_present(bluesky_world: BlueskyWorld) -> None:
    world = bluesky_world
    told = {
        "uri": f"at://{world.alice.did}/app.bsky.graph.follow/1",
        "cid": "bafyrei",
        "author": {"did": world.alice.did, "handle": world.alice.handle},
        "reason": "follow",
        "record": {},
        "isRead": False,
        "indexedAt": "2999-01-01T00:00:00.000Z",
    }
    body = json.dumps({"notifications": [told]}).encode()
    async with world.adapter() as adapter:
        after = dict(await adapter.now())
        world.order("answer", method="GET", path=NEWS, status=200, body=body)
        (event,) = await take(adapter, 1, after=after)
        assert isinstance(event, FollowReceived)
        await world.mention_bot("today")
        assert words(await take(adapter, 1, after={**after, event.source: event.cursor})) == ["today"]


@pytest.mark.timeout(180)
async def test_mentions_that_are_large_when_told_keep_nobody_from_being_heard(bluesky_world: BlueskyWorld) -> None:
    """A number is five bytes when it is sent and seventeen when it is told: a page of these is over what is read."""
    world = bluesky_world
    async with world.adapter(answer_within=20.0) as adapter:
        after = await adapter.now()
    # The whole body: Python would write the number as the server does.
    junk = f'"x": [{",".join(["1e15"] * 28_500)}]}}}}'
    made: dict[str, str] = {}
    for number in range(36):
        record = {
            "$type": "app.bsky.feed.post",
            "text": f"@{world.bot.handle} {number}",
            "createdAt": date(),
            "facets": [mark(world.bot)],
        }
        body = json.dumps({"repo": world.alice.did, "collection": "app.bsky.feed.post", "record": record})
        made = await asyncio.to_thread(
            world.alice.do, "com.atproto.repo.createRecord", f"{body.removesuffix('}}')}, {junk}".encode()
        )
    await asyncio.to_thread(world.alice.wait_for, made["uri"])
    async with world.adapter(answer_within=20.0) as adapter:
        heard: list[Event] = []
        async with asyncio.timeout(60), aclosing(adapter.events(after=after)) as events:
            async for event in events:
                heard.append(event)
                if len(heard) == 36:
                    break
    assert words(heard) == [str(number) for number in range(36)]
