"""No text of an exception, a provider, a template or the log ever reaches a platform, whatever fails."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from greenroom.generation import EngineUnavailable, GenerationError, Overlong, Refused
from greenroom.testing import Trial, answer_lost
from greenroom_adapters.contract import (
    AuthenticationFailed,
    Author,
    DirectMessageReceived,
    Forbidden,
    OutcomeUnknown,
    PostRef,
    RateLimited,
    TargetGone,
    TooLong,
    Unavailable,
)

MARKER = "MARKER-7f3a"
RULES = """\
answer:
  - to: [mentions, direct_messages]
  - {to: mentions, words: [refund], tell: true}
  - {to: mentions, words: [hello], say: "Hello, {{ author.name }}."}
tell: home/@maria
"""
PERSONA = "persona: Ada\nwho: keeps the lighthouse\nlines: {unable: Later.}\n"


def engine(error: Exception) -> Callable[[Trial], None]:
    return lambda trial: trial.engine.outcomes.extend([error] * 50)


def publish(error: Exception) -> Callable[[Trial], None]:
    return lambda trial: trial.platform.answers.extend([error] * 3)


def prepare(trial: Trial) -> None:
    trial.platform.refuses_to_prepare = TooLong(MARKER)


def lost(trial: Trial) -> None:
    trial.platform.answers.append(answer_lost(OutcomeUnknown(MARKER)))
    trial.platform.findings.append(ValueError(MARKER))


def listening(trial: Trial) -> None:
    trial.platform.reading.extend([ValueError(MARKER), Unavailable(MARKER)])
    trial.platform.interrupt()


def edit(trial: Trial) -> None:
    trial.path.write_text(trial.path.read_text(encoding="utf-8") + f"{MARKER}: 1\n", encoding="utf-8")


def journal(trial: Trial) -> None:
    for what in ("account paused", "dead", "held", "unknown", "skipped", "edit refused"):
        trial.bot.ledger.note(None, what, MARKER)


FAILURES: dict[str, Callable[[Trial], None]] = {
    "an engine that is away": engine(EngineUnavailable(MARKER)),
    "an engine that is away for good": engine(EngineUnavailable(MARKER, permanent=True)),
    "an engine that refuses": engine(Refused(MARKER)),
    "an engine without an end": engine(Overlong(MARKER)),
    "an engine that fails otherwise": engine(GenerationError(MARKER)),
    "an engine with a bug": engine(ZeroDivisionError(MARKER)),
    "a platform that refuses": publish(Forbidden(MARKER)),
    "a platform that is away": publish(Unavailable(MARKER)),
    "a platform that wants a pause": publish(RateLimited(MARKER, retry_after=timedelta(seconds=5))),
    "a token that does not work": publish(AuthenticationFailed(MARKER)),
    "a target that has gone": publish(TargetGone(MARKER)),
    "an adapter with a bug": publish(ZeroDivisionError(MARKER)),
    "a post that cannot be prepared": prepare,
    "an answer that is lost": lost,
    "a connection that breaks": listening,
    "an edit with mistakes": edit,
    "a journal with anything in it": journal,
}


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.asyncio
async def test_whatever_fails_its_words_stay_here(tmp_path: Path, failure: str) -> None:
    trial = Trial(tmp_path, rules=RULES)
    (tmp_path / "ada.yaml").write_text(PERSONA, encoding="utf-8")
    trial.platform.people["maria"] = Author(id="u9", handle="maria")
    async with trial:
        FAILURES[failure](trial)
        for text in ("how is the sea?", "hello", "I want a refund"):
            trial.mention(text)
        trial.platform.happen(
            DirectMessageReceived(
                id="dm",
                source="",
                cursor="",
                occurred_at=trial.clock.now(),
                post=PostRef(id="dm"),
                author=Author(id="u1", handle="iris"),
                text="are you there?",
                conversation="d1",
            )
        )
        for number in range(120):
            trial.clock.turn(timedelta(seconds=1 if number < 60 else 30))
            await asyncio.sleep(0.004)
            if number == 20:
                trial.platform.refuses_to_prepare = None
                await trial.bot.commands.obey("resume", {})
        await trial.bot.ledger.committed()
    assert trial.platform.posts, "something was said all the same"
    for _, post in trial.platform.posts:
        assert MARKER not in post.text
        assert "Traceback" not in post.text
        assert "Error" not in post.text
