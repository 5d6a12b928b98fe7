"""What the adapter makes of relays that are odd, slow, strict or away: a strict fake plays them."""

import asyncio
import itertools
import json
import time
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fake_relay import FakeRelay, Serve
from nostr_account import BOT, NOW, adapter, cursors, listening, texts, until
from nostr_people import Person

from greenroom_adapters.contract import (
    AuthenticationFailed,
    ConfigurationError,
    DirectMessageReceived,
    Event,
    FollowReceived,
    Forbidden,
    Found,
    OutcomeUnknown,
    Post,
    PostRef,
    PostRejected,
    RateLimited,
    TextEvent,
    TooLong,
    Unavailable,
    Undecided,
    UnknownEvent,
)
from greenroom_adapters.testing import Intent

pytestmark = [pytest.mark.asyncio, pytest.mark.timeout(60)]

# Catching up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_until_exclusive", [False, True])
@pytest.mark.parametrize("cap", [25, 40, 500])
async def test_what_was_missed_is_heard_whole_and_in_order_however_little_a_relay_gives_at_a_time(
    cap: int, is_until_exclusive: bool, serve: Serve
) -> None:
    alice = Person()
    relay = await serve(FakeRelay(cap=cap, is_until_exclusive=is_until_exclusive))
    # several to a second, so that pages end in the middle of one
    missed = [alice.mention(BOT.id, f"m{number:03}", at=NOW - 900 + number // 7) for number in range(150)]
    relay.events += missed
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: len(texts(heard)) >= 150)
        await asyncio.sleep(0.1)
    told = texts(heard)
    assert sorted(told) == [f"m{number:03}" for number in range(150)]
    assert [event.occurred_at for event in heard] == sorted(event.occurred_at for event in heard)


async def test_a_restart_goes_on_behind_what_was_heard(serve: Serve) -> None:
    alice = Person()
    relay = await serve(FakeRelay())
    relay.events += [alice.mention(BOT.id, f"m{number:02}", at=NOW - 500 + number) for number in range(30)]
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: len(texts(heard)) >= 30)
    after = {**cursors(relay), heard[9].source: heard[9].cursor}
    async with adapter(relay) as account, listening(account, after) as again:
        await until(lambda: len(texts(again)) >= 20)
        await asyncio.sleep(0.1)
    assert [event.id for event in again] == [event.id for event in heard[10:]]


async def test_a_note_that_reaches_the_relay_late_is_heard(serve: Serve) -> None:
    alice = Person()
    relay = await serve(FakeRelay())
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await relay.put(alice.mention(BOT.id, "now", at=NOW))
        await until(lambda: texts(heard) == ["now"])
        await relay.put(alice.mention(BOT.id, "written while its author was away", at=NOW - 800))
        await until(lambda: len(texts(heard)) == 2)
    after = {**cursors(relay), heard[0].source: heard[0].cursor}
    async with adapter(relay) as account, listening(account, after) as again:
        await until(lambda: bool(texts(again)))
    assert texts(again) == ["written while its author was away"]


async def test_direct_messages_are_heard_whatever_time_is_on_their_wraps(serve: Serve) -> None:
    alice = Person()
    relay = await serve(FakeRelay(cap=30))
    clock = itertools.count(NOW - 400)
    relay.events += [alice.message(BOT.id, f"d{number:02}", at=next(clock)) for number in range(40)]
    relay.events.append(alice.message(BOT.id, "before the account began", at=NOW - 5000))
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: len(texts(heard)) >= 40)
        await relay.put(alice.message(BOT.id, "live"))
        await until(lambda: "live" in texts(heard))
        await asyncio.sleep(0.1)
    assert texts(heard) == [*(f"d{number:02}" for number in range(40)), "live"]
    assert all(isinstance(event, DirectMessageReceived) for event in heard)


