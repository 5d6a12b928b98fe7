"""Messages that one person writes in a row are one turn's business, and what was missed is answered newest first."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import (
    Author,
    DirectMessageReceived,
    Idempotency,
    IdempotencyKind,
    PostDeleted,
    PostEdited,
    PostRef,
)

SECOND = timedelta(seconds=1)
IRIS, BEN = Author(id="u1", handle="iris"), Author(id="u2", handle="ben")


def write(trial: Trial, number: int, text: str, *, author: Author = IRIS, conversation: str = "d") -> None:
    """Let somebody write a direct message now."""
    trial.platform.happen(
        DirectMessageReceived(
            id=f"dm{number}",
            source="",
            cursor="",
            occurred_at=trial.clock.now(),
            post=PostRef(id=f"p{number}"),
            author=author,
            text=text,
            conversation=conversation,
        )
    )


@pytest.fixture
def chatty(trial: Trial) -> Trial:
    trial.rewrite("answer: direct_messages\n")
    return trial


@pytest.mark.asyncio
async def test_three_messages_in_a_row_get_one_answer_and_are_all_closed_by_it(chatty: Trial) -> None:
    async with chatty as trial:
        for number, text in enumerate(("hello", "I have a question", "is it lit?"), 1):
            write(trial, number, text)
            await trial.counted({State.RECEIVED: number})
            trial.clock.turn(2 * SECOND)
        assert trial.engine.briefs == [], "she may still be writing"
        await trial.past(lambda: trial.platform.posts)
        await trial.counted({State.SENT: 1, State.IGNORED: 2})
        assert trial.platform.texts == ["You said: hello\nI have a question\nis it lit?"]
        assert (await trial.turn("dm3")).reason == "one answer for all of it: turn 1"


@pytest.mark.asyncio
async def test_somebody_who_does_not_stop_writing_is_answered_in_the_end(chatty: Trial) -> None:
    async with chatty as trial:
        desk = trial.bot.desks["home"]
        for number in range(1, 9):
            write(trial, number, f"{number}")
            await trial.until(lambda number=number: trial.platform.posts or len(desk.lanes.in_memory()) == number)  # type: ignore[misc]  # bound to this round
            if number == 7:
                assert trial.engine.briefs == [], "five times what is waited for one more message are not over"
            trial.clock.turn(3 * SECOND)
        await trial.until(lambda: trial.platform.posts)


@pytest.mark.asyncio
async def test_what_comes_while_the_engine_works_is_read_too_once(chatty: Trial) -> None:
    async with chatty as trial:
        trial.engine.gate.clear()
        write(trial, 1, "is it lit?")
        await trial.past(lambda: trial.engine.at_work)
        write(trial, 2, "the lamp I mean")
        await trial.counted({State.RECEIVED: 2})
        trial.engine.gate.set()
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
        assert [brief.said for brief in trial.engine.briefs] == ["is it lit?", "is it lit?\nthe lamp I mean"]
        assert trial.platform.texts == ["You said: is it lit?\nthe lamp I mean"]


@pytest.mark.asyncio
async def test_somebody_elses_message_is_not_gathered(chatty: Trial) -> None:
    async with chatty as trial:
        write(trial, 1, "one")
        write(trial, 2, "two", author=BEN)
        write(trial, 3, "three")
        await trial.past(lambda: len(trial.platform.posts) == 3)
        await trial.counted({State.SENT: 3})


@pytest.mark.asyncio
async def test_messages_that_are_further_apart_are_answered_each(chatty: Trial) -> None:
    async with chatty as trial:
        await trial.stop()
        for number, text in ((1, "one"), (2, "two")):
            write(trial, number, text)
            trial.clock.turn(timedelta(minutes=1))
        await trial.start()
        await trial.past(lambda: len(trial.platform.posts) == 2)
        assert trial.platform.texts == ["You said: one", "You said: two"]


@pytest.mark.asyncio
async def test_a_mention_is_answered_at_once_unless_its_rule_gathers(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, gather: 10 seconds}\n")
    async with trial:
        trial.mention("one", conversation="c")
        trial.mention("two", conversation="c")
        await trial.counted({State.RECEIVED: 2})
        trial.clock.turn(11 * SECOND)
        await trial.counted({State.SENT: 1, State.IGNORED: 1})


@pytest.mark.asyncio
async def test_a_first_message_that_is_deleted_leaves_the_second_to_be_answered(chatty: Trial) -> None:
    async with chatty as trial:
        write(trial, 1, "oops")
        write(trial, 2, "is it lit?")
        await trial.counted({State.RECEIVED: 2})
        gone = PostDeleted(id="d", source="", cursor="", occurred_at=trial.clock.now(), post=PostRef(id="p1"))
        trial.platform.happen(gone)
        await trial.counted({State.RECEIVED: 1, State.IGNORED: 1})
        await trial.past(lambda: trial.platform.posts)
        assert trial.platform.texts == ["You said: is it lit?"]


@pytest.mark.asyncio
async def test_a_crash_between_the_messages_and_their_answer_repeats_nothing(chatty: Trial) -> None:
    trial = chatty
    await trial.start()
    trial.dies_at("after_publish_before_receipt")
    write(trial, 1, "hello")
    write(trial, 2, "is it lit?")
    await trial.past(lambda: trial.is_dead)
    await trial.bury()
    async with trial:
        await trial.counted({State.SENT: 1, State.IGNORED: 1}, by=SECOND)
        assert trial.platform.texts == ["You said: hello\nis it lit?"]


# after an outage


@pytest.mark.asyncio
async def test_what_was_missed_is_answered_newest_first_and_told_in_one_line(trial: Trial) -> None:
    trial.rewrite("answer: mentions\nlimits: {replies: 1000/day, replies_per_person: 1000/day}\napprove: never\n")
    async with trial:
        trial.mention("before")
        await trial.counted({State.SENT: 1})
    for number in range(7):
        trial.mention(f"missed {number}", conversation=f"c{number}")
        trial.clock.turn(timedelta(minutes=55))
    trial.engine.gate.clear()
    async with trial:
        await trial.past(lambda: trial.engine.at_work == 6)
        assert [brief.said for brief in trial.engine.briefs[1:]] == [f"missed {number}" for number in range(6, 0, -1)]
        trial.engine.gate.set()
        await trial.counted({State.SENT: 7, State.STALE: 1})
        told = [line for line in await trial.journal() if line.startswith("outage")]
        assert told == [
            "outage: 7 came in on home while the bot was away; 6 are seen to, the newest first; "
            "1 is too old by now and left alone"
        ]


@pytest.mark.asyncio
async def test_within_a_conversation_what_was_missed_keeps_its_order(trial: Trial) -> None:
    async with trial:
        trial.mention("before")
        await trial.counted({State.SENT: 1})
    for text in ("first", "second"):
        trial.mention(text, conversation="c")
        trial.clock.turn(timedelta(minutes=1))
    trial.clock.turn(timedelta(minutes=5))
    async with trial:
        await trial.past(lambda: len(trial.platform.posts) == 3)
        assert trial.platform.texts[1:] == ["You said: first", "You said: second"]


@pytest.mark.asyncio
async def test_a_crash_before_what_was_missed_is_let_go_loses_none_of_it(trial: Trial) -> None:
    async with trial:
        trial.mention("before")
        await trial.counted({State.SENT: 1})
    trial.mention("missed")
    trial.clock.turn(timedelta(hours=1))
    await trial.start()
    await trial.counted({State.SENT: 1, State.RECEIVED: 1})
    await trial.crash()
    async with trial:
        await trial.counted({State.SENT: 2}, by=SECOND)


@pytest.mark.asyncio
async def test_turns_that_sleep_keep_nobody_from_being_answered(tmp_path: Path) -> None:
    trial = Trial(tmp_path, rules="answer: [mentions, {to: direct_messages, gather: 1 hour}]\n", admission=5)
    async with trial:
        for number in range(20):
            write(trial, number, "are you there?", conversation=f"d{number}")
        await trial.counted({State.RECEIVED: 20})
        trial.mention("and you?", post=PostRef(id="another"))
        await trial.until(lambda: trial.platform.posts)
        assert trial.platform.texts == ["You said: and you?"]
        trial.clock.turn(timedelta(hours=1))
        await trial.counted({State.SENT: 21})
        assert trial.bot.desks["home"].lanes.load == (0, 0)


@pytest.mark.asyncio
async def test_no_more_than_ten_times_the_admission_sleeps_in_memory(tmp_path: Path) -> None:
    trial = Trial(tmp_path, rules="answer: {to: direct_messages, gather: 1 hour}\n", admission=2)
    async with trial:
        for number in range(40):
            write(trial, number, "are you there?", conversation=f"d{number}")
        await trial.counted({State.RECEIVED: 40})
        lanes = trial.bot.desks["home"].lanes
        await trial.until(lambda: len(lanes.in_memory()) == 22)
        await asyncio.sleep(0.05)
        assert len(lanes.in_memory()) == 22
        trial.clock.turn(timedelta(hours=1))
        await trial.counted({State.SENT: 40})


@pytest.mark.asyncio
async def test_what_was_missed_is_not_taken_from_the_disk_as_well(tmp_path: Path) -> None:
    trial = Trial(tmp_path)
    trial.platform.capabilities = replace(
        trial.platform.capabilities, idempotency=Idempotency(kind=IdempotencyKind.NONE)
    )
    async with trial:
        trial.engine.gate.clear()
        for _ in range(10):
            trial.mention(conversation="c")
        await trial.counted({State.RECEIVED: 10})
    trial.engine.gate.set()
    trial.clock.turn(timedelta(minutes=5))
    trial.mention("while you were away", conversation="c")
    trial.clock.turn(timedelta(minutes=5))
    async with trial:
        await trial.until(lambda: len(trial.platform.posts) == 10)
        await trial.counted({State.SENT: 10, State.RECEIVED: 1})
        await trial.counted({State.SENT: 11}, by=SECOND)
        assert trial.platform.texts[-1] == "You said: while you were away"
        assert trial.platform.texts.count("You said: while you were away") == 1


@pytest.mark.asyncio
async def test_what_was_missed_is_neither_forgotten_nor_overtaken_where_the_rest_waits_on_disk(tmp_path: Path) -> None:
    trial = Trial(tmp_path, admission=1)
    async with trial:
        await trial.stop()
        trial.clock.turn(timedelta(minutes=5))
        trial.mention("late", conversation="c")
        trial.clock.turn(timedelta(minutes=5))
        trial.engine.gate.clear()
        await trial.start()
        await trial.counted({State.RECEIVED: 1})
        trial.mention("one", conversation="x")
        await trial.until(lambda: trial.engine.at_work)
        trial.mention("two", conversation="c")
        await trial.counted({State.RECEIVED: 3})
        trial.engine.gate.set()
        await trial.counted({State.SENT: 3}, by=SECOND)
        await trial.bot.settle()
        assert trial.platform.texts == ["You said: one", "You said: late", "You said: two"]


@pytest.mark.asyncio
async def test_what_comes_now_does_not_overtake_what_was_missed_in_its_conversation(trial: Trial) -> None:
    async with trial:
        await trial.stop()
        trial.mention("first", conversation="c")
        trial.clock.turn(timedelta(minutes=3))
        trial.mention("second", conversation="c")
        await trial.start()
        await trial.counted({State.SENT: 2}, by=SECOND)
        assert trial.platform.texts == ["You said: first", "You said: second"]


# what was gathered, when its answer is dropped


async def two_messages(trial: Trial) -> None:
    write(trial, 1, "hi")
    write(trial, 2, "when is high tide?")
    await trial.counted({State.RECEIVED: 2})
    await trial.past(lambda: trial.engine.briefs)


@pytest.mark.asyncio
async def test_a_question_is_answered_though_the_greeting_before_it_was_deleted(chatty: Trial) -> None:
    chatty.rewrite("approve: always\nanswer: direct_messages\n")
    async with chatty as trial:
        await two_messages(trial)
        await trial.counted({State.HELD: 1, State.IGNORED: 1})
        gone = PostDeleted(id="x", source="", cursor="", occurred_at=trial.clock.now(), post=PostRef(id="p1"))
        trial.platform.happen(gone)
        await trial.until(lambda: len(trial.engine.briefs) == 2)
        await trial.counted({State.HELD: 1, State.IGNORED: 1})
        assert (await trial.turn("dm2")).state is State.HELD
        assert trial.engine.briefs[-1].said == "when is high tide?"


@pytest.mark.asyncio
async def test_an_edited_greeting_does_not_lose_the_question_behind_it(chatty: Trial) -> None:
    async with chatty as trial:
        await trial.bot.commands.obey("pause", {"account": "home"})
        await two_messages(trial)
        await trial.counted({State.INTENDED: 1, State.IGNORED: 1})
        edit = PostEdited(
            id="x", source="", cursor="", occurred_at=trial.clock.now(), post=PostRef(id="p1"), text="hi!"
        )
        trial.platform.happen(edit)
        await trial.counted({State.RECEIVED: 2})
        await trial.bot.commands.obey("resume", {"account": "home"})
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
        assert trial.platform.texts == ["You said: hi!\nwhen is high tide?"]


@pytest.mark.asyncio
async def test_a_draft_that_is_written_anew_by_hand_reads_all_of_it_again(chatty: Trial) -> None:
    chatty.rewrite("approve: always\nanswer: direct_messages\n")
    async with chatty as trial:
        await two_messages(trial)
        await trial.counted({State.HELD: 1, State.IGNORED: 1})
        await trial.bot.commands.obey("retry", {"turn": 1})
        await trial.until(lambda: len(trial.engine.briefs) == 2)
        await trial.counted({State.HELD: 1, State.IGNORED: 1})
        assert trial.engine.briefs[-1].said == "hi\nwhen is high tide?"


@pytest.mark.asyncio
async def test_what_is_delivered_late_while_the_bot_listens_was_not_missed(trial: Trial) -> None:
    trial.clock.turn(timedelta(hours=1))
    async with trial:
        for minutes in (3, 30, 90):
            trial.clock.turn(timedelta(minutes=20))
            trial.mention("hi", occurred_at=trial.clock.now() - timedelta(minutes=minutes))
            await trial.past(lambda: not trial.bot.desks["home"].lanes.in_memory(), by=timedelta(seconds=1))
            await trial.until(lambda: trial.platform.history)
        await trial.counted({State.SENT: 3}, by=timedelta(seconds=1))
        assert not any("while the bot was away" in line for line in await trial.journal())


@pytest.mark.asyncio
async def test_what_gathers_by_a_rule_that_was_edited_meanwhile_gets_one_answer_all_the_same(chatty: Trial) -> None:
    trial = chatty
    await trial.start()
    for number, text in enumerate(("hello", "I have a question", "is it lit?"), 1):
        write(trial, number, text)
        await trial.counted({State.RECEIVED: number})
    await trial.stop()
    trial.rewrite("answer: {to: direct_messages, within: 3 hours}\n")
    async with trial:
        await trial.past(lambda: trial.platform.posts)
        await trial.counted({State.SENT: 1, State.IGNORED: 2})
        assert trial.platform.texts == ["You said: hello\nI have a question\nis it lit?"]
