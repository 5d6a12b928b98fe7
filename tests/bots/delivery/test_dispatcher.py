"""Each post goes out once, whatever the platform answers and whenever the process dies."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from greenroom.storage import SqliteLedger, State, StorageError, Turn
from greenroom.testing import ScriptedPlatform, answer_lost, never_answer
from greenroom_adapters.contract import (
    Absent,
    Attempt,
    AuthenticationFailed,
    Duplicate,
    Forbidden,
    Found,
    Idempotency,
    IdempotencyKind,
    OutcomeUnknown,
    Post,
    PostRef,
    RateLimited,
    Receipt,
    TargetGone,
    TooLong,
    Unavailable,
    Undecided,
    Unsupported,
)

if TYPE_CHECKING:
    from conftest import Door  # type: ignore[import-not-found]  # found by pytest alone
else:
    Door = object

KINDS = list(IdempotencyKind)


def play(platform: ScriptedPlatform, kind: IdempotencyKind, window: timedelta | None = None) -> None:
    """Let the platform be of a class."""
    platform.capabilities = replace(platform.capabilities, idempotency=Idempotency(kind=kind, window=window))


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.mark.asyncio
async def test_a_post_goes_out_once_and_its_receipt_is_stored(door: Door) -> None:
    turn = await door.deliver(await door.intended("Here I am."))
    assert door.platform.texts == ["Here I am."]
    assert turn.state is State.SENT
    assert (turn.outbox[0].post_id, turn.outbox[0].url) == ("x1", "https://scripted.example/x1")
    assert await door.ledger.turn_of_post("home", "x1") == turn.seq


@pytest.mark.asyncio
async def test_the_attempt_is_on_disk_before_its_first_byte(door: Door) -> None:
    seen: list[tuple[State, int, int, bytes]] = []

    async def look(platform: ScriptedPlatform, attempt: Attempt) -> Receipt:
        stored = await door.ledger.turn(turn.seq)
        assert stored is not None
        part = stored.outbox[0]
        seen.append((stored.state, part.number, part.first_tried, part.prepared))
        assert attempt.number == part.number
        assert attempt.prepared == part.prepared
        return platform.take(attempt)

    door.platform.answers.append(look)
    turn = await door.intended()
    now = door.clock.micros()
    await door.deliver(turn)
    assert seen == [(State.SENDING, 1, now, f"prepared key-1-0 at {now}".encode())]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.asyncio
async def test_what_surely_did_not_go_out_is_tried_again_under_the_same_key_as_it_was_prepared(
    door: Door, kind: IdempotencyKind
) -> None:
    play(door.platform, kind)
    door.platform.answers += [Unavailable("down"), Unavailable("still down"), Unavailable("down yet")]
    turn = await door.deliver(await door.intended())
    assert turn.state is State.SENT
    attempts = door.platform.attempts
    assert len(attempts) == 4
    assert len({(attempt.key, attempt.prepared) for attempt in attempts}) == 1
    assert [attempt.number for attempt in attempts] == [1, 2, 3, 4]
    assert {attempt.first_tried_at for attempt in attempts} == {attempts[0].last_tried_at}
    tried = door.platform.tried_at
    pauses = [(later - earlier) / 1e6 for earlier, later in itertools.pairwise(tried)]
    assert all(pause >= 0.5 for pause in pauses)
    assert pauses[2] > pauses[0], "it gives a platform in trouble ever more time"
    assert door.platform.asked == [], "there was no doubt"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.asyncio
async def test_a_wait_that_the_platform_asks_for_is_kept_by_all(door: Door, kind: IdempotencyKind) -> None:
    play(door.platform, kind)
    began = door.clock.micros()
    door.platform.answers.append(RateLimited("slowly", retry_after=timedelta(seconds=90)))
    first, second = await door.intended("first"), await door.intended("second")
    assert (await door.deliver(first)).state is State.SENT
    assert (await door.deliver(second)).state is State.SENT
    assert [(tried - began) / 1e6 for tried in door.platform.tried_at][:2] == pytest.approx([0, 90], abs=0.01)

    door.platform.answers.append(RateLimited("slowly", retry_after=timedelta(seconds=90)))
    third, fourth = await door.intended("third"), await door.intended("fourth")
    tasks = [asyncio.create_task(door.dispatcher().deliver(turn)) for turn in (third, fourth)]
    await door.clock.run_until(lambda: all(task.done() for task in tasks))
    assert len(door.platform.texts) == len(set(door.platform.texts)) == 4


@pytest.mark.parametrize("error", [Forbidden("not here"), TooLong("too long")])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.asyncio
async def test_what_the_platform_refuses_is_dead_and_never_tried_again(
    door: Door, kind: IdempotencyKind, error: Exception
) -> None:
    play(door.platform, kind)
    door.platform.answers.append(error)
    turn = await door.deliver(await door.intended())
    assert turn.state is State.DEAD
    assert str(error) in turn.reason
    assert len(door.platform.attempts) == 1


@pytest.mark.asyncio
async def test_a_reply_whose_target_is_gone_is_ignored_not_dead(door: Door) -> None:
    door.platform.answers.append(TargetGone("deleted"))
    turn = await door.deliver(await door.intended())
    assert (turn.state, turn.reason) == (State.IGNORED, "source gone")


@pytest.mark.asyncio
async def test_a_post_that_cannot_be_prepared_is_dead_without_a_try(door: Door) -> None:
    door.platform.refuses_to_prepare = TooLong("over 500")
    turn = await door.deliver(await door.intended())
    assert turn.state is State.DEAD
    assert turn.reason == "refused before sending: over 500"
    assert door.platform.attempts == []


LOST: list[Callable[[], Exception]] = [
    lambda: OutcomeUnknown("the answer was lost"),
    lambda: TimeoutError(),
    lambda: ConnectionResetError("an error that no adapter should let through"),
    lambda: Unsupported("a mistake of the adapter"),
]


@pytest.mark.parametrize("lost", LOST, ids=["unknown", "timeout", "bug", "unsupported"])
@pytest.mark.parametrize("kind", [IdempotencyKind.KEYED, IdempotencyKind.TWO_PHASE, IdempotencyKind.LISTED])
@pytest.mark.asyncio
async def test_a_lost_answer_to_a_post_that_went_out_is_found_on_the_platform(
    door: Door, kind: IdempotencyKind, lost: Callable[[], Exception]
) -> None:
    play(door.platform, kind)
    door.platform.answers.append(answer_lost(lost()))
    turn = await door.deliver(await door.intended())
    assert turn.state is State.SENT
    assert turn.outbox[0].post_id == "x1"
    assert len(door.platform.posts) == 1
    assert any(line.startswith("found") for line in await door.why(turn))


@pytest.mark.parametrize("kind", [IdempotencyKind.TWO_PHASE, IdempotencyKind.LISTED])
@pytest.mark.asyncio
async def test_without_a_key_a_lost_try_is_repeated_only_when_the_platform_is_sure_that_it_is_absent(
    door: Door, kind: IdempotencyKind
) -> None:
    play(door.platform, kind)
    door.platform.answers.append(OutcomeUnknown("cut off before it arrived"))
    turn = await door.deliver(await door.intended())
    assert turn.state is State.SENT
    assert len(door.platform.posts) == 1
    waited = (door.platform.tried_at[1] - door.platform.tried_at[0]) / 1e6
    assert waited > door.platform.capabilities.settles_after.total_seconds(), "asked until it had settled"
    assert any(line.startswith("absent") for line in await door.why(turn))


@pytest.mark.asyncio
async def test_with_a_key_a_lost_try_that_cannot_be_found_yet_is_repeated_under_it(door: Door) -> None:
    door.platform.answers.append(OutcomeUnknown("cut off before it arrived"))
    turn = await door.deliver(await door.intended())
    assert turn.state is State.SENT
    assert len(door.platform.attempts) == 2
    assert len(door.platform.posts) == 1
    assert len(door.platform.asked) == 1, "the platform is asked before the key is relied on"


@pytest.mark.asyncio
async def test_a_direct_message_is_not_repeated_under_a_key_that_the_platform_has_for_posts_alone(door: Door) -> None:
    door.platform.direct_idempotency = Idempotency(kind=IdempotencyKind.LISTED)
    door.platform.answers.append(answer_lost(OutcomeUnknown("the answer was lost")))
    door.platform.findings.append(Undecided(reason="it is not listed yet"))
    turn = await door.intended("Between us.")
    turn.outbox[0].post = replace(turn.outbox[0].post, direct_to="reader")
    turn = await door.deliver(turn)
    assert turn.state is State.SENT
    assert len(door.platform.posts) == 1
    assert len(door.platform.asked) == 2, "the platform is asked until it tells"


@pytest.mark.asyncio
async def test_where_nothing_can_be_read_back_a_lost_try_is_parked_and_never_repeated(door: Door) -> None:
    play(door.platform, IdempotencyKind.NONE)
    door.platform.answers.append(answer_lost(OutcomeUnknown("the answer was lost")))
    turn = await door.deliver(await door.intended())
    assert turn.state is State.UNKNOWN
    assert len(door.platform.attempts) == 1
    assert "lost" in turn.reason


@pytest.mark.asyncio
async def test_a_post_that_the_platform_can_never_decide_on_is_parked_in_the_end(door: Door) -> None:
    play(door.platform, IdempotencyKind.LISTED)
    door.platform.answers.append(answer_lost(OutcomeUnknown("the answer was lost")))
    door.platform.findings += [Undecided(reason="out of reach")] * 1000
    began = door.clock.micros()
    turn = await door.deliver(await door.intended())
    assert turn.state is State.UNKNOWN
    assert len(door.platform.posts) == 1
    minutes_asked = (door.clock.micros() - began) / 60e6
    assert 10 <= minutes_asked <= 12
    assert 10 < len(door.platform.asked) < 100, "patiently, not in a hurry"


@pytest.mark.asyncio
async def test_a_platform_that_goes_on_losing_answers_is_not_hammered_and_the_post_parked_when_it_is_too_late(
    door: Door,
) -> None:
    door.platform.answers += [OutcomeUnknown("cut off")] * 1000
    turn = await door.intended()
    turn.expires = door.clock.micros() + 3_600_000_000
    turn = await door.deliver(turn)
    assert turn.state is State.UNKNOWN
    assert 5 < len(door.platform.attempts) < 60
    tried = door.platform.tried_at
    pauses = [(later - earlier) / 1e6 for earlier, later in itertools.pairwise(tried)]
    assert all(pause > 0.5 for pause in pauses[1:])


@pytest.mark.asyncio
async def test_silence_while_it_is_asked_is_no_answer(door: Door) -> None:
    play(door.platform, IdempotencyKind.LISTED)
    door.platform.answers.append(answer_lost(OutcomeUnknown("the answer was lost")))
    door.platform.findings += [Unavailable("down"), TimeoutError(), KeyError("a bug of the adapter")]
    turn = await door.deliver(await door.intended())
    assert turn.state is State.SENT
    assert len(door.platform.asked) == 4
    assert len(door.platform.posts) == 1


@pytest.mark.asyncio
async def test_a_long_outage_after_a_lost_answer_does_not_park_what_a_key_can_settle(door: Door) -> None:
    door.platform.answers += [answer_lost(OutcomeUnknown("cut off")), *[Unavailable("down")] * 15]
    door.platform.findings += [Unavailable("down")] * 2
    turn = await door.deliver(await door.intended())
    assert turn.state is State.SENT
    assert len(door.platform.posts) == 1
    assert door.clock.micros() - door.platform.tried_at[0] > 15 * 60e6


# restarts, and other machines


class SharedLedger(SqliteLedger):
    """One that another machine may come to own."""

    @property
    @override
    def act_within(self) -> float:
        return 2.0


@pytest.mark.asyncio
async def test_what_another_machine_tried_is_not_absent_before_it_has_settled_by_the_clock_of_this_one(
    door: Door,
) -> None:
    play(door.platform, IdempotencyKind.LISTED)
    door.ledger_class = SharedLedger
    turn = await left_in_sending(door, took=True)
    # the clock of this one is ahead, so the platform is believed to have shown it long ago
    door.clock.turn(minutes(30))
    door.platform.findings += [Absent()]
    turn = await door.deliver(turn)
    assert turn.state is State.SENT
    assert len(door.platform.posts) == 1


@pytest.mark.asyncio
async def test_what_another_machine_tried_and_is_absent_once_it_has_settled_is_sent(door: Door) -> None:
    play(door.platform, IdempotencyKind.LISTED)
    door.ledger_class = SharedLedger
    turn = await left_in_sending(door, took=False)
    taken_over = door.clock.now()
    assert (await door.deliver(turn)).state is State.SENT
    assert len(door.platform.posts) == 1
    assert door.clock.now() - taken_over >= door.platform.capabilities.settles_after


@pytest.mark.asyncio
async def test_who_was_suspended_between_noting_a_try_and_making_it_does_not_make_it(door: Door) -> None:
    door.ledger_class = SharedLedger
    turn = await door.after_crash(await door.intended())
    suspensions = [minutes(5)]

    def suspended(point: str) -> None:
        if point == "after_sending" and suspensions:
            assert not door.platform.attempts
            door.clock.turn(suspensions.pop())

    door.faults = suspended
    turn = await door.deliver(turn)
    assert turn.state is State.SENT
    assert (turn.outbox[0].number, len(door.platform.attempts)) == (2, 1)


@pytest.mark.asyncio
async def test_a_post_whose_answer_is_lost_is_looked_for_from_its_first_try_on(door: Door) -> None:
    def in_ten_minutes(platform: ScriptedPlatform, attempt: Attempt) -> Receipt:
        door.clock.turn(minutes(10))
        raise OutcomeUnknown("cut off")

    tried = door.clock.now()
    door.platform.answers.append(in_ten_minutes)
    await door.deliver(await door.intended())
    asked = door.platform.asked[0]
    assert (asked.number, asked.first_tried_at, asked.last_tried_at) == (1, tried, tried + minutes(10))


async def left_in_sending(door: Door, *, took: bool) -> Turn:
    """Return a turn as a process finds it whose predecessor died in the middle of publishing."""
    turn = await door.intended()
    task = asyncio.create_task(door.dispatcher().deliver(turn))
    door.platform.answers.append(never_answer)
    async with asyncio.timeout(10):
        while not door.platform.attempts:
            await asyncio.sleep(0.001)
    if took:
        door.platform.take(door.platform.attempts[0])
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    found: Turn = await door.after_crash(turn)
    assert found.state is State.SENDING
    return found


@pytest.mark.parametrize("took", [True, False])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.asyncio
async def test_what_was_being_sent_at_a_crash_is_looked_up_before_anything_else(
    door: Door, kind: IdempotencyKind, took: bool
) -> None:
    play(door.platform, kind)
    turn = await left_in_sending(door, took=took)
    turn = await door.deliver(turn)
    assert len(door.platform.asked) >= 1
    if kind is IdempotencyKind.NONE:
        assert turn.state is State.UNKNOWN
        assert len(door.platform.attempts) == 1, "never resent blindly"
    else:
        assert turn.state is State.SENT
        assert len(door.platform.posts) == 1
        assert len(door.platform.attempts) == (1 if took else 2)


@pytest.mark.asyncio
async def test_what_was_only_intended_at_a_crash_was_never_tried_and_is_sent(door: Door) -> None:
    play(door.platform, IdempotencyKind.NONE)
    turn = await door.after_crash(await door.intended())
    turn = await door.deliver(turn)
    assert turn.state is State.SENT
    assert door.platform.asked == []


@pytest.mark.parametrize(("age", "trusted"), [(8.9, True), (9.0, False), (9.5, False), (20.0, False)])
@pytest.mark.asyncio
async def test_a_key_is_relied_on_only_within_its_window_less_the_margin(door: Door, age: float, trusted: bool) -> None:
    # of ten minutes a tenth is the margin
    play(door.platform, IdempotencyKind.KEYED, minutes(10))
    turn = await left_in_sending(door, took=False)
    door.clock.turn(minutes(age))
    door.platform.findings += [Undecided(reason="not yet"), Undecided(reason="never", final=True)]
    turn = await door.deliver(turn)
    assert turn.state is (State.SENT if trusted else State.UNKNOWN)
    assert len(door.platform.attempts) == (2 if trusted else 1)


@pytest.mark.asyncio
async def test_time_in_the_queue_before_the_first_try_does_not_use_up_the_key(door: Door) -> None:
    play(door.platform, IdempotencyKind.KEYED, minutes(10))
    turn = await door.intended()
    door.clock.turn(minutes(60))
    door.platform.answers.append(OutcomeUnknown("cut off"))
    turn = await door.deliver(turn)
    assert turn.state is State.SENT
    assert len(door.platform.asked) == 1
    assert len(door.platform.attempts) == 2


@pytest.mark.asyncio
async def test_a_key_whose_window_ends_while_the_turn_waits_is_not_relied_on(door: Door) -> None:
    play(door.platform, IdempotencyKind.KEYED, minutes(10))
    turn = await left_in_sending(door, took=True)
    door.platform.findings += [Undecided(reason="not yet")]
    door.pacer.pause("by hand")
    task = asyncio.create_task(door.dispatcher().deliver(turn))
    async with asyncio.timeout(10):
        while not door.clock.awaited:
            await asyncio.sleep(0.001)
    door.clock.turn(minutes(30))
    door.platform.posts = [("forgotten", post) for _, post in door.platform.posts]
    door.platform.findings += [Undecided(reason="out of reach", final=True)]
    door.pacer.resume()
    await door.clock.run_until(task.done)
    await task
    assert (await door.stored(turn)).state is State.UNKNOWN
    assert len(door.platform.attempts) == 1


@pytest.mark.parametrize(
    "later",
    [Unavailable("down"), RateLimited("slowly", retry_after=timedelta(seconds=5)), AuthenticationFailed("no")],
    ids=["unavailable", "rate limited", "signed out"],
)
@pytest.mark.asyncio
async def test_a_doubt_is_kept_when_a_later_try_does_not_go_out(door: Door, later: Exception) -> None:
    door.platform.answers += [answer_lost(OutcomeUnknown("the answer was lost")), later]
    door.platform.findings += [Undecided(reason="not yet")]
    task = asyncio.create_task(door.dispatcher().deliver(turn := await door.intended()))
    async with asyncio.timeout(10):
        while len(door.platform.attempts) < 2 or not door.clock.awaited:
            await asyncio.sleep(0.001)
    stored = await door.stored(turn)
    assert stored.state is State.SENDING, "found so after a crash, it is looked up"
    door.pacer.resume()
    await door.clock.run_until(task.done)
    assert (await door.stored(turn)).state is State.SENT
    assert len(door.platform.posts) == 1


@pytest.mark.parametrize("later", [Forbidden("not here"), TargetGone("deleted"), TooLong("too long")])
@pytest.mark.asyncio
async def test_in_doubt_a_later_refusal_does_not_call_it_dead_but_parks_it(door: Door, later: Exception) -> None:
    door.platform.answers += [answer_lost(OutcomeUnknown("the answer was lost")), later]
    door.platform.findings += [Undecided(reason="not yet")]
    turn = await door.deliver(await door.intended())
    assert turn.state is State.UNKNOWN
    assert len(door.platform.posts) == 1


@pytest.mark.asyncio
async def test_a_duplicate_is_ours_when_it_is_found(door: Door) -> None:
    def taken_already(platform: ScriptedPlatform, attempt: Attempt) -> Receipt:
        platform.take(attempt)
        raise Duplicate("you said that already")

    door.platform.answers.append(taken_already)
    turn = await door.deliver(await door.intended())
    assert turn.state is State.SENT


@pytest.mark.asyncio
async def test_a_duplicate_of_something_else_is_dead(door: Door) -> None:
    door.platform.answers.append(Duplicate("you said that already"))
    door.platform.findings.append(Absent())
    turn = await door.deliver(await door.intended())
    assert turn.state is State.DEAD
    assert "duplicate" in turn.reason
    assert len(door.platform.attempts) == 1


@pytest.mark.asyncio
async def test_a_checkpoint_is_on_disk_when_it_returns_and_comes_back_after_a_crash(door: Door) -> None:
    play(door.platform, IdempotencyKind.TWO_PHASE)

    async def first_phase(platform: ScriptedPlatform, attempt: Attempt) -> Receipt:
        await attempt.checkpoint(b"container 7")
        stored = await door.ledger.turn(turn.seq)
        assert stored is not None
        assert stored.outbox[0].checkpoint == b"container 7"
        return await never_answer(platform, attempt)

    door.platform.answers.append(first_phase)
    turn = await door.intended()
    task = asyncio.create_task(door.dispatcher().deliver(turn))
    async with asyncio.timeout(10):
        while (await door.stored(turn)).outbox[0].checkpoint is None:
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    found = await door.after_crash(turn)
    door.platform.findings.append(Absent())
    assert (await door.deliver(found)).state is State.SENT
    assert door.platform.asked[0].state == b"container 7"
    assert door.platform.attempts[1].state == b"container 7"
    assert door.platform.attempts[1].number == 2


# threads


@pytest.mark.asyncio
async def test_each_part_of_a_thread_answers_the_one_before(door: Door) -> None:
    turn = await door.deliver(await door.intended("one", "two", "three"))
    assert turn.state is State.SENT
    assert door.platform.texts == ["one", "two", "three"]
    targets = [post.in_reply_to.id if post.in_reply_to else None for _, post in door.platform.posts]
    assert targets == ["p1", "x1", "x2"]
    assert [await door.ledger.turn_of_post("home", f"x{number}") for number in (1, 2, 3)] == [turn.seq] * 3


@pytest.mark.asyncio
async def test_a_thread_goes_on_after_a_crash_at_the_first_part_that_is_not_out(door: Door) -> None:
    turn = await door.intended("one", "two", "three")
    door.platform.answers += [lambda platform, attempt: platform.take(attempt), never_answer]
    task = asyncio.create_task(door.dispatcher().deliver(turn))
    async with asyncio.timeout(10):
        while len(door.platform.attempts) < 2:
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    turn = await door.deliver(await door.after_crash(turn))
    assert turn.state is State.SENT
    assert door.platform.texts == ["one", "two", "three"]
    assert len({key for key, _ in door.platform.posts}) == 3
    assert [post.in_reply_to.id for _, post in door.platform.posts if post.in_reply_to] == ["p1", "x1", "x2"]


@pytest.mark.asyncio
async def test_a_part_that_is_parked_keeps_the_rest_of_its_thread_back(door: Door) -> None:
    play(door.platform, IdempotencyKind.NONE)
    turn = await door.intended("one", "two", "three")
    door.platform.answers += [
        lambda platform, attempt: platform.take(attempt),
        answer_lost(OutcomeUnknown("the answer was lost")),
    ]
    turn = await door.deliver(turn)
    assert turn.state is State.UNKNOWN
    assert door.platform.texts == ["one", "two"]
    assert [part.post_id for part in turn.outbox] == ["x1", None, None]


# time, pauses and limits


@pytest.mark.asyncio
async def test_what_is_too_late_is_stale_and_not_sent(door: Door) -> None:
    turn = await door.intended()
    door.clock.turn(timedelta(hours=6, microseconds=1))
    turn = await door.deliver(turn)
    assert turn.state is State.STALE
    assert door.platform.attempts == []


@pytest.mark.asyncio
async def test_at_its_last_moment_it_is_still_sent(door: Door) -> None:
    turn = await door.intended()
    door.clock.turn(timedelta(hours=6))
    assert (await door.deliver(turn)).state is State.SENT


@pytest.mark.asyncio
async def test_a_retry_keeps_on_no_longer_than_the_rule_allows(door: Door) -> None:
    door.platform.answers += [Unavailable("down")] * 10_000
    turn = await door.intended()
    turn.expires = door.clock.micros() + 3_600_000_000
    turn = await door.deliver(turn)
    assert turn.state is State.STALE
    assert "down" in turn.reason
    assert door.clock.micros() == turn.expires
    assert 5 < len(door.platform.attempts) < 60


@pytest.mark.asyncio
async def test_nothing_goes_out_while_the_account_is_paused(door: Door) -> None:
    door.pacer.pause("by hand")
    turn = await door.intended()
    task = asyncio.create_task(door.dispatcher().deliver(turn))
    async with asyncio.timeout(10):
        while not door.clock.awaited:
            await asyncio.sleep(0.001)
    door.clock.turn(timedelta(hours=1))
    await asyncio.sleep(0.01)
    assert door.platform.attempts == []
    door.pacer.resume()
    async with asyncio.timeout(10):
        await task
    assert (await door.stored(turn)).state is State.SENT


@pytest.mark.asyncio
async def test_a_pause_that_outlasts_the_turn_makes_it_stale_and_says_why(door: Door) -> None:
    door.pacer.pause("the owner is on holiday")
    turn = await door.deliver(await door.intended())
    assert turn.state is State.STALE
    assert "the owner is on holiday" in turn.reason


@pytest.mark.asyncio
async def test_refused_credentials_pause_the_account_and_nothing_is_lost(door: Door) -> None:
    door.platform.answers.append(AuthenticationFailed("revoked"))
    turn = await door.intended()
    task = asyncio.create_task(door.dispatcher().deliver(turn))
    async with asyncio.timeout(10):
        while door.pacer.paused is None or not door.clock.awaited:
            await asyncio.sleep(0.001)
    assert "revoked" in str(door.pacer.paused)
    await door.ledger.committed()
    assert "revoked" in (await door.ledger.paused())["home"], "over restarts as well"
    assert (await door.stored(turn)).state is State.INTENDED
    assert any("account paused" in line for line in await door.why(turn))
    door.pacer.resume()
    async with asyncio.timeout(10):
        await task
    assert (await door.stored(turn)).state is State.SENT
    assert len(door.platform.posts) == 1


@pytest.mark.asyncio
async def test_a_publish_that_hangs_is_given_up_at_its_deadline_and_looked_up(door: Door) -> None:
    door.platform.capabilities = replace(door.platform.capabilities, publish_deadline=timedelta(seconds=0.2))
    door.platform.answers.append(never_answer)
    turn = await door.intended()
    async with asyncio.timeout(5):
        turn = await door.deliver(turn)
    assert turn.state is State.SENT
    assert len(door.platform.asked) == 1
    assert len(door.platform.attempts) == 2
    assert len(door.platform.posts) == 1


@pytest.mark.asyncio
async def test_a_stop_from_outside_is_no_deadline(door: Door) -> None:
    door.platform.answers.append(never_answer)
    task = asyncio.create_task(door.dispatcher().deliver(turn := await door.intended()))
    async with asyncio.timeout(10):
        while not door.platform.attempts:
            await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (await door.stored(turn)).state is State.SENDING, "left as it is for the next start"


@pytest.mark.asyncio
async def test_when_the_ledger_fails_not_a_byte_leaves(door: Door) -> None:
    turn = await door.intended()
    turn.outbox[0].checkpoint = object()  # nothing that could be stored
    with pytest.raises(StorageError):
        await door.dispatcher().deliver(turn)
    assert door.platform.attempts == []


@pytest.mark.asyncio
async def test_a_turn_that_is_set_aside_while_it_waits_is_not_sent(door: Door) -> None:
    door.pacer.pause("by hand")
    turn = await door.intended()
    task = asyncio.create_task(door.dispatcher().deliver(turn))
    async with asyncio.timeout(10):
        while not door.clock.awaited:
            await asyncio.sleep(0.001)
    turn.state, turn.reason = State.IGNORED, "source gone"
    door.pacer.resume()
    async with asyncio.timeout(10):
        await task
    assert door.platform.attempts == []
    assert (turn.state, turn.reason) == (State.IGNORED, "source gone")


@pytest.mark.asyncio
async def test_a_platform_is_not_asked_about_everything_in_doubt_at_once(door: Door) -> None:
    play(door.platform, IdempotencyKind.LISTED)
    dispatcher = door.dispatcher()
    turns = [await door.intended() for _ in range(20)]
    door.platform.answers.extend(answer_lost(OutcomeUnknown("the answer was lost")) for _ in turns)
    may_tell = door.platform.may_tell = asyncio.Event()
    tasks = [asyncio.create_task(dispatcher.deliver(turn)) for turn in turns]
    await door.clock.run_until(lambda: len(door.platform.attempts) == len(turns))
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(door.platform.asked) == 8
    may_tell.set()
    await door.clock.run_until(lambda: all(task.done() for task in tasks))
    assert {turn.state for turn in turns} == {State.SENT}
    assert len(door.platform.posts) == len(turns)


@pytest.mark.asyncio
async def test_a_room_post_stays_what_it_was_over_a_crash(door: Door) -> None:
    turn = await door.intended("hello")
    turn.outbox[0].post = Post(text="hello", room="lounge", language="en", content_warning="greeting")
    door.ledger.save(turn)
    turn = await door.deliver(await door.after_crash(turn))
    assert door.platform.posts[0][1] == Post(text="hello", room="lounge", language="en", content_warning="greeting")


@pytest.mark.asyncio
async def test_what_was_looked_up_is_remembered_only_until_the_ledger_knows_whose_it_is(
    door: Door, platform: ScriptedPlatform
) -> None:
    play(platform, IdempotencyKind.LISTED)
    dispatcher = door.dispatcher()
    for _ in range(3):
        platform.answers.append(answer_lost(OutcomeUnknown("the answer was lost")))
        turn = await door.intended()
        task = asyncio.create_task(dispatcher.deliver(turn))
        await door.clock.run_until(task.done)
        assert turn.state is State.SENT
    assert dispatcher._conclusions.claimed == {}
    taken = Receipt(key="other", ref=PostRef(id="x1"), published_at=door.clock.now())
    platform.answers.append(OutcomeUnknown("the answer was lost"))
    platform.findings.append(Found(receipt=taken))
    other = await door.intended()
    task = asyncio.create_task(dispatcher.deliver(other))
    await door.clock.run_until(task.done)
    assert other.state is State.UNKNOWN, "that post is the first turn's"
    assert dispatcher._conclusions.claimed == {}