async def test_a_direct_message_that_was_written_long_before_it_came_is_heard(serve: Serve) -> None:
    alice = Person()
    relay = await serve(FakeRelay())
    day = 24 * 3600
    after = cursors(relay, at=NOW - 30 * day)
    async with adapter(relay) as account, listening(account, after) as heard:
        await relay.put(alice.message(BOT.id, "of today", at=NOW))
        await until(lambda: texts(heard) == ["of today"])
        moved = {**after, heard[0].source: heard[0].cursor}
    late = alice.message(BOT.id, "written yesterday in a tunnel", at=NOW - day)
    while late["created_at"] < NOW - 2 * day:  # as a client that wraps it when it is sent
        late = alice.message(BOT.id, "written yesterday in a tunnel", at=NOW - day)
    relay.events.append(late)
    async with adapter(relay) as account, listening(account, moved) as again:
        await until(lambda: texts(again) == ["written yesterday in a tunnel"])


async def test_a_post_that_went_to_another_relay_at_its_second_try_is_found(serve: Serve) -> None:
    one, two = await serve(FakeRelay()), await serve(FakeRelay())
    async with adapter(one) as account:
        intent = Intent(account, Post(text="hello"))
    one.answer = lambda event: ["OK", event["id"], False, "blocked: no bots"]
    async with adapter(one, two) as account:
        await account.publish(intent.next_try())
        assert one.events == []
        assert isinstance(await account.find(intent.grow_old(timedelta(hours=1))), Found)


async def test_the_history_has_no_end_of_its_own_and_no_event_twice(serve: Serve) -> None:
    alice = Person()
    one, two = await serve(FakeRelay(cap=25)), await serve(FakeRelay())
    notes = [alice.mention(BOT.id, f"m{number:02}", at=NOW - 500 + number) for number in range(60)]
    one.events += notes[:40]
    two.events += notes[20:]
    since = datetime.fromtimestamp(NOW - 490, UTC)
    async with adapter(one, two) as account, aclosing(account.history(since=since)) as events:
        told = [event.text async for event in events if isinstance(event, TextEvent)]
    assert told == [f"m{number:02}" for number in range(10, 60)]


# Followers -----------------------------------------------------------------------------------------------------------


def follows(heard: list[Event]) -> list[str]:
    return [event.author.id for event in heard if isinstance(event, FollowReceived)]


def listens_for_followers(relay: FakeRelay) -> bool:
    return any(message[0] == "REQ" and message[1].startswith("follows") for message in relay.heard)


