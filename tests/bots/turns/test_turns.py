"""A mention becomes one answer, through crashes, stops, deletions, edits and engines that are away."""

import asyncio
import contextlib
import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from greenroom.faults import POINTS
from greenroom.generation import EngineUnavailable, Refused
from greenroom.storage import State
from greenroom.testing import Trial, answer_lost
from greenroom_adapters.contract import (
    Author,
    Idempotency,
    IdempotencyKind,
    OutcomeUnknown,
    PostDeleted,
    PostEdited,
    PostRef,
    Unavailable,
)


@pytest.mark.asyncio
async def test_a_mention_is_answered_once_where_it_was_said(trial: Trial) -> None:
    async with trial:
        trial.mention("Is the lamp lit?")
        await trial.counted({State.SENT: 1})
        ((_, post),) = trial.platform.posts
        assert post.text == "You said: Is the lamp lit?"
        assert post.in_reply_to == PostRef(id="p1")
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        assert turn.draft.engine == "scripted"
        assert turn.persona == trial.bot.persona.version
        assert turn.starts == 0


@pytest.mark.asyncio
async def test_a_mention_that_is_delivered_again_is_answered_once(trial: Trial) -> None:
    async with trial:
        again = trial.mention()
        await trial.counted({State.SENT: 1})
        trial.platform.happen(again)
        trial.mention()
        await trial.counted({State.SENT: 2})
    async with trial:
        trial.platform.happen(again)
        trial.mention()
        await trial.counted({State.SENT: 3})
    assert len(trial.platform.posts) == 3


@pytest.mark.asyncio
async def test_what_was_answered_and_emptied_is_still_known(trial: Trial) -> None:
    trial.rewrite("answer: mentions\nkeep: 1 day\n")
    async with trial:
        again = trial.mention("remember me")
        await trial.counted({State.SENT: 1})
    trial.clock.turn(timedelta(days=2))
    async with trial:
        await trial.until(lambda: trial.bot.desks["home"].is_connected)
        while (await trial.turn("mention-1")).draft is not None:
            await asyncio.sleep(0.002)
        trial.platform.happen(again)
        trial.mention()
        await trial.counted({State.SENT: 2})
    assert len(trial.platform.posts) == 2


@pytest.mark.parametrize(
    ("kind", "time", "point"),
    [
        *((IdempotencyKind.LISTED, 1, point) for point in POINTS),
        *((IdempotencyKind.KEYED, 2, point) for point in POINTS if "inbox" in point or "publish" in point),
        *((IdempotencyKind.KEYED, 1, point) for point in POINTS if "reconcile" in point or "sending" in point),
    ],
)
@pytest.mark.asyncio
async def test_dead_at_any_point_it_loses_nothing_says_nothing_twice_and_writes_nothing_again(
    tmp_path: Path, kind: IdempotencyKind, time: int, point: str
) -> None:
    trial = Trial(tmp_path, rules="answer: mentions\npost: {name: log, every: 1 hour, say: Lamp lit.}\n")
    trial.platform.capabilities = replace(trial.platform.capabilities, idempotency=Idempotency(kind=kind))
    trial.platform.answers.append(answer_lost(OutcomeUnknown("the answer was lost")))
    await trial.start()
    trial.dies_at(point, time)
    for text in ("one", "two", "three"):
        trial.mention(text)
    deleted(trial, "a post that was never answered")
    wanted = {"Lamp lit.", "You said: one", "You said: two", "You said: three"}
    await trial.past(lambda: trial.is_dead or wanted <= set(trial.platform.texts))
    if trial.is_dead:
        await trial.bury()
    else:
        await trial.stop()
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "ada.db")) as db:
        ((drafted,),) = db.execute("SELECT count(*) FROM turns WHERE kind='mention' AND draft IS NOT NULL")
    written = len(trial.engine.briefs)
    await trial.start()
    await trial.past(lambda: wanted <= set(trial.platform.texts))
    await trial.counted({State.SENT: 4})
    await trial.stop()
    assert sorted(trial.platform.texts) == sorted(wanted)
    assert len(trial.engine.briefs) - written == 3 - drafted, "what was stored is not written again"


