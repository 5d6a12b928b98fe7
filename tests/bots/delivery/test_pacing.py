"""An account never writes faster than its platform allows, and remembers what that is."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.clock import to_micros
from greenroom.delivery import Pacer, forget_block
from greenroom.policy import ALLOW, PAUSE, Refuse
from greenroom.storage import State
from greenroom.testing import ManualClock, ScriptedPlatform
from greenroom_adapters.contract import Attempt, OutcomeUnknown, Quota, RateLimited, Receipt, Trust

if TYPE_CHECKING:
    from conftest import Door  # type: ignore[import-not-found]  # found by pytest alone
else:
    Door = object


def quota(clock: ManualClock, remaining: int, *, limit: int = 100, seconds: float = 60) -> Quota:
    return Quota(bucket="posts", limit=limit, remaining=remaining, resets_at=clock.now() + timedelta(seconds=seconds))


def pacer_that_heard(pacer: Pacer) -> Pacer:
    """Return it as it is when its first write was answered, or cannot go out."""
    if pacer.take():
        pacer.end()
    return pacer


@pytest.mark.asyncio
async def test_the_first_write_after_a_start_goes_alone_until_its_answer(clock: ManualClock) -> None:
    pacer = Pacer(clock, quotas=[quota(clock, 50)])
    assert pacer.take()
    assert not pacer.take()
    waiting = [asyncio.create_task(pacer.wait(clock.micros() + 3_600_000_000)) for _ in range(3)]
    await asyncio.sleep(0)
    pacer.heard(quota(clock, 40))
    pacer.end()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*waiting) == [True] * 3, "without a turn of the clock"
    assert [pacer.take() for _ in range(36)] == [True] * 35 + [False], "as many as its answer told, but for the margin"


def test_a_first_write_that_takes_long_is_not_waited_for_for_ever(clock: ManualClock) -> None:
    pacer = Pacer(clock)
    assert pacer.take()
    clock.turn(timedelta(seconds=4.9))
    assert not pacer.take()
    clock.turn(timedelta(seconds=0.1))
    assert pacer.take()


def test_the_first_write_of_every_window_goes_alone_since_its_answer_tells_when_it_ends(clock: ManualClock) -> None:
    pacer = pacer_that_heard(Pacer(clock, quotas=[quota(clock, 10, limit=10)]))
    assert [pacer.take() for _ in range(11)] == [True] * 10 + [False]
    for left in range(9, -1, -1):
        pacer.heard(quota(clock, left, limit=10))
        pacer.end()
    clock.turn(timedelta(seconds=60))
    assert [pacer.take() for _ in range(2)] == [True, False]
    pacer.heard(quota(clock, 9, limit=10))
    pacer.end()
    assert [pacer.take() for _ in range(10)] == [True] * 9 + [False]


def test_what_was_on_its_way_when_a_process_died_counts_until_an_answer_tells_what_is_left(clock: ManualClock) -> None:
    pacer = Pacer(clock, quotas=[quota(clock, 7, limit=10)])
    pacer.doubt(7)
    assert pacer.waits_until() == to_micros(clock.now() + timedelta(seconds=60)), "all of the window may be used"
    for is_out in (True, False, False):
        kept = pacer.looked_up(is_out=is_out)
        assert [quota.remaining for quota in kept] == ([6] if is_out else [])
    assert pacer.take()
    pacer.end()
    pacer.heard(quota(clock, 4, limit=10))
    assert [pacer.take() for _ in range(5)] == [True] * 4 + [False], "two of the four had not arrived"


def test_an_answer_to_an_earlier_write_says_nothing_of_writes_in_doubt(clock: ManualClock) -> None:
    pacer = pacer_that_heard(Pacer(clock, quotas=[quota(clock, 10, limit=10)]))
    assert all(pacer.take() for _ in range(9))
    for _ in range(8):
        pacer.end()
        pacer.doubt()
    pacer.end()
    pacer.heard(quota(clock, 8, limit=10))
    assert not pacer.is_free, "eight of the nine may have arrived after the one that was answered"


def test_a_write_that_was_given_up_is_no_later_one_whose_answer_ends_a_doubt(clock: ManualClock) -> None:
    pacer = pacer_that_heard(Pacer(clock, quotas=[quota(clock, 10, limit=10)]))
    assert [pacer.take(), pacer.take()] == [True, True]
    pacer.end()
    pacer.doubt()
    for _ in range(2):
        assert pacer.take()
        pacer.end(was_used=False)
    pacer.end()
    pacer.heard(quota(clock, 1, limit=10))
    assert not pacer.is_free, "the one in doubt may have arrived after the one that was answered"


def test_a_first_write_that_was_given_up_leaves_it_to_the_next_whatever_is_under_way(clock: ManualClock) -> None:
    pacer = pacer_that_heard(Pacer(clock, quotas=[quota(clock, 10, limit=10)]))
    assert pacer.take(), "a slow one"
    clock.turn(timedelta(seconds=60))
    assert [pacer.take(), pacer.take()] == [True, False]
    pacer.end(was_used=False)
    assert [pacer.take(), pacer.take()] == [True, False]


def test_an_answer_about_another_limit_says_nothing_of_writes_in_doubt(clock: ManualClock) -> None:
    pacer = Pacer(clock, quotas=[quota(clock, 3, limit=10)])
    pacer.doubt(2)
    assert pacer.take()
    pacer.end()
    pacer.heard(replace(quota(clock, 5, limit=10), bucket="messages"))
    assert [pacer.take() for _ in range(3)] == [True, False, False]


def test_where_each_room_has_a_limit_of_its_own_the_end_of_one_window_makes_nobody_wait(clock: ManualClock) -> None:
    pacer = pacer_that_heard(Pacer(clock))
    for number in range(20):
        pacer.heard(replace(quota(clock, 10, limit=10, seconds=10 + number), bucket=f"room {number}"))
    clock.turn(timedelta(seconds=15))
    assert [pacer.take() for _ in range(3)] == [True] * 3


def test_where_each_room_has_a_limit_of_its_own_those_that_are_over_are_not_all_kept(clock: ManualClock) -> None:
    pacer = Pacer(clock)
    pacer.heard(quota(clock, 40, seconds=86_400))
    for number in range(200):
        pacer.heard(replace(quota(clock, 4, limit=5, seconds=5), bucket=f"room {number}"))
        pacer.doubt()
        clock.turn(timedelta(seconds=1))
    kept = {quota.bucket: quota.remaining for quota in pacer.looked_up(is_out=True)}
    assert len(kept) <= 50
    assert kept["posts"] == 39, "this one runs"
    assert {f"room {number}" for number in range(195, 200)} <= kept.keys()


def test_the_answer_to_the_first_write_of_a_window_lets_the_others_go_whatever_is_under_way(clock: ManualClock) -> None:
    pacer = pacer_that_heard(Pacer(clock, quotas=[quota(clock, 10, limit=10)]))
    assert pacer.take(), "a slow one"
    clock.turn(timedelta(seconds=60))
    assert [pacer.take(), pacer.take()] == [True, False]
    pacer.end()
    pacer.heard(quota(clock, 9, limit=10))
    assert pacer.take()


@pytest.mark.asyncio
async def test_who_waits_because_of_a_write_in_doubt_goes_as_soon_as_it_is_known_not_to_be_there(
    clock: ManualClock,
) -> None:
    pacer = Pacer(clock, quotas=[quota(clock, 1, limit=10)])
    pacer.doubt()
    waiting = asyncio.create_task(pacer.wait(clock.micros() + 3_600_000_000))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    pacer.looked_up(is_out=False)
    async with asyncio.timeout(5):
        assert await waiting, "without a turn of the clock"


class Mortal:
    """Processes that write on one account, one after the other is killed; what each leaves is what a ledger keeps."""

    def __init__(self, clock: ManualClock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._ends = clock.now()
        self._used = 0
        self._kept: list[Quota] = []
        self._answers: list[Quota] = []
        """Of writes that are under way, by arrival."""
        self._sending = 0
        """Writes of which the ledger knows no end."""
        self._lost = 0
        self._in_doubt = 0
        """Those of them whose answers nobody will hear."""
        self.refused = 0
        self._pacer = Pacer(clock)

    def write(self) -> None:
        while self._pacer.take():
            now = self._clock.now()
            if now >= self._ends:
                self._used, self._ends = 0, now + timedelta(seconds=60)
            self.refused += self._used >= self._limit
            self._used += 1
            left = max(0, self._limit - self._used)
            self._answers.append(Quota(bucket="posts", limit=self._limit, remaining=left, resets_at=self._ends))
            self._sending += 1

    def hear(self, which: int = 0) -> None:
        if self._answers:
            answer = self._answers.pop(which)
            self._pacer.end()
            self._kept = [self._pacer.heard(answer)]
            self._sending -= 1

    def hear_the_newest(self) -> None:
        self.hear(-1)

    def lose(self) -> None:
        # of a window nothing is known before its first answer
        if self._answers and self._lost < self._limit // 2:
            self._lost += 1
            self._answers.pop()
            self._pacer.end()
            self._pacer.doubt()
            self._in_doubt += 1

    def die(self) -> None:
        self._answers.clear()
        self._pacer = Pacer(self._clock, quotas=self._kept)
        self._pacer.doubt(self._sending)
        self._in_doubt = self._sending

    def look_up(self) -> None:
        if self._in_doubt:
            self._in_doubt -= 1
            self._sending -= 1
            self._kept = self._pacer.looked_up(is_out=True) or self._kept

    def wait(self) -> None:
        while self._answers:
            self.hear()
        self._clock.turn(timedelta(seconds=20))


@settings(max_examples=300, deadline=None)
@given(
    limit=st.integers(12, 60),
    lives=st.lists(
        st.lists(
            st.sampled_from(
                ["write", "write", "hear", "hear", "hear_the_newest", "lose", "look_up", "look_up", "wait"]
            ),
            max_size=40,
        ),
        max_size=5,
    ),
)
def test_a_limit_is_never_overrun_whenever_processes_die_and_answers_are_lost(
    limit: int, lives: list[list[str]]
) -> None:
    processes = Mortal(ManualClock(), limit)
    for life in lives:
        for step in life:
            getattr(processes, step)()
        processes.die()
    processes.write()
    assert processes.refused == 0


@pytest.mark.parametrize(("remaining", "waits"), [(7, False), (6, False), (5, True), (4, True), (0, True)])
def test_a_twentieth_of_the_limit_is_left_untouched(clock: ManualClock, remaining: int, waits: bool) -> None:
    pacer = Pacer(clock, quotas=[quota(clock, remaining)])
    assert pacer.waits_until() == (to_micros(clock.now() + timedelta(seconds=60)) if waits else 0)
    assert pacer.is_free is not waits


def test_after_the_reset_it_writes_again(clock: ManualClock) -> None:
    pacer = Pacer(clock, quotas=[quota(clock, 0)])
    clock.turn(timedelta(seconds=60))
    assert pacer.is_free


@pytest.mark.parametrize("limit", [1, 2, 19, 20])
def test_of_a_small_limit_every_write_is_used_but_no_more(clock: ManualClock, limit: int) -> None:
    pacer = pacer_that_heard(Pacer(clock, quotas=[quota(clock, limit, limit=limit)]))
    taken = 0
    while pacer.take():
        taken += 1
    assert taken == (limit if limit < 20 else limit - 1)


def test_answers_that_overtake_each_other_do_not_raise_what_is_left(clock: ManualClock) -> None:
    pacer = Pacer(clock, quotas=[quota(clock, 5)])
    pacer.heard(quota(clock, 50))
    assert not pacer.is_free
    pacer.heard(quota(clock, 50, seconds=120))
    assert pacer.is_free, "of a new window it is"


def test_an_answer_that_comes_after_the_end_of_its_window_ends_no_other(clock: ManualClock) -> None:
    pacer = Pacer(clock, quotas=[quota(clock, 50)])
    late = quota(clock, 8)
    clock.turn(timedelta(seconds=60))
    used_up = pacer.heard(quota(clock, 0))
    assert pacer.heard(late) == used_up
    assert not pacer.is_free


def test_what_is_left_of_a_limit_reckons_with_writes_that_may_have_arrived(clock: ManualClock) -> None:
    pacer = Pacer(clock, quotas=[quota(clock, 80)])
    pacer.doubt(20)
    assert pacer.share_left() == pytest.approx(0.6)
    pacer.looked_up(is_out=False)
    pacer.looked_up(is_out=True)
    assert pacer.share_left() == pytest.approx(0.61)
    pacer.doubt(100)
    assert pacer.share_left() == 0
    clock.turn(timedelta(seconds=60))
    assert pacer.share_left() == 1


def test_a_limit_of_nothing_is_no_limit_that_could_be_kept(clock: ManualClock) -> None:
    pacer = Pacer(clock, quotas=[quota(clock, 0, limit=0)])
    assert pacer.is_free


def test_the_longer_of_two_waits_holds(clock: ManualClock) -> None:
    pacer = Pacer(clock)
    first = pacer.block(timedelta(seconds=30))
    assert pacer.block(timedelta(seconds=10)) == first
    clock.turn(timedelta(seconds=29))
    assert not pacer.is_free
    clock.turn(timedelta(seconds=1))
    assert pacer.is_free


@pytest.mark.asyncio
async def test_a_wait_ends_when_the_account_is_resumed(clock: ManualClock) -> None:
    pacer = Pacer(clock, paused="by hand")
    until = clock.micros() + 3_600_000_000
    waiting = [asyncio.create_task(pacer.wait(until)) for _ in range(3)]
    await asyncio.sleep(0.01)
    assert not any(task.done() for task in waiting)
    pacer.resume()
    async with asyncio.timeout(5):
        assert await asyncio.gather(*waiting) == [True] * 3


@pytest.mark.asyncio
async def test_who_has_just_begun_to_wait_hears_that_the_account_is_resumed(clock: ManualClock) -> None:
    pacer = Pacer(clock, paused="by hand", quotas=[quota(clock, 0)])
    until = clock.micros() + 3_600_000_000

    async def resume() -> None:
        pacer.resume()

    waiting = asyncio.create_task(pacer.wait(until))
    resuming = asyncio.create_task(resume())
    others = asyncio.create_task(pacer.wait(until))
    await clock.run_until(lambda: waiting.done() and others.done())
    await resuming
    assert await waiting
    assert clock.micros() < until, "at the end of the window, and not of its own time"


@pytest.mark.asyncio
async def test_a_wait_ends_in_vain_at_its_limit(clock: ManualClock) -> None:
    pacer = Pacer(clock, paused="by hand")
    waiting = asyncio.create_task(pacer.wait(clock.micros() + 1_000_000))
    await clock.run_until(waiting.done)
    assert not await waiting


class Window:
    """A platform's limiter: so many writes in a minute, counted from the first."""

    def __init__(self, platform: ScriptedPlatform, limit: int, *, used: int = 0) -> None:
        self._limit = limit
        self._used = used
        self._ends = platform.clock.now() + timedelta(seconds=60 if used else 0)
        self.refused = 0
        self.most = 0
        self.loses_answers = False

    async def __call__(self, platform: ScriptedPlatform, attempt: Attempt) -> Receipt:
        platform.answers.append(self)
        now = platform.clock.now()
        if now >= self._ends:
            self._used, self._ends = 0, now + timedelta(seconds=60)
        if self._used >= self._limit:
            self.refused += 1
            raise RateLimited("too many", retry_after=self._ends - now)
        self._used += 1
        self.most = max(self.most, self._used)
        platform.quota = Quota(
            bucket="posts", limit=self._limit, remaining=self._limit - self._used, resets_at=self._ends
        )
        receipt = platform.take(attempt)
        await asyncio.sleep(0)
        if self.loses_answers:
            raise OutcomeUnknown("the answer was lost")
        return receipt