async def test_an_old_follower_among_many_who_changes_his_list_is_not_new(serve: Serve) -> None:
    old, new = Person(), Person()
    one, two = await serve(FakeRelay(cap=40)), await serve(FakeRelay())
    one.events.append(old.follow(BOT.id, at=NOW - 90_000))
    # several to a second, so that pages end in the middle of one
    one.events += [Person().follow(BOT.id, at=NOW - 80_000 + number // 3) for number in range(250)]
    async with adapter(one, two) as account, listening(account, cursors(one, two)) as heard:
        await until(lambda: listens_for_followers(one) and listens_for_followers(two))
        for relay in (one, two):
            await relay.put(old.follow(BOT.id, new.id, at=NOW - 5))
            await relay.put(new.follow(BOT.id, at=NOW - 4))
        await until(lambda: bool(follows(heard)))
        await asyncio.sleep(0.1)
    assert follows(heard) == [new.id]


async def test_where_not_all_followers_can_be_read_none_is_new(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom_adapters.nostr.followers.READ", 100)
    old, alice = Person(), Person()
    relay = await serve(FakeRelay())
    relay.events.append(old.follow(BOT.id, at=NOW - 90_000))
    relay.events += [Person().follow(BOT.id, at=NOW - 80_000 + number) for number in range(250)]
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: listens_for_followers(relay))
        await relay.put(old.follow(BOT.id, alice.id, at=NOW - 5))
        await relay.put(alice.mention(BOT.id, "later", at=NOW))
        await until(lambda: texts(heard) == ["later"])
    assert follows(heard) == []


# What cannot be believed ---------------------------------------------------------------------------------------------


async def test_what_cannot_be_believed_is_told_as_unknown_and_ends_nothing(serve: Serve) -> None:
    alice = Person()
    relay = await serve(FakeRelay())
    good = alice.mention(BOT.id, "true", at=NOW)
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: sum(message[0] == "REQ" for message in relay.heard) > 6)
        await relay.put({**good, "content": "forged"})
        await relay.put({**good, "sig": "0" * 128})
        await relay.put({**alice.mention(BOT.id, "x", at=NOW), "created_at": 10**18})
        await relay.say("EVENT", "no such subscription", good)
        await relay.say("EVENT")
        await relay.say({"not": "a message"})
        await relay.say("OK", 5)
        await relay.say("NOTICE", "have a nice day")
        await relay.say("SOMETHING", "new")
        for depth in (950, 50_000):
            deep = "[" * depth + "]" * depth
            await relay.say_as_it_is(f'["NOTICE", {deep}]')
            for name in {name for message in relay.heard if message[0] == "REQ" for name in message[1:2]}:
                await relay.say_as_it_is(f'["EVENT", "{name}", {{"id": "{depth}", "tags": {deep}}}]')
        await relay.put(good)
        await until(lambda: "true" in texts(heard))
    assert texts(heard) == ["true"]
    assert sum(isinstance(event, UnknownEvent) for event in heard) >= 2
    assert relay.opened == 1


async def test_a_wrap_that_is_not_for_us_or_forged_is_unknown(serve: Serve) -> None:
    alice, bob = Person(), Person()
    relay = await serve(FakeRelay())
    wrap = alice.message(bob.id, "for somebody else")
    relay.events.append(alice.event(1059, wrap["content"], [["p", BOT.id]], at=NOW))
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: bool(heard))
    assert isinstance(heard[0], UnknownEvent)


async def test_what_a_relay_gives_unasked_is_left_out(serve: Serve) -> None:
    alice = Person()
    relay = await serve(FakeRelay())
    old = alice.mention(BOT.id, "of last year", at=NOW - 365 * 86400)
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: any(message[1].startswith("public") for message in relay.heard if message[0] == "REQ"))
        name = next(message[1] for message in relay.heard if message[0] == "REQ" and message[1].startswith("public"))
        await relay.say("EVENT", name, old)
        await relay.put(alice.mention(BOT.id, "of today", at=NOW))
        await until(lambda: bool(texts(heard)))
    assert texts(heard) == ["of today"]


async def test_a_flood_fills_no_memory_and_loses_nothing(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom_adapters.nostr.connection.MAILBOX_BYTES", 50_000)
    alice = Person()
    relay = await serve(FakeRelay(cap=25))
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: sum(message[0] == "REQ" for message in relay.heard) > 6)
        for number in range(200):
            await relay.put(alice.mention(BOT.id, f"m{number:03} {'x' * 1000}", at=NOW - 300 + number))
        await until(lambda: len(texts(heard)) >= 200, seconds=30)
    assert sorted(text[:4] for text in texts(heard)) == [f"m{number:03}" for number in range(200)]


# Several relays ------------------------------------------------------------------------------------------------------


async def test_what_several_relays_have_is_heard_once(serve: Serve) -> None:
    alice = Person()
    one, two = await serve(FakeRelay()), await serve(FakeRelay())
    both = [alice.mention(BOT.id, f"both {number}", at=NOW - 100 + number) for number in range(10)]
    one.events += both
    two.events += [*both, alice.mention(BOT.id, "two alone", at=NOW - 50)]
    async with adapter(one, two) as account, listening(account, cursors(one, two)) as heard:
        await until(lambda: len(texts(heard)) >= 11)
        live = alice.mention(BOT.id, "live", at=NOW)
        await one.put(live)
        await two.put(live)
        await until(lambda: "live" in texts(heard))
        await asyncio.sleep(0.1)
    assert len(texts(heard)) == 12
    assert len({event.id for event in heard}) == 12