# starts


@pytest.mark.asyncio
async def test_a_turn_that_brings_the_process_down_three_times_is_dead_and_the_others_are_answered(
    trial: Trial,
) -> None:
    trial.engine.gate.clear()
    await trial.start()
    trial.mention("poison", conversation="c")
    trial.mention("behind it", conversation="c")
    await trial.counted({State.RECEIVED: 2})
    for starts in (1, 2, 3):
        if starts > 1:
            await trial.start()
        await trial.until(lambda starts=starts: len(trial.engine.briefs) == starts)  # type: ignore[misc]  # bound to this round
        assert (await trial.turn("mention-1")).starts == starts, "counted on disk before the work"
        await trial.crash()
    trial.engine.gate.set()
    await trial.start()
    await trial.counted({State.DEAD: 1, State.SENT: 1})
    poison, behind = await trial.turn("mention-1"), await trial.turn("mention-2")
    assert (poison.state, poison.reason) == (State.DEAD, "crashed 3 times")
    assert behind.state is State.SENT, "it had never been started"
    assert len(trial.engine.briefs) == 4
    assert any("crashed 3 times" in line for line in await trial.journal())


@pytest.mark.asyncio
async def test_the_third_start_is_taken_alone(trial: Trial) -> None:
    trial.engine.gate.clear()
    await trial.start()
    for number in range(8):
        trial.mention(f"{number}")
    for starts in (1, 2):
        await trial.until(lambda starts=starts: len(trial.engine.briefs) == 8 * starts)  # type: ignore[misc]  # bound to this round
        await trial.crash()
        trial.engine.at_work = trial.engine.most_at_work = 0
        await trial.start()
    await trial.until(lambda: trial.engine.at_work)
    await asyncio.sleep(0.05)
    assert trial.engine.most_at_work == 1
    await trial.crash()
    trial.engine.gate.set()
    await trial.start()
    await trial.counted({State.DEAD: 1, State.SENT: 7})


@pytest.mark.asyncio
async def test_a_clean_stop_is_no_crash(trial: Trial) -> None:
    trial.engine.gate.clear()
    for stops in range(1, 6):
        await trial.start()
        if stops == 1:
            trial.mention("first", conversation="c")
            trial.mention("second", conversation="c")
        await trial.until(lambda stops=stops: len(trial.engine.briefs) == stops)  # type: ignore[misc]  # bound to this round
        await trial.stop()
    trial.engine.gate.set()
    await trial.start()
    await trial.counted({State.SENT: 2})


@pytest.mark.asyncio
async def test_stops_before_the_platform_lets_it_in_are_no_crashes_either(trial: Trial) -> None:
    trial.engine.gate.clear()
    await trial.start()
    trial.mention()
    await trial.until(lambda: trial.engine.at_work)
    await trial.crash()
    for _ in range(4):
        trial.platform.entering.append(ConnectionError("the platform is away, and its adapter has a bug"))
        await trial.start()
        await trial.until(lambda: not trial.platform.entering)
        await trial.stop()
    trial.engine.gate.set()
    await trial.start()
    await trial.counted({State.SENT: 1}, by=timedelta(seconds=1))


# engines


@pytest.mark.asyncio
async def test_an_engine_that_is_away_is_waited_for_over_restarts(trial: Trial) -> None:
    trial.engine.outcomes += [EngineUnavailable("overloaded")] * 4
    await trial.start()
    trial.mention()
    await trial.until(lambda: trial.engine.briefs)
    turn = await trial.turn("mention-1")
    assert turn.state is State.RECEIVED
    assert turn.not_before > trial.clock.micros()
    assert turn.starts == 0, "waiting is no start"
    assert "overloaded" in turn.reason
    await trial.crash()
    await trial.start()
    await trial.past(lambda: trial.platform.posts)
    await trial.counted({State.SENT: 1})
    assert len(trial.engine.briefs) == 5


