"""While no engine can answer, who asked directly is told so once, in public there is silence, and the turns wait."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from greenroom.generation import EngineUnavailable
from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, DirectMessageReceived, OwnPostSeen, PostDeleted, PostRef

UNABLE = "I cannot think just now; I will answer later."
PERSONA = f"persona: Ada\nwho: keeps the lighthouse\nlines: {{unable: {UNABLE}}}\n"


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """Answers mentions and direct messages, each by itself; not started yet, stopped in the end."""
    made = Trial(tmp_path, rules="answer: {to: [mentions, direct_messages], gather: 0 seconds}\n")
    (made.path.parent / "ada.yaml").write_text(PERSONA, encoding="utf-8")
    yield made
    await made.stop()


def message(trial: Trial, number: int, *, conversation: str = "d1", person: str = "u1") -> None:
    trial.platform.happen(
        DirectMessageReceived(
            id=f"dm-{number}",
            source="",
            cursor="",
            occurred_at=trial.clock.now(),
            post=PostRef(id=f"d{number}"),
            author=Author(id=person, handle=person),
            text=f"hello {number}",
            conversation=conversation,
        )
    )


def away(trial: Trial, times: int = 1000) -> None:
    trial.engine.outcomes.clear()
    trial.engine.outcomes.extend(EngineUnavailable("SECRET-REASON") for _ in range(times))


async def pass_time(trial: Trial, seconds: int = 20) -> None:
    for _ in range(seconds):
        trial.clock.turn(timedelta(seconds=1))
        await asyncio.sleep(0.003)


@pytest.mark.asyncio
async def test_a_direct_message_is_told_once_and_answered_when_an_engine_is_back(trial: Trial) -> None:
    away(trial)
    async with trial:
        message(trial, 1)
        message(trial, 2)
        await trial.past(lambda: trial.platform.posts)
        await pass_time(trial, 60)
        ((_, post),) = trial.platform.posts
        assert (post.text, post.direct_to) == (UNABLE, "u1")
        trial.engine.outcomes.clear()
        await trial.counted({State.SENT: 3}, by=timedelta(seconds=5))
    assert trial.platform.texts == [UNABLE, "You said: hello 1", "You said: hello 2"]


@pytest.mark.asyncio
async def test_in_public_there_is_silence_and_the_turn_waits_until_its_time_ends(trial: Trial) -> None:
    away(trial)
    async with trial:
        trial.mention()
        await pass_time(trial)
        assert await trial.bot.ledger.counts() == {State.RECEIVED: 1}
        await trial.counted({State.STALE: 1}, by=timedelta(minutes=10))
    assert trial.platform.posts == []


@pytest.mark.asyncio
async def test_each_conversation_is_told_and_the_next_outage_is_another_one(trial: Trial) -> None:
    away(trial)
    async with trial:
        message(trial, 1)
        message(trial, 2, conversation="d2", person="u2")
        await trial.past(lambda: len(trial.platform.posts) == 2)
        assert {post.direct_to for _, post in trial.platform.posts} == {"u1", "u2"}
        trial.engine.outcomes.clear()
        await trial.counted({State.SENT: 4}, by=timedelta(seconds=5))
        away(trial)
        message(trial, 3)
        await trial.past(lambda: len(trial.platform.posts) == 5)
    assert trial.platform.texts.count(UNABLE) == 3


@pytest.mark.parametrize("point", ["before_inbox_insert", "after_inbox_insert", "after_sending", "after_receipt", None])
@pytest.mark.asyncio
async def test_a_crash_does_not_make_it_say_so_twice(trial: Trial, point: str | None) -> None:
    away(trial)
    async with trial:
        if point is not None:
            # the second of them: the first is the message itself
            trial.dies_at(point, 2 if "inbox" in point else 1)
        message(trial, 1)
        if point is None:
            await trial.past(lambda: trial.platform.posts)
            await trial.crash()
        else:
            await trial.past(lambda: trial.is_dead)
            await trial.bury()
        await trial.start()
        await trial.past(lambda: trial.platform.posts)
        await pass_time(trial, 60)
    assert trial.platform.texts == [UNABLE]


async def held_back(trial: Trial) -> None:
    """Let one message meet the outage while nothing goes out: that nobody can answer waits to be said."""
    away(trial)
    await trial.bot.commands.obey("pause", {"account": "home"})
    message(trial, 1)
    await trial.counted({State.RECEIVED: 1, State.INTENDED: 1}, by=timedelta(seconds=1))


async def what_became(trial: Trial) -> str:
    """Let things go out, and return what became of what waited to be said."""
    await trial.bot.commands.obey("resume", {"account": "home"})
    await pass_time(trial)
    (turn,) = [turn for turn in await trial.bot.ledger.turns() if turn.rule == "unable"]
    return f"{turn.state.word}: {turn.reason}"


@pytest.mark.asyncio
async def test_who_has_said_stop_meanwhile_is_not_told(trial: Trial) -> None:
    async with trial:
        await held_back(trial)
        trial.mention("stop", author=Author(id="u1", handle="u1"))
        await trial.counted({State.RECEIVED: 1, State.INTENDED: 2})
        became = 'ignored: the reader has said "stop", and is left alone until he says "start"'
        assert await what_became(trial) == became
    assert UNABLE not in trial.platform.texts


@pytest.mark.asyncio
async def test_an_outage_that_has_ended_is_not_told_any_more(trial: Trial) -> None:
    async with trial:
        await held_back(trial)
        trial.engine.outcomes.clear()
        await trial.counted({State.INTENDED: 2}, by=timedelta(seconds=1))
        await trial.crash()
        await trial.start()
        assert await what_became(trial) == "ignored: an engine can answer again"
    assert trial.platform.texts == ["You said: hello 1"]


@pytest.mark.parametrize("how", ["by hand", "deleted"])
@pytest.mark.asyncio
async def test_nobody_is_told_about_a_message_that_was_seen_to_meanwhile(trial: Trial, how: str) -> None:
    async with trial:
        await held_back(trial)
        facts: dict[str, Any] = {"id": "x", "source": "", "cursor": "", "occurred_at": trial.clock.now()}
        if how == "by hand":
            trial.platform.happen(OwnPostSeen(**facts, post=PostRef(id="x"), text="Hello u1.", conversation="d1"))
        else:
            trial.platform.happen(PostDeleted(**facts, post=PostRef(id="d1")))
        await pass_time(trial, 3)
        assert await what_became(trial) == "ignored: what was asked has been seen to meanwhile"
    assert trial.platform.posts == []


@pytest.mark.asyncio
async def test_in_quiet_hours_nobody_is_told(trial: Trial) -> None:
    trial.rewrite("answer: {to: direct_messages, gather: 0 seconds}\nlimits: {quiet: 12:30-13:00}\n")
    async with trial:
        await held_back(trial)
        trial.clock.turn(timedelta(minutes=40))
        assert await what_became(trial) == "ignored: quiet hours (12:30-13:00) had begun before it could go out"
    assert trial.platform.posts == []


@pytest.mark.asyncio
async def test_without_words_for_it_there_is_silence(trial: Trial) -> None:
    (trial.path.parent / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    away(trial)
    async with trial:
        message(trial, 1)
        await pass_time(trial)
    assert trial.platform.posts == []
