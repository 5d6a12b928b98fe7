"""How much is said: places are taken before an engine is asked, given back when nothing comes of it, and remembered."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from greenroom.policy import ALLOW, Terms
from greenroom.policy.caps import MANY, Caps
from greenroom.settings import Limits
from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, OwnPostSeen, PostDeleted, PostRef, QuoteReceived

Guarded = Callable[[str], Trial]
MINUTE = timedelta(minutes=1)
LIVE = "approve: never\nanswer: mentions\n"


def person(number: int) -> Author:
    return Author(id=f"u{number}", handle=f"person{number}")


@pytest.mark.asyncio
async def test_one_person_gets_five_answers_an_hour_and_others_are_not_touched(guarded: Guarded) -> None:
    async with guarded(LIVE) as trial:
        for _ in range(8):
            trial.mention(author=person(1))
        trial.mention(author=person(2))
        await trial.counted({State.SENT: 6, State.IGNORED: 3})
        assert len(trial.engine.briefs) == 6, "nobody pays for what is not said"
        turn = await trial.turn("mention-6")
        assert turn.reason == "@person1 has had 5 answers in an hour (limits: replies_per_person)"


@pytest.mark.parametrize("minutes", [59, 60])
@pytest.mark.asyncio
async def test_the_window_rolls_and_survives_a_crash(guarded: Guarded, minutes: int) -> None:
    trial = guarded(LIVE)
    async with trial:
        for _ in range(5):
            trial.mention(author=person(1))
        await trial.counted({State.SENT: 5})
        await trial.crash()
    trial.clock.turn(timedelta(minutes=minutes))
    async with trial:
        trial.mention(author=person(1))
        await trial.counted({State.SENT: 6} if minutes == 60 else {State.SENT: 5, State.IGNORED: 1})


@pytest.mark.asyncio
async def test_a_thread_gets_ten_answers_a_day(guarded: Guarded) -> None:
    async with guarded(LIVE) as trial:
        for number in range(12):
            trial.mention(author=person(number), conversation="c")
        await trial.counted({State.SENT: 10, State.IGNORED: 2})
        assert (await trial.turn("mention-12")).reason == (
            "this thread has had 10 answers in a day (limits: replies_per_thread)"
        )


@pytest.mark.asyncio
async def test_a_place_is_given_back_when_nothing_comes_of_it(guarded: Guarded) -> None:
    async with guarded(LIVE) as trial:
        trial.engine.gate.clear()
        for _ in range(5):
            trial.mention(author=person(1))
        await trial.until(lambda: trial.engine.at_work == 5)
        for number in range(1, 6):
            gone = PostDeleted(
                id=f"gone{number}",
                source="",
                cursor="",
                occurred_at=trial.clock.now(),
                post=PostRef(id=f"p{number}"),
            )
            trial.platform.happen(gone)
        await trial.counted({State.IGNORED: 5})
        trial.engine.gate.set()
        await trial.until(lambda: not trial.engine.at_work)
        for _ in range(5):
            trial.mention(author=person(1))
        await trial.counted({State.IGNORED: 5, State.SENT: 5})


@pytest.mark.asyncio
async def test_over_the_limit_of_the_account_the_newest_goes_first_as_places_come_free(guarded: Guarded) -> None:
    trial = guarded("approve: never\nanswer: mentions\nlimits: {replies: 2/hour}\n")
    async with trial:
        for number in range(2):
            trial.mention(f"{number}", author=person(number))
            await trial.counted({State.SENT: number + 1})
            trial.clock.turn(timedelta(minutes=1))
        for number in range(2, 5):
            trial.clock.turn(timedelta(seconds=1))
            trial.mention(f"{number}", author=person(number))
        await trial.counted({State.SENT: 2, State.RECEIVED: 3})
        await trial.past(lambda: len(trial.platform.posts) == 5, by=MINUTE)
        assert [text.removeprefix("You said: ") for text in trial.platform.texts] == ["0", "1", "4", "3", "2"]


@pytest.mark.asyncio
async def test_what_finds_no_place_while_it_is_worth_it_is_left_alone_with_the_reason(guarded: Guarded) -> None:
    trial = guarded("approve: never\nanswer: {to: mentions, within: 10 minutes}\nlimits: {replies: 1/hour}\n")
    async with trial:
        trial.mention("one", author=person(1))
        await trial.counted({State.SENT: 1})
        trial.mention("two", author=person(2))
        await trial.counted({State.SENT: 1, State.STALE: 1}, by=timedelta(seconds=30))
        turn = await trial.turn("mention-2")
        assert turn.reason == "no chance to say it in time: the account has given 1 answer in an hour (limits: replies)"
        assert len(trial.engine.briefs) == 1


@pytest.mark.asyncio
async def test_waiting_for_a_place_is_no_start(guarded: Guarded) -> None:
    trial = guarded("approve: never\nanswer: mentions\nlimits: {replies: 1/hour}\n")
    await trial.start()
    trial.mention("one", author=person(1))
    await trial.counted({State.SENT: 1})
    trial.mention("two", author=person(2))
    for _ in range(4):
        await trial.until(lambda: len(trial.bot.desks["home"].lanes.in_memory()) == 1)
        while (await trial.turn("mention-2")).starts:
            await asyncio.sleep(0.002)
        await trial.crash()
        await trial.start()
    await trial.past(lambda: len(trial.platform.posts) == 2, by=MINUTE)


@pytest.mark.asyncio
async def test_posts_over_the_limit_wait_as_long_as_they_may_be_late(guarded: Guarded) -> None:
    trial = guarded(
        "approve: never\nlimits: {posts: 1/hour}\n"
        "post:\n  - {name: a, at: '12:00', about: one, late_ok: 8 hours}\n"
        "  - {name: b, at: '12:01', about: two, late_ok: 8 hours}\n"
        "  - {name: c, at: '12:02', about: three, late_ok: 10 minutes}\n"
    )
    trial.clock.turn(timedelta(minutes=-1))
    async with trial:
        await trial.past(lambda: len(trial.platform.posts) == 2, by=MINUTE)
        assert trial.platform.texts == ["You said: one", "You said: two"]
        await trial.counted({State.SENT: 2, State.STALE: 1})


@pytest.mark.asyncio
async def test_the_owners_own_words_are_not_counted(guarded: Guarded) -> None:
    trial = guarded("limits: {posts: 1/day}\npost: {name: bell, every: 1 hour, say: Dong.}\n")
    async with trial:
        await trial.past(lambda: len(trial.platform.posts) == 3, by=MINUTE)


@pytest.mark.asyncio
async def test_the_owners_own_words_are_not_counted_after_a_restart_either(guarded: Guarded) -> None:
    trial = guarded(
        "approve: never\nlimits: {posts: 2/day}\npost:\n  - {name: bell, every: 1 hour, say: Dong.}\n"
        "  - {name: log, at: '15:30', about: it, late_ok: 12 hours}\n"
    )
    async with trial:
        await trial.past(lambda: len(trial.platform.posts) == 3, by=MINUTE)
    async with trial:
        await trial.past(lambda: "You said: it" in trial.platform.texts, by=MINUTE)


@pytest.mark.asyncio
async def test_a_stop_is_not_counted_after_a_restart_either_and_a_start_is(guarded: Guarded) -> None:
    trial = guarded("approve: never\nanswer: mentions\nlimits: {replies_per_person: 2/hour}\n")
    async with trial:
        trial.mention("stop")
        await trial.counted({State.SENT: 1})
        trial.mention("start")
        await trial.counted({State.SENT: 2})
        await trial.crash()
    async with trial:
        trial.mention("hello")
        await trial.counted({State.SENT: 3})
        trial.mention("and again")
        await trial.counted({State.SENT: 3, State.IGNORED: 1})
        reason = (await trial.turn("mention-4")).reason
        assert reason == "@iris has had 2 answers in an hour (limits: replies_per_person)"


async def comes_to(trial: Trial, event: str, state: State) -> None:
    async with asyncio.timeout(10):
        while (event, state) not in [(turn.event_id, turn.state) for turn in await trial.bot.ledger.turns()]:
            await asyncio.sleep(0.002)


END_OF_A_DRAFT: dict[str, tuple[str, dict[str, Any], State]] = {
    "refused": ("refuse", {"turns": "all"}, State.WITHDRAWN),
    "dropped": ("drop", {"turn": 1}, State.WITHDRAWN),
    "its source deleted": ("", {}, State.IGNORED),
    "answered by hand": ("", {}, State.IGNORED),
    "out of time": ("", {}, State.STALE),
}


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("end", END_OF_A_DRAFT)
@pytest.mark.asyncio
async def test_a_held_draft_keeps_its_place_until_its_end(guarded: Guarded, end: str, *, restart: bool) -> None:
    trial = guarded(
        "approve: always\nanswer: [{to: mentions, within: 1 hour, hands_off: 1 minute}, quotes]\n"
        "limits: {replies_per_person: 1/day}\n"
    )
    command, arguments, state = END_OF_A_DRAFT[end]
    async with trial:
        trial.mention(conversation="c")
        await trial.counted({State.HELD: 1})
        if restart:
            await trial.stop()
            await trial.start()
        trial.mention()
        await trial.counted({State.HELD: 1, State.IGNORED: 1})
        assert "has had 1 answer in a day" in (await trial.turn("mention-2")).reason
        before: dict[str, Any] = {"id": "x", "source": "", "cursor": "", "occurred_at": trial.clock.now()}
        if command:
            assert "error" not in await trial.bot.commands.obey(command, arguments)
        elif end == "its source deleted":
            trial.platform.happen(PostDeleted(**before, post=PostRef(id="p1")))
        elif end == "answered by hand":
            trial.platform.happen(OwnPostSeen(**before, post=PostRef(id="x"), text="I do.", conversation="c"))
        else:
            await trial.counted({State.STALE: 1, State.IGNORED: 1}, by=MINUTE)
        await comes_to(trial, "mention-1", state)
        trial.clock.turn(timedelta(minutes=2))
        # the same post comes as another event: there is no answer to it that waits
        trial.platform.happen(
            QuoteReceived(
                **{**before, "id": "q", "occurred_at": trial.clock.now()},
                post=PostRef(id="p1"),
                author=person(2),
                text="?",
                conversation="q",
            )
        )
        trial.mention()
        await comes_to(trial, "q", State.HELD)
        await comes_to(trial, "mention-3", State.HELD)


@pytest.mark.asyncio
async def test_a_draft_that_was_let_out_keeps_the_place_that_it_had(guarded: Guarded) -> None:
    trial = guarded("approve: always\nanswer: mentions\nlimits: {replies_per_person: 2/day}\n")
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        await trial.bot.commands.obey("approve", {"turns": [1]})
        await trial.counted({State.SENT: 1})
        trial.mention()
        await trial.counted({State.SENT: 1, State.HELD: 1})
        await trial.bot.commands.obey("retry", {"turn": 2})
        await trial.counted({State.SENT: 1, State.HELD: 1})
        trial.mention()
        await trial.counted({State.SENT: 1, State.HELD: 1, State.IGNORED: 1})


@pytest.mark.asyncio
async def test_a_platform_of_this_machine_has_only_the_limits_that_are_written(trial: Trial) -> None:
    async with trial:
        for _ in range(100):
            trial.mention(author=person(1), conversation="c")
        await trial.counted({State.SENT: 100})
        caps, file = Caps(trial.clock), trial.bot.file.model_copy(update={"limits": Limits()})
        caps.use(Terms(file=file, persona=trial.bot.persona, local=frozenset({"home"})))
        turns = await trial.bot.ledger.turns(limit=200)
        assert {caps.may_answer(turn) for turn in turns} == {ALLOW}


@pytest.mark.asyncio
async def test_windows_are_thrown_away_when_they_are_empty_and_not_looked_at_one_by_one(trial: Trial) -> None:
    async with trial:
        caps = Caps(trial.clock)
        caps.use(Terms(file=trial.bot.file, persona=trial.bot.persona))
        trial.mention()
        await trial.counted({State.SENT: 1})
        turn = await trial.turn("mention-1")
        for day in range(3):
            for number in range(MANY):
                turn.seq += 1
                turn.lane = f"home/{day}-{number}"
                caps.may_answer(turn)
            assert len(caps._windows) <= 2 * MANY + 2
            trial.clock.turn(timedelta(days=2))