@pytest.mark.asyncio
async def test_a_wait_that_the_engine_asks_for_is_kept(trial: Trial) -> None:
    trial.engine.outcomes.append(EngineUnavailable("slowly", retry_after=timedelta(minutes=20)))
    await trial.start()
    trial.mention()
    await trial.until(lambda: trial.engine.briefs)
    turn = await trial.turn("mention-1")
    assert (
        timedelta(minutes=20) <= timedelta(microseconds=turn.not_before - trial.clock.micros()) <= timedelta(minutes=24)
    )
    trial.clock.turn(timedelta(minutes=19))
    await asyncio.sleep(0.02)
    assert len(trial.engine.briefs) == 1
    trial.clock.turn(timedelta(minutes=5))
    await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_an_engine_that_never_comes_back_makes_the_turn_stale_and_frees_its_lane(trial: Trial) -> None:
    trial.engine.outcomes += [EngineUnavailable("overloaded")] * 1000
    await trial.start()
    trial.mention("too early", conversation="c")
    await trial.until(lambda: trial.engine.briefs)
    while (await trial.turn("mention-1")).state is State.RECEIVED:
        trial.clock.turn(timedelta(minutes=5))
        await asyncio.sleep(0.003)
    assert trial.clock.now() - (await trial.turn("mention-1")).event.occurred_at <= timedelta(hours=6, minutes=5)  # type: ignore[union-attr]  # a mention
    turn = await trial.turn("mention-1")
    assert turn.state is State.STALE
    assert "overloaded" in turn.reason
    trial.engine.outcomes.clear()
    trial.mention("in time", conversation="c")
    await trial.counted({State.STALE: 1, State.SENT: 1})


@pytest.mark.asyncio
async def test_what_waits_for_a_person_frees_its_lane(trial: Trial) -> None:
    trial.engine.outcomes.append(Refused("not about this"))
    async with trial:
        trial.mention("something bad", conversation="c")
        trial.mention("something good", conversation="c")
        await trial.counted({State.HELD: 1, State.SENT: 1})
        assert "not about this" in (await trial.turn("mention-1")).reason


@pytest.mark.asyncio
async def test_a_mistake_of_an_engine_ends_one_turn_and_no_more(trial: Trial) -> None:
    trial.engine.outcomes.append(ZeroDivisionError("a bug"))
    async with trial:
        trial.mention()
        trial.mention()
        await trial.counted({State.DEAD: 1, State.SENT: 1})


@pytest.mark.asyncio
async def test_what_is_older_than_its_rule_allows_is_stale_without_asking_an_engine(trial: Trial) -> None:
    async with trial:
        trial.mention(occurred_at=trial.clock.now() - timedelta(hours=6, seconds=1))
        trial.mention(occurred_at=trial.clock.now() - timedelta(hours=5))
        await trial.counted({State.STALE: 1, State.SENT: 1}, by=timedelta(seconds=1))
        assert len(trial.engine.briefs) == 1


# order and admission


@pytest.mark.asyncio
async def test_no_more_than_the_admission_is_in_memory_and_the_rest_is_answered_in_order(tmp_path: Path) -> None:
    trial = Trial(tmp_path, admission=5)
    trial.engine.gate.clear()
    async with trial:
        for number in range(60):
            trial.mention(f"{number:02}", conversation=f"c{number % 4}")
        await trial.counted({State.RECEIVED: 60})
        lanes = trial.bot.desks["home"].lanes
        await trial.until(lambda: trial.engine.at_work)
        assert lanes.load[0] <= 5
        assert trial.engine.most_at_work <= 4
        trial.engine.gate.set()
        await trial.counted({State.SENT: 60})
        assert len(trial.platform.posts) == 60
        for lane in range(4):
            answers = [text[-2:] for text in trial.platform.texts if int(text[-2:]) % 4 == lane]
            assert answers == sorted(answers)


@pytest.mark.asyncio
async def test_killed_again_and_again_under_load_it_answers_all_once_and_in_order(tmp_path: Path) -> None:
    trial = Trial(tmp_path, admission=7)
    await trial.start()
    for number in range(120):
        trial.mention(f"{number:03}", conversation=f"c{number % 5}")
    for answers in (10, 40, 70, 100):
        await trial.past(lambda answers=answers: len(trial.platform.posts) >= answers)  # type: ignore[misc]  # bound to this round
        await trial.crash()
        await trial.start()
    await trial.past(lambda: len(trial.platform.posts) >= 120)
    await trial.counted({State.SENT: 120})
    await trial.stop()
    assert len(trial.platform.posts) == 120
    for lane in range(5):
        said = [text[-3:] for text in trial.platform.texts if int(text[-3:]) % 5 == lane]
        assert said == sorted(said)


