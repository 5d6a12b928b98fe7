"""What a person says about drafts that wait for him is done, or refused with the reason; no draft is lost by it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from greenroom.clock import to_micros
from greenroom.settings import Platforms
from greenroom.settings.editing import set_live
from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import PostDeleted, PostRef

SECOND = timedelta(seconds=1)


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """A bot whose owner looks at everything first; not started yet, stopped in the end."""
    made = Trial(tmp_path, rules="approve: always\nanswer: mentions\n")
    yield made
    await made.stop()


async def live(trial: Trial, *, live: bool) -> None:
    """Let the account speak or rehearse, and wait until the running bot has taken it up."""
    set_live(trial.path, "home", live=live, platforms=Platforms.of(trial.platform.adapter_class()))
    await trial.past(lambda: trial.bot.file.accounts["home"].live is live)


async def rules(trial: Trial, text: str) -> None:
    """Write other rules, and wait until the running bot has taken them up."""
    trial.rewrite(text)
    file = trial.bot.file
    await trial.past(lambda: trial.bot.file is not file)


@pytest.mark.asyncio
async def test_a_draft_stays_held_while_its_account_rehearses(trial: Trial) -> None:
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        await live(trial, live=False)
        answer = await trial.bot.commands.obey("approve", {"turns": [1]})
        assert answer == {
            "error": "turn 1 stays held while home rehearses: `greenroom live home` lets the account speak, then "
            "approve it"
        }
        await trial.counted({State.HELD: 1})
        await live(trial, live=True)
        await trial.bot.commands.obey("approve", {"turns": [1]})
        await trial.counted({State.SENT: 1})


@pytest.mark.parametrize(
    ("command", "kept_by"),
    [("stop-all", "everything is stopped: a storm"), ("pause", "home is paused: a storm")],
)
@pytest.mark.asyncio
async def test_what_is_let_out_under_a_stop_is_said_to_wait_and_goes_out_after_it(
    trial: Trial, command: str, kept_by: str
) -> None:
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        arrived = trial.clock.now()
        await trial.bot.commands.obey(command, {"why": "a storm"})
        answer = await trial.bot.commands.obey("approve", {"turns": "all"})
        assert answer["waits_for"] == kept_by
        assert answer["worth_until"] == to_micros(arrived + timedelta(hours=6))
        trial.clock.turn(timedelta(hours=5))
        await trial.counted({State.INTENDED: 1})
        await trial.bot.commands.obey("resume", {})
        await trial.counted({State.SENT: 1}, by=SECOND)


@pytest.mark.asyncio
async def test_nothing_is_said_to_keep_what_goes_out_at_once(trial: Trial) -> None:
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        answer = await trial.bot.commands.obey("approve", {"turns": [1]})
        assert (answer["waits_for"], answer["worth_until"]) == (None, None)


@pytest.mark.asyncio
async def test_other_words_that_cannot_be_let_out_leave_the_draft_as_it_was(trial: Trial) -> None:
    trial.rewrite(
        "answer: {to: mentions, within: 10 minutes}\napprove: always\nlimits: {quiet: '12:05-13:00'}\n",
    )
    async with trial:
        trial.mention("hi")
        await trial.counted({State.HELD: 1})
        trial.clock.turn(timedelta(minutes=6))
        answer = await trial.bot.commands.obey("rewrite", {"turn": 1, "text": "Other words.", "approve": True})
        assert "would wait for the end of the quiet hours" in answer["error"]
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        assert turn.draft.parts == ("You said: hi",)


@pytest.mark.asyncio
async def test_a_draft_in_other_words_still_stands_for_all_that_it_answers(trial: Trial) -> None:
    trial.rewrite("approve: always\nanswer: {to: mentions, gather: 5 seconds}\n")
    async with trial:
        trial.mention("hm", conversation="c")
        trial.mention("when do you open?", conversation="c")
        await trial.counted({State.HELD: 1, State.IGNORED: 1}, by=SECOND)
        await trial.bot.commands.obey("rewrite", {"turn": 1, "text": "At nine."})
        gone = PostDeleted(id="d", source="", cursor="", occurred_at=trial.clock.now(), post=PostRef(id="p1"))
        trial.platform.happen(gone)
        await trial.until(lambda: len(trial.engine.briefs) == 2)
        assert trial.engine.briefs[1].said == "when do you open?"
        await trial.counted({State.HELD: 1, State.IGNORED: 1}, by=SECOND)


@pytest.mark.parametrize("rewritten", [True, False])
@pytest.mark.asyncio
async def test_a_draft_that_was_held_at_the_last_moment_is_written_anew_when_it_is_tried_again(
    trial: Trial, *, rewritten: bool
) -> None:
    trial.rewrite("answer: mentions\n")
    trial.engine.outcomes += ["The first words.", "The last words."]
    async with trial:
        await trial.bot.commands.obey("pause", {})
        trial.mention()
        await trial.counted({State.INTENDED: 1})
        await rules(trial, "answer: mentions\napprove: always\n")
        await trial.bot.commands.obey("resume", {})
        await trial.counted({State.HELD: 1}, by=SECOND)
        if rewritten:
            await trial.bot.commands.obey("rewrite", {"turn": 1, "text": "Words by hand."})
        await rules(trial, "answer: mentions\napprove: never\n")
        await trial.bot.commands.obey("retry", {"turn": 1})
        await trial.counted({State.SENT: 1}, by=SECOND)
    assert trial.platform.texts == ["The last words."]


@pytest.mark.asyncio
async def test_words_by_hand_go_out_instead_of_those_that_were_ready(trial: Trial) -> None:
    trial.rewrite("answer: mentions\n")
    async with trial:
        await trial.bot.commands.obey("pause", {})
        trial.mention()
        await trial.counted({State.INTENDED: 1})
        await rules(trial, "answer: mentions\napprove: always\n")
        await trial.bot.commands.obey("resume", {})
        await trial.counted({State.HELD: 1}, by=SECOND)
        await trial.bot.commands.obey("rewrite", {"turn": 1, "text": "Words by hand."})
        assert (await trial.turn("mention-1")).outbox == []
        await trial.bot.commands.obey("approve", {"turns": [1]})
        await trial.counted({State.SENT: 1}, by=SECOND)
    assert trial.platform.texts == ["Words by hand."]


@pytest.mark.asyncio
async def test_a_post_that_its_owner_refused_does_not_count_as_posted(trial: Trial) -> None:
    trial.rewrite("approve: always\npost: {name: tide, every: 1 hour, about: the tide, late_ok: 12 hours}\n")
    words = "High tide at noon, mind the steps."
    trial.engine.outcomes += [words, words, words]
    async with trial:
        await trial.past(lambda: len(trial.engine.briefs) == 1, by=timedelta(minutes=1))
        await trial.counted({State.HELD: 1})
        await trial.bot.commands.obey("refuse", {"turns": "all"})
        await trial.past(lambda: len(trial.engine.briefs) == 2, by=timedelta(minutes=1))
        await trial.counted({State.WITHDRAWN: 1, State.HELD: 1})
        await asyncio.sleep(0.02)
        assert len(trial.engine.briefs) == 2, "it is not written twice"


@pytest.mark.asyncio
async def test_a_draft_is_written_anew_by_the_persona_that_is_in_force_and_held_again(trial: Trial) -> None:
    async with trial:
        event = trial.mention("is the lamp lit?")
        await trial.counted({State.HELD: 1})
        old = (await trial.turn(event.id)).persona
        persona = trial.path.parent / "ada.yaml"
        persona.write_text("persona: Ada\nwho: keeps another lighthouse\n", encoding="utf-8")
        await trial.past(lambda: trial.bot.persona.version != old)
        assert await trial.bot.commands.obey("redraft", {"turns": "all"}) == {
            "done": "redrafted",
            "turns": [1],
            "left": [],
        }
        await trial.past(lambda: len(trial.engine.briefs) == 2)
        await trial.counted({State.HELD: 1}, by=SECOND)
        turn = await trial.turn(event.id)
        assert turn.persona == trial.bot.persona.version != old
        assert trial.engine.briefs[1].persona.who == "keeps another lighthouse"
        await trial.bot.commands.obey("approve", {"turns": [1]})
        await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_a_draft_that_is_to_be_written_anew_is_after_a_crash_as_well(trial: Trial) -> None:
    async with trial:
        trial.mention("is the lamp lit?")
        await trial.counted({State.HELD: 1})
        trial.engine.gate.clear()
        await trial.bot.commands.obey("redraft", {"turns": [1]})
        await trial.past(lambda: len(trial.engine.briefs) == 2)
        await trial.crash()
        trial.engine.gate.set()
        await trial.start()
        await trial.counted({State.HELD: 1}, by=SECOND)
        assert len(trial.engine.briefs) == 3


@pytest.mark.asyncio
async def test_words_of_the_owners_and_what_is_too_late_are_not_written_anew(trial: Trial) -> None:
    async with trial:
        for _ in range(2):
            trial.mention()
        await trial.counted({State.HELD: 2})
        await trial.bot.commands.obey("rewrite", {"turn": 1, "text": "My own words."})
        answer = await trial.bot.commands.obey("redraft", {"turns": [1]})
        assert answer == {"error": "turn 1 has the words that you wrote; they stay as they are"}
        await live(trial, live=False)
        assert "stays held while home rehearses" in (await trial.bot.commands.obey("redraft", {"turns": [2]}))["error"]
        assert len(trial.engine.briefs) == 2


@pytest.mark.asyncio
async def test_an_expired_draft_stays_readable_and_is_said_only_as_something_new(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, within: 1 hour}\napprove: always\n")
    async with trial:
        trial.mention("Are you there?")
        await trial.counted({State.HELD: 1})
        await trial.counted({State.STALE: 1}, by=timedelta(minutes=5))
        turn = await trial.turn("mention-1")
        assert turn.draft is not None
        assert turn.draft.parts == ("You said: Are you there?",)
        for command in ("approve", "refuse"):
            answer = await trial.bot.commands.obey(command, {"turns": [turn.seq]})
            assert "say it as something new with `greenroom post`" in answer["error"]
        await trial.bot.settle()
    assert trial.platform.posts == []