@pytest.mark.asyncio
async def test_the_platforms_own_limiter_never_fires_however_many_want_to_write_at_once(door: Door) -> None:
    limiter = Window(door.platform, 40)
    door.platform.answers.append(limiter)
    await door.deliver(await door.intended("the first tells what the limit is"))
    turns = [await door.intended(f"post {number}") for number in range(150)]
    dispatcher = door.dispatcher()
    tasks = [asyncio.create_task(dispatcher.deliver(turn)) for turn in turns]
    await door.clock.run_until(lambda: all(task.done() for task in tasks), patience=30)
    await asyncio.gather(*tasks)
    assert {turn.state for turn in turns} == {State.SENT}
    assert len(door.platform.posts) == 151
    assert limiter.refused == 0
    assert limiter.most == 38, "all but a twentieth is used"


@pytest.mark.asyncio
@pytest.mark.parametrize("dies", [False, True])
async def test_writes_whose_answers_were_lost_are_reckoned_with_when_they_were_found(door: Door, dies: bool) -> None:
    limiter = Window(door.platform, 10)
    door.platform.answers.append(limiter)
    for number in range(11):
        turn = await door.intended(f"post {number}")
        if dies:
            turn = await door.after_crash(turn)
        limiter.loses_answers = 0 < number < 10
        assert (await door.deliver(turn)).state is State.SENT
    assert len(door.platform.posts) == 11
    assert limiter.refused == 0, "the eleventh waits for the window's end, whoever sends it"