async def test_one_relay_that_takes_a_post_is_enough_and_the_others_may_do_as_they_like(serve: Serve) -> None:
    good = await serve(FakeRelay())
    bad = await serve(FakeRelay(answer=lambda event: ["OK", event["id"], False, "blocked: no bots"]))
    away = await serve(FakeRelay())
    async with adapter(good, bad, away) as account:
        away.answer = lambda event: ["NOTICE", "nothing"]
        intent = Intent(account, Post(text="hello"))
        receipt = await account.publish(intent.next_try())
        assert [event["id"] for event in good.events] == [receipt.ref.id]
        assert isinstance(await account.find(intent.last_try()), Found)


async def test_as_many_relays_as_the_owner_wants_must_have_a_post(serve: Serve) -> None:
    good = await serve(FakeRelay())
    bad = await serve(FakeRelay(answer=lambda event: ["OK", event["id"], False, "blocked: no bots"]))
    with pytest.raises(ConfigurationError):
        adapter(good, bad, confirm=3)
    async with adapter(good, bad, confirm=2) as account:
        intent = Intent(account, Post(text="hello"))
        with pytest.raises(OutcomeUnknown, match="1 of 2"):
            await account.publish(intent.next_try())
        bad.answer = None
        receipt = await account.publish(intent.next_try())
    assert [event["id"] for event in (*good.events, *bad.events)] == [receipt.ref.id] * 2


async def test_a_relay_that_is_away_keeps_absence_uncertain(serve: Serve) -> None:
    one, two = await serve(FakeRelay()), await serve(FakeRelay())
    async with adapter(one, two) as account:
        intent = Intent(account, Post(text="never sent"))
        old = intent.grow_old(timedelta(hours=1))
        two.handshakes += [(503, {})] * 1000
        await two.cut()
        await asyncio.sleep(0.3)
        verdict = await account.find(old)
        assert isinstance(verdict, Undecided)
        assert not verdict.final
        one.handshakes += [(503, {})] * 1000
        await one.cut()
        await asyncio.sleep(0.3)
        with pytest.raises(Unavailable):
            await account.find(old)


async def test_a_post_that_went_to_a_relay_of_other_settings_is_never_said_to_be_absent(serve: Serve) -> None:
    one, two = await serve(FakeRelay()), await serve(FakeRelay())
    async with adapter(one, two) as account:
        intent = Intent(account, Post(text="before"))
    async with adapter(one) as account:
        verdict = await account.find(intent.grow_old(timedelta(hours=1)))
    assert isinstance(verdict, Undecided)
    assert verdict.final


# What relays ask for -------------------------------------------------------------------------------------------------


async def test_a_relay_that_wants_to_know_who_we_are_is_told(serve: Serve) -> None:
    relay = await serve(FakeRelay(wants_authentication=True))
    async with adapter(relay) as account:
        receipt = await account.publish(Intent(account, Post(text="it is I")).next_try())
    assert relay.who == BOT.id
    assert [event["id"] for event in relay.events] == [receipt.ref.id]


async def test_an_answer_without_an_id_is_for_the_one_event_that_is_open(serve: Serve) -> None:
    relay = await serve(FakeRelay(answer=lambda event: ["OK", "", False, "invalid: too old"]))
    async with adapter(relay) as account:
        with pytest.raises(PostRejected, match="too old"):
            await account.publish(Intent(account, Post(text="hello")).next_try())


async def test_an_answer_without_an_id_is_for_nobody_while_an_older_event_is_unanswered(serve: Serve) -> None:
    relay = await serve(FakeRelay(answer=lambda event: ["NOTICE", "thinking"]))
    async with adapter(relay) as account:
        first = asyncio.create_task(account.publish(Intent(account, Post(text="one"), key="k1").next_try()))
        await until(lambda: any(message[0] == "EVENT" for message in relay.heard))
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        relay.answer = lambda event: ["OK", "", False, "invalid: of the first one?"]
        with pytest.raises(OutcomeUnknown):
            await account.publish(Intent(account, Post(text="two"), key="k2").next_try())


