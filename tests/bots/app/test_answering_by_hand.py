"""What a rule passes on is answered by its owner's hand, through the same door as all that the bot says."""

import pytest

from greenroom.storage import State
from greenroom.testing import Trial

RULES = "answer: [mentions, {to: mentions, words: [refund], tell: true}]\n"


async def answer(trial: Trial, turn: int, text: str) -> str:
    said = await trial.bot.commands.obey("answer", {"turn": turn, "text": text})
    return str(said.get("error", said.get("done", "")))


@pytest.mark.asyncio
async def test_what_was_passed_on_is_answered_once_with_the_owners_words_and_no_engine(trial: Trial) -> None:
    trial.rewrite(RULES)
    async with trial:
        trial.mention("@ada I want a refund")
        await trial.counted({State.IGNORED: 1})
        assert await answer(trial, 1, "Of course. Write to help@example.com.") == "answered"
        await trial.counted({State.SENT: 1})
        ((_, post),) = trial.platform.posts
        assert post.text == "Of course. Write to help@example.com."
        assert post.in_reply_to is not None
        assert post.in_reply_to.id == "p1"
        assert trial.engine.briefs == []
        assert "turn 1 is sent: only what a rule" in await answer(trial, 1, "And again.")
        assert "answered: by hand" in await trial.journal()
    assert len(trial.platform.posts) == 1


@pytest.mark.asyncio
async def test_an_answer_over_which_the_bot_dies_goes_out_once(trial: Trial) -> None:
    trial.rewrite(RULES)
    async with trial:
        trial.mention("@ada I want a refund")
        await trial.counted({State.IGNORED: 1})
        trial.dies_at("after_publish_before_receipt")
        assert await answer(trial, 1, "Of course.") == "answered"
        await trial.until(lambda: trial.is_dead)
        await trial.bury()
        await trial.start()
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["Of course."]


@pytest.mark.asyncio
async def test_who_was_left_alone_for_another_reason_is_not_answered_so(trial: Trial) -> None:
    trial.rewrite(RULES)
    async with trial:
        trial.mention("stop")
        await trial.counted({State.SENT: 1})
        trial.mention("@ada hello?")
        await trial.counted({State.SENT: 1, State.IGNORED: 1})
        why = await answer(trial, 2, "Hello.")
        assert 'turn 2 is ignored (@iris has said "stop"' in why
        assert "there is no turn 9" in await answer(trial, 9, "Hello.")
        assert "no words" in await answer(trial, 2, " ") or "ignored" in await answer(trial, 2, " ")
    assert len(trial.platform.posts) == 1


@pytest.mark.asyncio
async def test_who_says_stop_before_the_answer_is_left_alone(trial: Trial) -> None:
    trial.rewrite(RULES)
    async with trial:
        trial.mention("@ada I want a refund")
        await trial.counted({State.IGNORED: 1})
        trial.mention("stop")
        await trial.counted({State.IGNORED: 1, State.SENT: 1})
        assert await answer(trial, 1, "Of course.") == "answered"
        await trial.counted({State.IGNORED: 1, State.SENT: 1})
        await trial.bot.settle()
        assert "stop" in (await trial.turn("mention-1")).reason
    assert len(trial.platform.posts) == 1


@pytest.mark.asyncio
async def test_a_held_answer_is_given_in_the_owners_words(trial: Trial) -> None:
    trial.rewrite("answer: mentions\napprove: always\n")
    async with trial:
        trial.mention("Are you there?")
        await trial.counted({State.HELD: 1})
        assert await answer(trial, 1, "By hand.") == "answered"
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["By hand."]