@pytest.mark.asyncio
async def test_a_first_post_that_is_left_alone_at_the_last_moment_leaves_it_to_the_next_to_go_alone(door: Door) -> None:
    limiter = Window(door.platform, 40, used=30)
    door.platform.answers.append(limiter)
    door.pacer.heard(quota(door.clock, 40, limit=40))
    turns = [await door.intended(f"post {number}") for number in range(20)]
    door.may_send = lambda turn: Refuse("its author has left") if turn is turns[0] else ALLOW
    dispatcher = door.dispatcher()
    tasks = [asyncio.create_task(dispatcher.deliver(turn)) for turn in turns]
    await door.clock.run_until(lambda: all(task.done() for task in tasks), patience=30)
    await asyncio.gather(*tasks)
    assert [turn.state for turn in turns] == [State.IGNORED, *[State.SENT] * 19]
    assert limiter.refused == 0, "the answer to the second told that others had written"


@pytest.mark.asyncio
async def test_what_the_headers_said_holds_after_a_restart(door: Door) -> None:
    door.platform.quota = quota(door.clock, 2)
    await door.deliver(await door.intended("uses the quota up"))
    turn = await door.after_crash(await door.intended("has to wait"))
    began = door.clock.micros()
    turn = await door.deliver(turn)
    assert turn.state is State.SENT
    assert (door.platform.tried_at[-1] - began) / 1e6 == pytest.approx(60, abs=1)


