"""Taking part without words: by rule, once, under the same policy as answers."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import (
    AuthenticationFailed,
    Author,
    OutcomeUnknown,
    RateLimited,
    TargetGone,
    Unavailable,
    Unsupported,
)

LIKES = "answer: {to: mentions, do: like}\n"


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """Not started yet; stopped in the end."""
    made = Trial(tmp_path, rules=LIKES)
    yield made
    await made.stop()


@pytest.mark.asyncio
async def test_what_fits_is_liked_without_a_word_and_no_engine_is_asked(trial: Trial) -> None:
    async with trial:
        trial.mention("Nice light.")
        await trial.counted({State.SENT: 1})
        (turn,) = await trial.bot.ledger.turns()
    assert [what for what, _ in trial.platform.acted] == ["like"]
    assert turn.draft is not None
    assert (trial.engine.briefs, trial.platform.posts, list(map(str, turn.draft.acts))) == ([], [], ["like"])


@pytest.mark.asyncio
async def test_everything_that_a_rule_names_is_done_once_after_the_words(trial: Trial) -> None:
    trial.rewrite("answer: {to: mentions, do: [follow, reply, repost, react, like], reaction: 🌊}\n")
    async with trial:
        trial.mention("Nice light.", author=Author(id="maria", handle="maria"))
        await trial.counted({State.SENT: 1})
    assert [what for what, _ in trial.platform.acted] == ["follow", "repost", "🌊", "like"]
    assert trial.platform.acted[0] == ("follow", "maria")
    assert len(trial.platform.posts) == 1


@pytest.mark.parametrize(
    "failure", [OutcomeUnknown("no answer"), Unavailable("away"), TimeoutError(), ValueError("a bug of the adapter")]
)
@pytest.mark.asyncio
async def test_an_act_whose_answer_was_lost_is_done_again_since_twice_is_once(trial: Trial, failure: Exception) -> None:
    trial.platform.acting.append(failure)
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1}, by=timedelta(seconds=1))
    assert trial.platform.acted == [trial.platform.acted[0]] * 2


@pytest.mark.asyncio
async def test_a_limit_of_the_platform_is_waited_for(trial: Trial) -> None:
    trial.platform.acting.append(RateLimited("slow", retry_after=timedelta(minutes=2)))
    async with trial:
        before = trial.clock.now()
        trial.mention()
        await trial.counted({State.SENT: 1}, by=timedelta(seconds=1))
        assert trial.clock.now() - before >= timedelta(minutes=2)


@pytest.mark.parametrize("refusal", [TargetGone("gone"), Unsupported("no such reaction")])
@pytest.mark.asyncio
async def test_what_the_platform_refuses_is_left_and_the_rest_is_done(trial: Trial, refusal: Exception) -> None:
    trial.rewrite("answer: {to: mentions, do: [like, repost]}\n")
    trial.platform.acting.append(refusal)
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
        assert any("not done: like" in line for line in await trial.journal())
    assert [what for what, _ in trial.platform.acted] == ["like", "repost"]


@pytest.mark.asyncio
async def test_a_turn_of_which_nothing_could_be_done_is_ignored_with_the_reason(trial: Trial) -> None:
    trial.platform.acting.append(TargetGone("gone"))
    async with trial:
        trial.mention()
        await trial.counted({State.IGNORED: 1})
        (turn,) = await trial.bot.ledger.turns()
    assert "gone" in turn.reason


@pytest.mark.parametrize(
    "point", ["after_draft", "after_intent", "after_sending", "after_publish_before_receipt", "after_receipt"]
)
@pytest.mark.parametrize("reached", [1, 2])
@pytest.mark.asyncio
async def test_killed_anywhere_the_reply_goes_out_once_and_every_act_is_done(
    trial: Trial, point: str, reached: int
) -> None:
    trial.rewrite("answer: {to: mentions, do: [reply, like, follow]}\n")
    await trial.start()
    trial.dies_at(point, reached if point != "after_draft" and point != "after_intent" else 1)
    trial.mention()
    await trial.past(lambda: trial.is_dead)
    await trial.bury()
    await trial.start()
    await trial.counted({State.SENT: 1}, by=timedelta(seconds=1))
    assert len(trial.platform.posts) == 1
    assert {what for what, _ in trial.platform.acted} == {"like", "follow"}


@pytest.mark.asyncio
async def test_refused_credentials_pause_the_account_and_the_act_waits(trial: Trial) -> None:
    trial.platform.acting.append(AuthenticationFailed("no"))
    async with trial:
        trial.mention()
        async with asyncio.timeout(30):
            while not await trial.bot.ledger.paused():
                await asyncio.sleep(0.005)
        await trial.counted({State.INTENDED: 1})
    assert len(trial.platform.acted) == 1


@pytest.mark.asyncio
async def test_the_caps_of_answers_hold_for_acts(trial: Trial) -> None:
    trial.rewrite(LIKES + "limits: {replies_per_person: 1/hour}\n")
    async with trial:
        trial.mention()
        trial.mention()
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
    assert len(trial.platform.acted) == 1


@pytest.mark.asyncio
async def test_who_is_blocked_is_not_liked(trial: Trial) -> None:
    trial.rewrite(LIKES + "people: {blocked: home/spam}\n")
    async with trial:
        trial.mention(author=Author(id="spam", handle="spam"))
        trial.mention()
        await trial.counted({State.SENT: 1})
    assert trial.platform.acted == [("like", "p2")]


@pytest.mark.asyncio
async def test_who_said_stop_is_not_liked(trial: Trial) -> None:
    who = Author(id="maria", handle="maria")
    async with trial:
        trial.mention("stop", author=who)
        await trial.counted({State.SENT: 1})
        trial.mention("Nice light.", author=who)
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
    assert trial.platform.acted == []


@pytest.mark.asyncio
async def test_who_wants_to_see_everything_sees_acts_first(trial: Trial) -> None:
    trial.rewrite(LIKES + "approve: always\n")
    async with trial:
        trial.mention()
        await trial.counted({State.HELD: 1})
        assert trial.platform.acted == []