# deletions and edits


def deleted(trial: Trial, post: str) -> None:
    trial.platform.happen(
        PostDeleted(id=f"gone-{post}", source="", cursor="", occurred_at=trial.clock.now(), post=PostRef(id=post))
    )


def edited(trial: Trial, post: str, text: str) -> None:
    trial.platform.happen(
        PostEdited(
            id=f"edit-{post}-{text}",
            source="",
            cursor="",
            occurred_at=trial.clock.now(),
            post=PostRef(id=post),
            text=text,
        )
    )


@pytest.mark.asyncio
async def test_a_mention_that_is_deleted_while_the_engine_works_is_not_answered(trial: Trial) -> None:
    trial.engine.gate.clear()
    async with trial:
        trial.mention()
        await trial.until(lambda: trial.engine.at_work)
        deleted(trial, "p1")
        await trial.counted({State.IGNORED: 1})
        trial.engine.gate.set()
        await trial.bot.settle()
        assert (await trial.turn("mention-1")).reason == "source gone"
        assert trial.platform.posts == []


@pytest.mark.parametrize("failure", [EngineUnavailable("away"), Refused("never")])
@pytest.mark.asyncio
async def test_an_engine_that_fails_on_a_deleted_mention_changes_nothing_about_it(
    trial: Trial, failure: Exception
) -> None:
    trial.engine.gate.clear()
    trial.engine.outcomes.append(failure)
    async with trial:
        trial.mention()
        await trial.until(lambda: trial.engine.at_work)
        deleted(trial, "p1")
        await trial.counted({State.IGNORED: 1})
        trial.engine.gate.set()
        await trial.bot.settle()
        turn = await trial.turn("mention-1")
        assert (turn.state, turn.reason) == (State.IGNORED, "source gone")


@pytest.mark.asyncio
async def test_mentions_that_are_deleted_while_they_wait_on_disk_are_not_answered(tmp_path: Path) -> None:
    trial = Trial(tmp_path, admission=1)
    trial.engine.gate.clear()
    async with trial:
        for number in range(20):
            trial.mention(f"{number}")
        await trial.counted({State.RECEIVED: 20})
        trial.engine.gate.set()
        for number in range(11, 21):
            deleted(trial, f"p{number}")
        await trial.bot.settle()
        await trial.until(lambda: len(trial.platform.history) == 30)
        counts = await trial.bot.ledger.counts()
        assert counts.get(State.SENT, 0) + counts.get(State.IGNORED, 0) == 20
        assert counts.get(State.SENT, 0) == len(trial.platform.posts), "what is called ignored was not sent"