@settings(max_examples=50, deadline=None)
@given(limit=st.integers(1, 200), used=st.integers(0, 200))
def test_with_all_answers_outstanding_never_more_is_taken_than_is_left(limit: int, used: int) -> None:
    clock = ManualClock()
    remaining = max(0, limit - used)
    pacer = pacer_that_heard(Pacer(clock, quotas=[quota(clock, remaining, limit=limit)]))
    taken = 0
    while pacer.take():
        taken += 1
    assert taken <= remaining
    assert taken >= remaining - limit * 0.05 - 1
    for _ in range(taken):
        pacer.end()
    assert pacer.is_free is (remaining > limit * 0.05)


@pytest.mark.asyncio
async def test_a_platform_that_asked_to_wait_is_obeyed_over_a_restart_by_every_post(door: Door) -> None:
    door.platform.answers.append(RateLimited("slowly", retry_after=timedelta(minutes=15)))
    turn, other = await door.intended("first"), await door.intended("second")
    task = asyncio.create_task(door.dispatcher().deliver(turn))
    async with asyncio.timeout(10):
        while (await door.stored(turn)).reason == "":
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    began = door.platform.tried_at[0]

    found = await door.after_crash(other)
    assert found.state is State.INTENDED
    door.clock.turn(timedelta(minutes=1))
    assert (await door.deliver(found)).state is State.SENT
    assert (door.platform.tried_at[1] - began) / 6e7 == pytest.approx(15, abs=0.01)