async def test_a_crowd_of_refusals_says_how_long_to_wait(serve: Serve) -> None:
    relay = await serve(
        FakeRelay(answer=lambda event: ["OK", event["id"], False, "rate-limited: try again in 9 seconds"])
    )
    async with adapter(relay) as account:
        for number in range(20):
            with pytest.raises(RateLimited) as asked:
                await account.publish(Intent(account, Post(text=f"{number}"), key=f"k{number}").next_try())
            assert asked.value.retry_after == timedelta(seconds=9)
        relay.answer = None
        await account.publish(Intent(account, Post(text="at last")).next_try())
    assert [event["content"] for event in relay.events] == ["at last"]


async def test_a_storm_of_429_is_waited_out_as_long_as_it_asks_for(serve: Serve) -> None:
    alice = Person()
    relay = await serve(FakeRelay())
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        await until(lambda: sum(message[0] == "REQ" for message in relay.heard) > 6)
        relay.handshakes += [(429, {"Retry-After": "1"})] * 2
        before = time.monotonic()
        await relay.cut()
        await until(lambda: relay.opened == 2)
        assert time.monotonic() - before >= 2
        await relay.put(alice.mention(BOT.id, "after the storm", at=NOW))
        await until(lambda: texts(heard) == ["after the storm"])


async def test_a_subscription_that_the_relay_ends_is_asked_for_again_without_a_loss(serve: Serve) -> None:
    alice = Person()
    relay = await serve(FakeRelay())
    times = itertools.count()

    def closes(filters: list[dict[str, Any]]) -> str | None:
        is_live = any(1059 not in one.get("kinds", ()) and one.get("limit") == 1 for one in filters)
        return "error: not now" if is_live and next(times) < 3 else None

    relay.closes = closes
    async with adapter(relay) as account, listening(account, cursors(relay)) as heard:
        relay.events.append(alice.mention(BOT.id, "meanwhile", at=NOW - 10))
        await until(lambda: texts(heard) == ["meanwhile"])
        await until(lambda: next(times) > 3)
        await relay.put(alice.mention(BOT.id, "live", at=NOW))
        await until(lambda: texts(heard) == ["meanwhile", "live"])


async def test_a_relay_that_lets_nobody_in_is_no_obstacle_while_another_does(serve: Serve) -> None:
    alice = Person()
    closed = await serve(FakeRelay(handshakes=[(403, {})] * 1000))
    opened = await serve(FakeRelay())
    async with adapter(closed, opened) as account, listening(account, cursors(closed, opened)) as heard:
        await until(lambda: sum(message[0] == "REQ" for message in opened.heard) > 6)
        await opened.put(alice.mention(BOT.id, "here", at=NOW))
        await until(lambda: texts(heard) == ["here"])
        await account.publish(Intent(account, Post(text="aye")).next_try())
    with pytest.raises(AuthenticationFailed):
        async with adapter(closed):
            pass


async def test_limits_are_what_the_strictest_relay_says(serve: Serve) -> None:
    generous = await serve(FakeRelay(about={"limitation": {"max_content_length": 500}}))
    strict = await serve(FakeRelay(about={"limitation": {"max_content_length": 100, "max_message_length": 4000}}))
    silent = await serve(FakeRelay(about={"limitation": {"max_content_length": "many"}}))
    async with adapter(generous, strict, silent) as account:
        assert account.capabilities.limits.text[0].length == 100
        account.prepare(Post(text="é" * 100), key="k")
        for text in ("é" * 101, "x" * 101):
            with pytest.raises(TooLong):
                account.prepare(Post(text=text), key="k")
        with pytest.raises(TooLong, match="direct message"):
            account.prepare(Post(text="psst", direct_to=Person().id), key="k")
        standing = await account.check()
        assert standing.me == account.me
    async with adapter(silent, text_length=77) as account:
        assert account.capabilities.limits.text[0].length == 77