@pytest.mark.asyncio
async def test_a_mention_that_gets_its_place_in_memory_while_its_deletion_is_written_is_not_answered(
    tmp_path: Path,
) -> None:
    trial = Trial(tmp_path, admission=1)
    trial.engine.gate.clear()
    trial.engine.outcomes.append(ZeroDivisionError("ends the first one without a commit"))
    async with trial:
        trial.mention("keeps the only place")
        await trial.until(lambda: trial.engine.at_work)
        trial.mention("waits on disk")
        await trial.counted({State.RECEIVED: 2})
        with contextlib.closing(sqlite3.connect(trial.bot.file.home, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            deleted(trial, "p2")
            await asyncio.sleep(0.05)
            trial.engine.gate.set()
            await asyncio.sleep(0.05)
            other.execute("ROLLBACK")
        await trial.counted({State.DEAD: 1, State.IGNORED: 1})
        await trial.bot.settle()
        assert trial.platform.attempts == []
        assert (await trial.turn("mention-2")).state is State.IGNORED


@pytest.mark.asyncio
async def test_a_mention_that_is_deleted_while_its_answer_waits_to_go_out_is_not_answered(trial: Trial) -> None:
    async with trial:
        await trial.bot.commands.obey("pause", {})
        trial.mention()
        await trial.counted({State.INTENDED: 1})
        deleted(trial, "p1")
        await trial.counted({State.IGNORED: 1})
        await trial.bot.commands.obey("resume", {})
        await trial.bot.settle()
        assert trial.platform.attempts == []


@pytest.mark.asyncio
async def test_a_deletion_after_the_answer_changes_nothing(trial: Trial) -> None:
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        deleted(trial, "p1")
        trial.mention()
        await trial.counted({State.SENT: 2})


@pytest.mark.asyncio
async def test_a_deletion_that_was_heard_is_not_forgotten_by_a_crash(trial: Trial) -> None:
    trial.engine.gate.clear()
    await trial.start()
    trial.mention()
    await trial.until(lambda: trial.engine.at_work)
    deleted(trial, "p1")
    await trial.counted({State.IGNORED: 1})
    await trial.crash()
    trial.engine.gate.set()
    await trial.start()
    await trial.bot.settle()
    assert trial.platform.attempts == []


@pytest.mark.asyncio
async def test_a_mention_that_is_edited_while_the_engine_works_is_answered_as_it_reads_now(trial: Trial) -> None:
    trial.engine.gate.clear()
    async with trial:
        trial.mention("Is it rainin?")
        await trial.until(lambda: trial.engine.at_work)
        edited(trial, "p1", "Is it raining?")
        await trial.until(lambda: "raining?" in repr(trial.bot.desks["home"].lanes.in_memory()[0].event))
        trial.engine.gate.set()
        await trial.counted({State.SENT: 1})
        assert trial.platform.texts == ["You said: Is it raining?"]
        assert len(trial.engine.briefs) == 2


@pytest.mark.asyncio
async def test_a_mention_that_is_edited_before_the_engine_reads_it_is_written_once(trial: Trial) -> None:
    trial.platform.entering.append(ConnectionError("not yet"))
    trial.engine.outcomes.append(EngineUnavailable("away"))
    async with trial:
        await trial.past(lambda: trial.platform.listened_after)
        trial.mention("Is it rainin?")
        await trial.until(lambda: trial.engine.briefs)
        edited(trial, "p1", "Is it raining?")
        await trial.until(lambda: "raining?" in repr(trial.bot.desks["home"].lanes.in_memory()[0].event))
        await trial.past(lambda: trial.platform.posts)
        assert trial.platform.texts == ["You said: Is it raining?"]
        assert len(trial.engine.briefs) == 2, "the first one was away"


@pytest.mark.parametrize("crash", [False, True])
@pytest.mark.asyncio
async def test_a_draft_for_a_text_that_was_edited_since_is_dropped_even_over_a_crash(trial: Trial, crash: bool) -> None:
    await trial.start()
    await trial.bot.commands.obey("pause", {})
    trial.mention("Is it rainin?")
    await trial.counted({State.INTENDED: 1})
    edited(trial, "p1", "Is it raining?")
    await trial.counted({State.RECEIVED: 1})
    if crash:
        await trial.crash()
        await trial.start()
    await trial.bot.commands.obey("resume", {})
    await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["You said: Is it raining?"]


@pytest.mark.asyncio
async def test_a_held_draft_is_drafted_and_held_anew_when_its_question_is_edited(trial: Trial) -> None:
    trial.rewrite("approve: always\nanswer: mentions\n")
    async with trial:
        trial.mention("Do you like cats?")
        await trial.counted({State.HELD: 1})
        edited(trial, "p1", "Do you like arson?")
        await trial.until(lambda: len(trial.engine.briefs) == 2)
        await trial.counted({State.HELD: 1})
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        assert turn.draft.parts == ("You said: Do you like arson?",)
        await trial.bot.commands.obey("approve", {"turns": [1]})
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["You said: Do you like arson?"]


@pytest.mark.asyncio
async def test_an_approved_draft_that_was_tried_already_is_not_written_anew(trial: Trial) -> None:
    trial.rewrite("approve: always\nanswer: mentions\n")
    async with trial:
        trial.mention("Do you like cats?")
        await trial.counted({State.HELD: 1})
        trial.platform.answers.append(Unavailable("not now"))
        await trial.bot.commands.obey("approve", {"turns": [1]})
        await trial.until(lambda: trial.platform.attempts)
        edited(trial, "p1", "Do you like arson?")
        await trial.past(lambda: trial.platform.posts)
    assert trial.platform.texts == ["You said: Do you like cats?"]
    assert len(trial.engine.briefs) == 1


@pytest.mark.asyncio
async def test_edits_without_end_cost_one_more_call_however_they_are_spread(trial: Trial) -> None:
    trial.rewrite("approve: always\nanswer: mentions\n")
    async with trial:
        trial.mention("0")
        for number in range(1, 5):
            await trial.counted({State.HELD: 1})
            edited(trial, "p1", str(number))
            await trial.until(lambda: len(trial.engine.briefs) == 2)
        await trial.counted({State.HELD: 1})
    async with trial:
        edited(trial, "p1", "5")
        trial.mention("the end")
        await trial.counted({State.HELD: 2})
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        assert turn.draft.parts == ("You said: 1",)
        assert turn.event.text == "5"  # type: ignore[union-attr]  # a mention has one
    assert len(trial.engine.briefs) == 3, "two for it, one for the end"


@pytest.mark.asyncio
async def test_edits_while_the_engine_works_are_read_once_more_and_no_more_than_that(trial: Trial) -> None:
    async def edit(text: str) -> None:
        edited(trial, "p1", text)
        await trial.until(lambda: f"'{text}'" in repr(trial.bot.desks["home"].lanes.in_memory()[0].event))

    trial.engine.gate.clear()
    async with trial:
        trial.mention("0")
        await trial.until(lambda: trial.engine.at_work)
        await edit("1")
        await edit("2")
        first, trial.engine.gate = trial.engine.gate, asyncio.Event()
        first.set()
        await trial.until(lambda: len(trial.engine.briefs) == 2)
        await edit("3")
        trial.engine.gate.set()
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["You said: 2"]
    assert len(trial.engine.briefs) == 2


# rehearsing


REHEARSING = (
    "bot: ada\npersona: ada.yaml\naccounts: {home: {platform: scripted, live: false}}\ntimezone: UTC\nengines: hold\n"
)


@pytest.mark.asyncio
async def test_an_account_that_is_not_live_shows_what_it_would_say_and_says_nothing(trial: Trial) -> None:
    trial.rewrite("answer: mentions\n", head=REHEARSING)
    async with trial:
        trial.mention("Are you there?")
        await trial.counted({State.IGNORED: 1})
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        assert turn.draft.parts == ("You said: Are you there?",)
        assert "rehearsing" in turn.reason
        assert trial.platform.attempts == []


@pytest.mark.asyncio
async def test_what_was_on_its_way_when_the_account_began_to_rehearse_does_not_go_out(trial: Trial) -> None:
    async with trial:
        await trial.bot.commands.obey("pause", {})
        trial.mention("intended")
        await trial.counted({State.INTENDED: 1})
    trial.rewrite("answer: mentions\n", head=REHEARSING)
    async with trial:
        await trial.counted({State.IGNORED: 1})
        await trial.bot.commands.obey("resume", {})
        await trial.bot.settle()
    assert trial.platform.attempts == []


@pytest.mark.asyncio
async def test_what_was_being_sent_when_the_account_began_to_rehearse_is_for_a_person(trial: Trial) -> None:
    await trial.start()
    await trial.until(lambda: trial.platform.listened_after)
    trial.dies_at("after_publish_before_receipt")
    trial.mention()
    await trial.until(lambda: trial.is_dead)
    await trial.bury()
    trial.rewrite("answer: mentions\n", head=REHEARSING)
    async with trial:
        await trial.counted({State.UNKNOWN: 1})
    assert len(trial.platform.attempts) == 1


# the owner's own words


@pytest.mark.asyncio
async def test_fixed_words_need_no_engine(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, say: 'Thank you, {{ author.name }}.'}\n")
    async with trial:
        trial.mention(author=Author(id="u2", handle="bo", name="Bo"))
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["Thank you, Bo."]
    assert trial.engine.briefs == []