@pytest.mark.asyncio
async def test_a_person_who_says_go_on_ends_the_waiting_over_a_restart_as_well(door: Door) -> None:
    door.platform.answers.append(RateLimited("slowly", retry_after=timedelta(minutes=15)))
    turn, other = await door.intended("first"), await door.intended("second")
    task = asyncio.create_task(door.dispatcher().deliver(turn))
    async with asyncio.timeout(10):
        while (await door.stored(turn)).reason == "":
            await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await forget_block(door.ledger, "home")
    await door.ledger.committed()
    await door.after_crash(other)
    assert door.pacer.is_free


@pytest.mark.asyncio
async def test_an_owner_is_answered_in_a_pause_also_while_another_answer_to_him_goes_out_alone(door: Door) -> None:
    door.pacer.pause("by its owner's command")

    async def slowly(platform: ScriptedPlatform, attempt: Attempt) -> Receipt:
        await platform.clock.sleep(1)
        return platform.take(attempt)

    door.platform.answers.append(slowly)
    turns = [await door.intended("I say nothing more here."), await door.intended("home: paused")]
    for turn in turns:
        turn.trust, turn.rule = Trust.OWNER, PAUSE
    dispatcher = door.dispatcher()
    tasks = [asyncio.create_task(dispatcher.deliver(turn)) for turn in turns]
    await door.clock.run_until(lambda: all(task.done() for task in tasks))
    await asyncio.gather(*tasks)
    assert {turn.state for turn in turns} == {State.SENT}