async def test_what_relays_want_is_said_before_the_bot_runs(serve: Serve) -> None:
    limitation = {"payment_required": True, "restricted_writes": True, "min_pow_difficulty": 20}
    relay = await serve(FakeRelay(about={"limitation": limitation}))
    away = FakeRelay(url="ws://127.0.0.1:9")
    async with adapter(relay, away) as account:
        warnings = "\n".join((await account.check()).warnings)
        for words in ("paid", "whom it knows", "proof of work", "cannot be reached", "no name", "kind 10050"):
            assert words in warnings
        relay.events.append(BOT.event(0, "{}", at=NOW))
        warnings = "\n".join((await account.check()).warnings)
        for words in ("no name", "kind 10050", "does not say that it is a bot", "may have a newer profile"):
            assert words in warnings


# A relay that is there and answers nothing ---------------------------------------------------------------------------


async def test_a_thread_is_read_in_one_time_however_long_it_is(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("greenroom_adapters.nostr.acting.THREAD_WITHIN", timedelta(seconds=2))
    alice = Person()
    notes = [alice.note("0")]
    for number in range(1, 12):
        notes.append(alice.answer(notes[-1], f"{number}"))
    one, mute = await serve(FakeRelay(events=notes[:])), await serve(FakeRelay(is_mute=True))
    ref = PostRef(id=notes[-1]["id"])
    async with adapter(one, mute) as account:
        began_at = time.monotonic()
        whole = await account.thread(ref)
        del one.events[5]
        broken = await account.thread(ref)
        seconds = time.monotonic() - began_at
        one.is_mute = True
        with pytest.raises(Unavailable):
            await account.thread(ref)
    assert [post.text for post in whole] == [f"{number}" for number in range(11)]
    assert [post.text for post in broken] == [f"{number}" for number in range(6, 11)]
    assert seconds < 5


# Acting --------------------------------------------------------------------------------------------------------------


async def test_declaring_leaves_everything_else_in_the_profile(serve: Serve) -> None:
    one, two = await serve(FakeRelay()), await serve(FakeRelay())
    one.events.append(BOT.event(0, '{"name":"old"}', at=NOW - 200))
    two.events.append(BOT.event(0, '{"name":"Ada","lud16":"a@b","x":{"y":[1]}}', [["i", "github:ada"]], at=NOW - 100))
    async with adapter(one, two) as account:
        assert await account.declare()
        assert not await account.declare()
        assert (await account.check()).me.is_bot
    for relay in (one, two):
        newest = max((event for event in relay.events if event["kind"] == 0), key=lambda event: event["created_at"])
        assert json.loads(newest["content"]) == {"name": "Ada", "lud16": "a@b", "x": {"y": [1]}, "bot": True}
        assert newest["tags"] == [["i", "github:ada"]]
        inbox = [event for event in relay.events if event["kind"] == 10050]
        assert [tag[1] for tag in inbox[0]["tags"]] == [one.url, two.url]


async def test_a_profile_that_cannot_be_seen_is_not_written_over(serve: Serve) -> None:
    one, two = await serve(FakeRelay()), await serve(FakeRelay())
    two.events.append(BOT.event(0, '{"name":"Ada"}', at=NOW))
    async with adapter(one, two) as account:
        two.closes = lambda filters: "error: not now"
        with pytest.raises(Unavailable, match="may be at a relay"):
            await account.declare()
        with pytest.raises(Unavailable):
            await account.follow(Person().id)
        two.closes = None
        two.events[:] = [BOT.event(0, "not JSON", at=NOW)]
        with pytest.raises(Forbidden, match="left as it is"):
            await account.declare()
    assert all(event["kind"] == 0 for event in (*one.events, *two.events))


async def test_an_older_profile_is_not_written_over_a_newer_one_that_cannot_be_seen(serve: Serve) -> None:
    one, two = await serve(FakeRelay()), await serve(FakeRelay())
    one.events.append(BOT.event(0, '{"name":"Ada","about":"old"}', at=NOW - 1000))
    two.events.append(BOT.event(0, '{"name":"Ada","about":"new"}', at=NOW - 10))
    two.closes = lambda filters: "error: busy" if any(0 in one.get("kinds", ()) for one in filters) else None
    async with adapter(one, two) as account:
        with pytest.raises(Unavailable, match="may be at a relay"):
            await account.declare()
        assert len(one.events) == len(two.events) == 1
        two.closes = None
        assert await account.declare()
    newest = max((event for event in one.events if event["kind"] == 0), key=lambda event: event["created_at"])
    assert json.loads(newest["content"]) == {"name": "Ada", "about": "new", "bot": True}


async def test_a_profile_that_is_marked_needs_no_relay_that_is_away(serve: Serve) -> None:
    one, two = await serve(FakeRelay()), await serve(FakeRelay())
    one.events += [BOT.event(0, '{"bot":true}', at=NOW), BOT.event(10050, "", [["relay", one.url]], at=NOW)]
    two.closes = lambda filters: "error: busy"
    async with adapter(one, two) as account:
        assert not await account.declare()


async def test_a_profile_that_is_nowhere_here_is_made_by_its_owner_alone(serve: Serve) -> None:
    relay = await serve(FakeRelay())
    async with adapter(relay) as account:
        assert not await account.declare()
        warnings = "\n".join((await account.check()).warnings)
        assert "none of its relays has a profile of it" in warnings
        assert "Give it a profile" in warnings
    assert relay.events == []


async def test_following_adds_to_the_list_and_takes_nothing_from_it(serve: Serve) -> None:
    alice, bob = Person(), Person()
    relay = await serve(FakeRelay())
    relay.events.append(BOT.event(3, '{"wss://old":{}}', [["p", alice.id, "wss://r", "Al"], ["t", "sea"]], at=NOW + 5))
    async with adapter(relay) as account:
        await account.follow(bob.id)
        await account.follow(bob.id)
        await account.follow(alice.id)
    lists = [event for event in relay.events if event["kind"] == 3]
    assert len(lists) == 2
    assert lists[1]["tags"] == [["p", alice.id, "wss://r", "Al"], ["t", "sea"], ["p", bob.id]]
    assert lists[1]["content"] == lists[0]["content"]
    assert lists[1]["created_at"] > lists[0]["created_at"]


async def test_direct_messages_go_where_their_reader_reads_and_nowhere_private(serve: Serve) -> None:
    alice = Person()
    ours, hers = await serve(FakeRelay()), await serve(FakeRelay())
    private = ["wss://127.0.0.1:4848", "ws://relay.example.org", "wss://localhost", "wss://printer.local", "nonsense"]
    ours.events.append(alice.event(10050, "", [["relay", url] for url in (*private, hers.url)], at=NOW))
    async with adapter(ours, hers) as account:
        intent = Intent(account, Post(text="for your eyes", direct_to=alice.id))
        receipt = await account.publish(intent.next_try())
        again = await account.publish(intent.next_try())
        assert again == receipt
        verdict = await account.find(intent.last_try())
        assert isinstance(verdict, Found)
        assert verdict.receipt.ref == receipt.ref
        with pytest.raises(Forbidden):
            await account.delete(receipt.ref)
    for_her = [event for event in (*ours.events, *hers.events) if ["p", alice.id] in event["tags"]]
    assert len(for_her) == 1
    assert for_her[0] in hers.events
    sender, message = alice.opened(for_her[0])
    assert (sender, message["content"], receipt.ref) == (BOT.id, "for your eyes", PostRef(id=f"dm/{message['id']}"))
    copies = [event for event in ours.events if event["kind"] == 1059 and ["p", BOT.id] in event["tags"]]
    assert [BOT.opened(copy)[1]["id"] for copy in copies] == [message["id"]]
