"""The other guards: one reply to a post, no post twice, hands off, quiet hours, the kill switch, and their order."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from greenroom.clock import to_micros
from greenroom.generation.script import ScriptEngine
from greenroom.policy import (
    ALLOW,
    Guard,
    Hold,
    Later,
    OnWords,
    Policy,
    Refuse,
    Repair,
    Terms,
    Verdict,
    interaction,
    quiet_until,
)
from greenroom.policy import hands as hands_module
from greenroom.policy.hands import HandsOff
from greenroom.policy.interaction import OneReply
from greenroom.policy.introductions import Introductions
from greenroom.policy.joining import JoiningIn
from greenroom.policy.quiet import QuietHours
from greenroom.policy.repeats import REPEATED, Repeats
from greenroom.policy.silences import Silences
from greenroom.settings import AnswerRule, Span
from greenroom.settings.spelling import SPAN
from greenroom.storage import Draft, SqliteLedger, State, Turn
from greenroom.testing import Trial
from greenroom.testing.clock import ManualClock
from greenroom.testing.ledger import mention_turn
from greenroom.testing.platform import never_answer
from greenroom_adapters.contract import (
    MentionReceived,
    OutcomeUnknown,
    OwnPostSeen,
    PostRef,
    QuoteReceived,
    Room,
    key_digest,
)

Guarded = Callable[[str], Trial]
STEP = timedelta(seconds=15)
"""Long enough to pass hours quickly, short enough not to run past what is looked for."""


def written_by_hand(
    trial: Trial,
    text: str,
    *,
    conversation: str,
    post: str = "h1",
    answers: str | None = None,
    key: str | None = None,
) -> OwnPostSeen:
    written = OwnPostSeen(
        id=f"own-{post}",
        source="",
        cursor="",
        occurred_at=trial.clock.now(),
        post=PostRef(id=post),
        text=text,
        conversation=conversation,
        in_reply_to=None if answers is None else PostRef(id=answers),
        key=key,
    )
    trial.platform.happen(written)
    return written


# one reply


@pytest.mark.asyncio
async def test_a_post_that_comes_as_two_events_is_answered_once(trial: Trial) -> None:
    trial.rewrite("answer: [mentions, quotes]\n")
    async with trial:
        mention = trial.mention(post=PostRef(id="same"))
        await trial.counted({State.SENT: 1})
        trial.platform.happen(
            QuoteReceived(
                id="quote",
                source="",
                cursor="",
                occurred_at=mention.occurred_at,
                post=PostRef(id="same"),
                author=mention.author,  # type: ignore[attr-defined]  # a mention has one
                text="Are you there?",
                conversation="c1",
            )
        )
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
        assert (await trial.turn("quote")).reason == "turn 1 answers this post already"


# repeats


@pytest.mark.asyncio
async def test_a_post_like_a_recent_one_is_written_again_and_else_left_out(trial: Trial) -> None:
    trial.rewrite("post: {name: log, every: 1 hour, about: the sea}\n")
    fog = "Fog since four this morning, and the horn answers it every minute."
    trial.engine.outcomes += [fog, fog, "Now the wind has turned to the north and it is clear.", fog, f"{fog}."]
    async with trial:
        await trial.past(lambda: len(trial.platform.posts) == 2, by=STEP)
        assert trial.platform.texts[1].startswith("Now the wind")
        assert trial.engine.briefs[2].correction is not None
        assert "says what was posted a short while ago" in trial.engine.briefs[2].correction
        assert "the horn" not in trial.engine.briefs[2].correction
        await trial.past(lambda: len(trial.engine.briefs) >= 5, by=STEP)
        await trial.counted({State.SENT: 2, State.IGNORED: 1})
        ignored = await trial.bot.ledger.turns(states=[State.IGNORED])
        assert "written twice, and both times it says what was posted" in ignored[0].reason


@pytest.mark.asyncio
async def test_posts_that_are_written_at_the_same_time_say_each_something_of_its_own(tmp_path: Path) -> None:
    clock = ManualClock()
    script = ScriptEngine(clock=clock)
    names = [f"log{number}" for number in range(16)]
    rules = "".join(f"- {{name: {name}, every: 1 hour, about: the sea}}\n" for name in names)
    async with Trial(tmp_path, rules=f"post:\n{rules}", clock=clock, through=lambda _: script) as trial:
        await trial.past(lambda: trial.platform.posts, by=STEP)
        await trial.counted({State.SENT: len(names)})
        assert len(set(trial.platform.texts)) == len(names)


@pytest.mark.asyncio
async def test_posts_whose_news_is_an_hour_are_posted_each(trial: Trial) -> None:
    trial.rewrite("post: {name: tide, every: 6 hours, about: the tide}\n")
    tides = ["Tuesday. High tide at 06:12 and 18:40.", "Wednesday. High tide at 07:02 and 19:31."]
    trial.engine.outcomes += tides
    async with trial:
        await trial.past(lambda: len(trial.platform.posts) == 2, by=timedelta(minutes=10))
        assert trial.platform.texts == tides
        assert len(trial.engine.briefs) == 2, "neither is written again"


@pytest.mark.asyncio
async def test_the_first_post_of_a_day_that_is_left_out_for_that_is_noted_also_over_a_restart(trial: Trial) -> None:
    trial.rewrite("post: {name: log, every: 1 hour, about: the sea}\n")
    trial.engine.outcomes += ["Fog since four this morning, and the horn answers it every minute."] * 20

    async def noted() -> int:
        return sum(line.startswith(REPEATED) for line in await trial.journal())

    async with trial:
        await trial.past(lambda: len(trial.engine.briefs) >= 3, by=STEP)
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
        await trial.crash()
    async with trial:
        await trial.past(lambda: len(trial.engine.briefs) >= 5, by=STEP)
        await trial.counted({State.SENT: 1, State.IGNORED: 2})
        assert await noted() == 1
        trial.clock.turn(timedelta(days=1))
        await trial.past(lambda: len(trial.engine.briefs) >= 7, by=STEP)
        await trial.bot.settle()
        assert await noted() == 2


@pytest.mark.asyncio
async def test_recent_posts_are_remembered_over_a_restart(trial: Trial) -> None:
    trial.rewrite("post: {name: log, every: 1 hour, about: the sea}\n")
    trial.engine.outcomes += ["The same old story of the sea."] * 3
    async with trial:
        await trial.past(lambda: trial.platform.posts, by=STEP)
        await trial.crash()
    async with trial:
        await trial.past(lambda: len(trial.engine.briefs) == 3, by=STEP)
        await trial.counted({State.SENT: 1, State.IGNORED: 1})


# hands off


@pytest.mark.asyncio
async def test_a_thread_in_which_the_owner_wrote_by_hand_is_his_for_half_a_day(trial: Trial) -> None:
    async with trial:
        trial.mention(conversation="c")
        await trial.counted({State.SENT: 1})
        written_by_hand(trial, "This is Maria. Come by at nine.", conversation="c")
        trial.mention("Thanks Maria!", conversation="c")
        trial.mention("Elsewhere?", conversation="d")
        await trial.counted({State.SENT: 2, State.IGNORED: 2})
        assert (await trial.turn("mention-2")).reason == (
            "somebody writes in this thread by hand from the bot's account: it is his until 2026-11-24 00:00"
        )
        await trial.crash()
    async with trial:
        trial.clock.turn(timedelta(hours=11))
        trial.mention("Still you?", conversation="c")
        await trial.counted({State.SENT: 2, State.IGNORED: 3})
        trial.clock.turn(timedelta(hours=1))
        trial.mention("And now?", conversation="c")
        await trial.counted({State.SENT: 3, State.IGNORED: 3})
        said = [line.text for line in await trial.engine.briefs[-1].history()]
        assert "This is Maria. Come by at nine." in said, "what was said by hand is context"


@pytest.mark.asyncio
async def test_the_bots_own_posts_are_not_taken_for_the_owners(trial: Trial) -> None:
    async with trial:
        trial.mention("Is it lit?", conversation="c")
        await trial.counted({State.SENT: 1})
        written_by_hand(trial, "You said: Is it lit?", conversation="c", post="x1")
        trial.mention("And now?", conversation="c")
        await trial.counted({State.SENT: 2})
    async with trial:
        written_by_hand(trial, "You said: And now?", conversation="c", post="x2")
        trial.mention("And after a restart?", conversation="c")
        await trial.counted({State.SENT: 3})


@pytest.mark.parametrize("told", ["You said: Is it lit?", "You said:\n\nIs it  lit?\n"])
@pytest.mark.asyncio
async def test_a_post_whose_answer_was_lost_is_not_taken_for_the_owners(trial: Trial, told: str) -> None:
    async with trial:
        trial.platform.answers.append(OutcomeUnknown("lost"))
        trial.platform.findings.append(OutcomeUnknown("not now"))
        trial.engine.gate.clear()
        trial.mention("Is it lit?", conversation="c")
        await trial.until(lambda: trial.engine.at_work)
        trial.engine.gate.set()
        await trial.until(lambda: trial.platform.attempts)
        written_by_hand(trial, told, conversation="c", post="x1")
        await trial.past(lambda: trial.platform.posts, by=STEP)
        trial.mention("And now?", conversation="c")
        await trial.counted({State.SENT: 2})


@pytest.mark.asyncio
async def test_what_was_held_for_a_thread_is_over_when_the_owner_answers_there(guarded: Guarded) -> None:
    async with guarded("approve: always\nanswer: mentions\n") as trial:
        trial.mention(conversation="c")
        await trial.counted({State.HELD: 1})
        written_by_hand(trial, "I do it myself.", conversation="c")
        await trial.counted({State.IGNORED: 2})
        assert (await trial.turn("mention-1")).reason == "answered by hand"


@pytest.mark.asyncio
async def test_an_answer_that_is_being_written_stays_unsaid_when_the_owner_is_faster(trial: Trial) -> None:
    async with trial:
        trial.engine.gate.clear()
        trial.mention(conversation="c")
        await trial.until(lambda: trial.engine.at_work)
        written_by_hand(trial, "I am faster.", conversation="c")
        await trial.counted({State.RECEIVED: 2})
        trial.engine.gate.set()
        await trial.counted({State.IGNORED: 2})
        assert trial.platform.posts == []


@pytest.mark.asyncio
async def test_what_carries_a_key_of_ours_is_not_taken_for_the_owners_whatever_it_looks_like(trial: Trial) -> None:
    trial.platform.answers.append(never_answer)
    async with trial:
        trial.mention("Is it lit?", conversation="c")
        await trial.until(lambda: trial.platform.attempts)
        # as Matrix shows a picture: its words, and below them its description
        key = key_digest(trial.platform.attempts[0].key)
        written_by_hand(trial, "You said: Is it lit?\n\nA lamp.", conversation="c", post="x1", key=key)
        trial.mention("And now?", conversation="other")
        # it waits a moment for the answer to the first one
        await trial.past(lambda: trial.platform.posts, by=timedelta(seconds=1))
        assert await trial.bot.ledger.hands(since=0) == {}
        assert not any(line.startswith("another copy") for line in await trial.journal())


@pytest.mark.asyncio
async def test_what_another_copy_of_the_bot_publishes_is_noted_and_is_nobodys_hand(trial: Trial) -> None:
    async with trial:
        written_by_hand(trial, "Hello.", conversation="c", key=key_digest("a key of another ledger"))
        trial.mention("Is it lit?", conversation="c")
        await trial.counted({State.SENT: 1})
        assert "another copy: h1 on home was published by another copy" in await trial.journal()


@pytest.mark.asyncio
async def test_what_the_owner_wrote_by_hand_ends_only_drafts_for_what_was_asked_before(guarded: Guarded) -> None:
    async with guarded("approve: always\nanswer: {to: mentions, hands_off: 10 minutes}\n") as trial:
        hand = written_by_hand(trial, "I do it myself.", conversation="c")
        await trial.counted({State.IGNORED: 1})
        trial.clock.turn(timedelta(minutes=30))
        trial.mention(conversation="c")
        await trial.counted({State.IGNORED: 1, State.HELD: 1})
        trial.platform.happen(hand)
        # told late, and of a time before the mention
        trial.platform.happen(replace(hand, id="own-h2", post=PostRef(id="h2")))
        await trial.counted({State.IGNORED: 2, State.HELD: 1})
        noted = [line for line in await trial.journal() if line.startswith("by hand")]
        assert len(noted) == 2, "what comes again is not noted again"


@pytest.mark.parametrize("state", [State.HELD, State.SENT])
@pytest.mark.asyncio
async def test_a_plain_reply_by_hand_takes_the_thread_of_what_it_answers_and_not_the_room(
    guarded: Guarded, state: State
) -> None:
    approve = "always" if state is State.HELD else "never"
    async with guarded(f"approve: {approve}\nanswer: mentions\n") as trial:
        trial.mention("Is it lit?", conversation="room/thread")
        trial.mention("And the horn?", conversation="room/other")
        await trial.counted({state: 2})
        written_by_hand(trial, "It is.", conversation="room", answers="p1")
        ended = 2 if state is State.HELD else 1
        await trial.counted({State.IGNORED: ended, state: 3 - ended})
        trial.mention("Since when?", conversation="room/thread")
        trial.mention("And the bell?", conversation="room")
        await trial.counted({State.IGNORED: ended + 1, state: 4 - ended})
        assert "by hand" in (await trial.turn("mention-3")).reason
        assert (await trial.turn("mention-4")).state is state


@pytest.mark.asyncio
async def test_a_reply_by_hand_to_a_post_of_the_bot_takes_the_thread_in_which_that_stands(trial: Trial) -> None:
    async with trial:
        trial.mention("Is it lit?", conversation="room/thread")
        await trial.counted({State.SENT: 1})
        written_by_hand(trial, "And it stays so.", conversation="room", answers="x1")
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
        trial.mention("Really?", conversation="room/thread")
        await trial.counted({State.SENT: 1, State.IGNORED: 2})


# quiet hours, kill switch


@pytest.mark.asyncio
async def test_what_was_begun_before_quiet_hours_does_not_go_out_within_them(trial: Trial) -> None:
    trial.rewrite(
        "answer: mentions\npost: {name: log, at: '12:20', about: x, late_ok: 12 hours}\nlimits: {quiet: 12:30-20:00}\n"
        "approve: never\n"
    )
    trial.engine.gate.clear()
    async with trial:
        trial.mention()
        await trial.until(lambda: trial.engine.at_work == 1)
        trial.clock.turn(timedelta(minutes=21))
        await trial.until(lambda: trial.engine.at_work == 2)
        trial.clock.turn(timedelta(minutes=20))
        trial.engine.gate.set()
        await trial.counted({State.IGNORED: 1, State.INTENDED: 1})
        assert (await trial.turn("mention-1")).reason == "quiet hours (12:30-20:00) had begun before it could go out"
        evening = trial.clock.now().replace(hour=20, minute=0, second=0, microsecond=0)
        trial.clock.turn_to(evening - timedelta(seconds=1))
        await trial.counted({State.IGNORED: 1, State.INTENDED: 1})
        assert trial.platform.posts == []
        trial.clock.turn_to(evening)
        await trial.until(lambda: trial.platform.posts)


@pytest.mark.asyncio
async def test_when_everything_is_stopped_no_engine_is_asked_and_nothing_goes_out_until_it_is_resumed(
    trial: Trial,
) -> None:
    async with trial:
        trial.engine.gate.clear()
        trial.mention("in the making")
        await trial.until(lambda: trial.engine.at_work)
        assert await trial.bot.commands.obey("stop-all", {"why": "a storm"}) == {"done": "stopped"}
        trial.engine.gate.set()
        trial.mention("afterwards")
        await trial.counted({State.INTENDED: 1, State.RECEIVED: 1})
        await trial.crash()
    async with trial:
        trial.mention("after a restart")
        await trial.counted({State.INTENDED: 1, State.RECEIVED: 2})
        trial.clock.turn(timedelta(hours=1))
        await trial.counted({State.INTENDED: 1, State.RECEIVED: 2})
        assert len(trial.engine.briefs) == 1
        assert trial.platform.posts == []
        refused = await trial.bot.commands.obey("resume", {"account": "home"})
        assert "everything is stopped" in refused["error"]
        await trial.bot.commands.obey("resume", {})
        await trial.counted({State.SENT: 3}, by=timedelta(seconds=1))


@pytest.mark.parametrize("edited", [False, True])
@pytest.mark.asyncio
async def test_other_words_are_not_asked_for_while_everything_is_stopped(trial: Trial, *, edited: bool) -> None:
    trial.rewrite("post: {name: log, every: 1 hour, about: the sea, late_ok: 12 hours}\n")
    fog = "Fog since four this morning, and the horn answers it every minute."
    trial.engine.outcomes += [fog, fog, "Now the wind has turned to the north and it is clear.", "Quite other words."]
    async with trial:
        await trial.past(lambda: trial.platform.posts, by=STEP)
        trial.engine.gate.clear()
        await trial.past(lambda: len(trial.engine.briefs) == 2, by=STEP)
        await trial.bot.commands.obey("stop-all", {"why": "a storm"})
        trial.engine.gate.set()
        if edited:
            file = trial.bot.file
            trial.rewrite("post: {name: log, every: 1 hour, about: the sea, late_ok: 11 hours}\n")
            await trial.past(lambda: trial.bot.file is not file)
        for _ in range(20):
            trial.clock.turn(timedelta(seconds=1))
            await asyncio.sleep(0.002)
        assert len(trial.engine.briefs) == 2, "no engine is paid while everything is stopped"
        await trial.bot.commands.obey("resume", {})
        await trial.past(lambda: len(trial.platform.posts) == 2)
        assert trial.platform.texts[1].startswith("Now the wind")
        assert len(trial.engine.briefs) == 3


@pytest.mark.asyncio
async def test_what_a_person_let_out_in_quiet_hours_goes_out_when_they_end(guarded: Guarded) -> None:
    trial = guarded("approve: always\nanswer: mentions\nlimits: {quiet: 13:00-14:00}\n")
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        trial.clock.turn(timedelta(minutes=70))
        answer = await trial.bot.commands.obey("approve", {"turns": [1]})
        assert answer["waits_until"] == to_micros(datetime(2026, 11, 23, 14, tzinfo=UTC))
        await trial.counted({State.INTENDED: 1})
        await trial.past(lambda: trial.platform.posts, by=STEP)
        assert trial.clock.now().hour == 14


@pytest.mark.asyncio
async def test_what_would_be_too_late_after_the_quiet_hours_is_not_let_out_in_them(guarded: Guarded) -> None:
    trial = guarded("approve: always\nanswer: {to: mentions, within: 90 minutes}\nlimits: {quiet: 13:00-14:00}\n")
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        trial.clock.turn(timedelta(minutes=70))
        answer = await trial.bot.commands.obey("approve", {"turns": [1]})
        assert answer["error"] == (
            "turn 1 would wait for the end of the quiet hours, 2026-11-23 14:00, and is worth sending until "
            "2026-11-23 13:30 only"
        )
        await trial.counted({State.HELD: 1})


@pytest.mark.asyncio
async def test_a_thread_that_is_the_owners_until_later_today_is_named_by_the_hour_alone(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, hands_off: 2 hours}\n")
    async with trial:
        written_by_hand(trial, "This is Maria.", conversation="c")
        trial.mention(conversation="c")
        await trial.counted({State.IGNORED: 2})
        assert (await trial.turn("mention-1")).reason.endswith("until 14:00")


@pytest.mark.asyncio
async def test_the_end_of_a_stop_leaves_accounts_that_were_paused_before_as_they_were(trial: Trial) -> None:
    async with trial:
        await trial.bot.commands.obey("pause", {"account": "home", "why": "a storm"})
        await trial.bot.commands.obey("stop-all", {"why": "a fire"})
        assert trial.bot.desks["home"].pacer.paused == "a fire"
    async with trial:
        assert trial.bot.desks["home"].pacer.paused == "a fire"
        answer = await trial.bot.commands.obey("resume", {})
        assert answer["still_paused"] == {"home": "a storm"}
        assert await trial.bot.ledger.paused() == {"home": "a storm"}
        assert trial.bot.desks["home"].pacer.paused == "a storm"
        trial.mention()
        await trial.counted({State.INTENDED: 1})
        await trial.bot.commands.obey("resume", {})
        await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_the_end_of_a_stop_leaves_a_pause_of_all_accounts_as_it_was(trial: Trial) -> None:
    async with trial:
        await trial.bot.commands.obey("pause", {"why": "a storm"})
        await trial.bot.commands.obey("stop-all", {"why": "a storm"})
        await trial.bot.commands.obey("resume", {})
        assert await trial.bot.ledger.paused() == {"*": "a storm"}
        assert trial.bot.desks["home"].pacer.paused == "a storm"


# the chain


class PutsOff(Guard):
    @override
    def may_say(self, turn: Turn, draft: Draft) -> OnWords:
        return Later(1, "not today")  # type: ignore[return-value]  # what a guard without types may do


@pytest.mark.asyncio
async def test_a_guard_that_puts_words_off_is_a_mistake_that_is_told(trial: Trial) -> None:
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        terms = Terms(file=trial.bot.file, persona=trial.bot.persona)
        policy = Policy(trial.bot.ledger, trial.clock, terms, own=[PutsOff()])
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        with pytest.raises(TypeError, match="not today"):
            policy.may_say(turn, turn.draft)


class Says(Guard):
    def __init__(self, verdict: OnWords) -> None:
        self._verdict = verdict

    @override
    def may_say(self, turn: Turn, draft: Draft) -> OnWords:
        return self._verdict


@pytest.mark.parametrize(
    ("said", "in_the_end"),
    [
        ([ALLOW, ALLOW], ALLOW),
        ([Hold("a"), ALLOW], Hold("a")),
        ([Hold("a"), Hold("b")], Hold("a; b")),
        ([Hold("a"), Repair("b")], Repair("b")),
        ([Repair("a"), Hold("b")], Repair("a")),
        ([Hold("a"), Refuse("b")], Refuse("b")),
    ],
)
@pytest.mark.asyncio
async def test_a_refusal_goes_before_a_repair_and_a_repair_before_a_hold(
    trial: Trial, said: list[OnWords], in_the_end: OnWords
) -> None:
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        terms = Terms(file=trial.bot.file, persona=trial.bot.persona)
        ledger = trial.bot.ledger
        assert isinstance(ledger, SqliteLedger)
        policy = Policy(ledger, trial.clock, terms, own=[Says(verdict) for verdict in said])
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        assert policy.may_say(turn, turn.draft) == in_the_end


class Sleeps(Says):
    """A guard that has nothing to say about answers."""

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        return None if rule is not None else super().asked(question, rule)


@pytest.mark.asyncio
async def test_a_guard_that_has_nothing_to_say_about_answers_is_asked_about_everything_else(trial: Trial) -> None:
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        terms = Terms(file=trial.bot.file, persona=trial.bot.persona)
        policy = Policy(trial.bot.ledger, trial.clock, terms, own=[Sleeps(Hold("a"))])
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        assert policy.may_say(turn, turn.draft) is ALLOW
        turn.rule = "gone from the file"
        assert policy.may_say(turn, turn.draft) == Hold("a")


QUIET = "limits: {quiet: 00:00-23:59}\n"
OPEN = "rooms: {lounge: {is: home/lounge, mode: open}}\n"


@pytest.mark.parametrize("rules", ["", QUIET, OPEN])
@pytest.mark.asyncio
async def test_whoever_is_not_asked_about_answers_would_have_allowed_them(trial: Trial, rules: str) -> None:
    trial.rewrite(f"answer: mentions\n{rules}")
    async with trial:
        terms = Terms(file=trial.bot.file, persona=trial.bot.persona)
        turn = mention_turn()
        assert isinstance(turn.event, MentionReceived)
        turn.event = replace(turn.event, room=Room(id="lounge"))
        turn.rule, turn.seq, turn.draft = terms.file.answer[0].identity, 1, Draft(parts=("It is.",), engine="constant")
        guards = (
            QuietHours(trial.clock),
            Repeats(trial.bot.ledger, trial.clock),
            Introductions(trial.bot.ledger),
            JoiningIn(trial.bot.ledger, trial.clock),
            Silences(),
        )
        left_out: set[tuple[type[Guard], str]] = set()
        for guard in guards:
            guard.use(terms)
            for question, more in (("may_answer", ()), ("may_say", (turn.draft,)), ("may_send", ())):
                if guard.asked(question, terms.file.answer[0]) is None:
                    left_out.add((type(guard), question))
                    assert getattr(guard, question)(turn, *more) is ALLOW
        assert ((QuietHours, "may_send") in left_out) is (rules != QUIET)
        assert ((JoiningIn, "may_send") in left_out) is (rules != OPEN)


def test_however_many_posts_were_answered_the_newest_are_known() -> None:
    guard = OneReply()
    turns = [mention_turn(number) for number in range(interaction.MOST + 2)]
    for number, turn in enumerate(turns, 1):
        turn.seq = number
        assert guard.may_answer(turn) is ALLOW
    again = mention_turn(interaction.MOST + 1)
    again.seq = len(turns) + 1
    assert guard.may_answer(again) == Refuse(f"turn {len(turns)} answers this post already")
    first = mention_turn(0)
    first.seq = len(turns) + 2
    assert guard.may_answer(first) is ALLOW, "the oldest are forgotten"


# the clock


@pytest.mark.parametrize(
    ("minute", "ends"),
    [
        ("2026-10-25T00:10:00+00:00", "2026-10-25T00:30:00+00:00"),
        ("2026-10-25T00:40:00+00:00", None),
        ("2026-10-25T01:10:00+00:00", "2026-10-25T01:30:00+00:00"),
        ("2026-10-25T01:30:00+00:00", None),
        ("2026-10-24T22:30:00+00:00", "2026-10-25T00:30:00+00:00"),
    ],
)
def test_in_the_night_that_has_an_hour_twice_quiet_hours_end_when_the_clock_says_so(
    minute: str, ends: str | None
) -> None:
    # Lisbon goes from 02:00 back to 01:00
    end = quiet_until(datetime.fromisoformat(minute), SPAN.read("22:00-01:30"), ZoneInfo("Europe/Lisbon"))
    assert end == (None if ends is None else datetime.fromisoformat(ends))


MINUTES = st.times().map(lambda time: time.replace(second=0, microsecond=0))


@given(
    st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - bounds have no zone
    MINUTES,
    MINUTES,
    st.sampled_from(["Europe/Lisbon", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_quiet_hours_always_end_later_than_now(now: datetime, start: time, end: time, zone: str) -> None:
    found = quiet_until(now, Span(start=start, end=end), ZoneInfo(zone))
    assert found is None or timedelta(0) < found - now <= timedelta(hours=26)


@pytest.mark.asyncio
async def test_a_guard_that_puts_off_to_the_past_is_asked_again_only_after_a_pause(trial: Trial) -> None:
    class Yesterday(Guard):
        @override
        def may_answer(self, turn: Turn) -> Verdict:
            return Later(1, "it should have been yesterday")

        @override
        def may_send(self, turn: Turn) -> Verdict:
            return Later(1, "it should have been yesterday")

    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        ledger = trial.bot.ledger
        assert isinstance(ledger, SqliteLedger)
        terms = Terms(file=trial.bot.file, persona=trial.bot.persona)
        policy = Policy(ledger, trial.clock, terms, own=[Yesterday()])
        turn = await trial.turn("mention-1")
        for verdict in (policy.may_answer(turn), policy.may_send(turn)):
            assert isinstance(verdict, Later)
            assert verdict.until > trial.clock.micros()


@pytest.mark.asyncio
async def test_what_a_stranger_dates_into_the_future_keeps_nobody_waiting(trial: Trial) -> None:
    async with trial:
        room, far = Room(id="lounge"), trial.clock.now() + timedelta(days=3650)
        trial.mention("evil", conversation="lounge", room=room, occurred_at=far)
        await trial.past(lambda: trial.platform.posts, by=timedelta(seconds=1))
        trial.mention("Is it lit?", conversation="lounge", room=room)
        await trial.past(lambda: len(trial.platform.posts) > 1, by=timedelta(seconds=1))
        assert trial.platform.texts == ["You said: evil", "You said: Is it lit?"]


@pytest.mark.asyncio
async def test_hands_that_do_not_matter_any_more_are_thrown_away(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hands_module, "MANY", 8)
    async with trial:
        hands = HandsOff(trial.bot.ledger, trial.clock)
        await hands.load(Terms(file=trial.bot.file, persona=trial.bot.persona))
        for number in range(40):
            hands.seen("home", f"c{number}", trial.clock.micros())
            trial.clock.turn(timedelta(days=1))
            assert len(hands._hands) <= 2 * 8 + 1
        assert hands.wrote_since("home", "c39", trial.clock.micros() - 86_400_000_000)
        trial.mention(conversation="c39")
        await trial.counted({State.SENT: 1})
        turn = await trial.turn("mention-1")
        hands.seen("home", "c39", trial.clock.micros())
        assert isinstance(hands.may_answer(turn), Refuse)
