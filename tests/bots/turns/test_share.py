"""Who has had his share of the day's money is told so once a day in a direct conversation, and left alone in public."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from greenroom.generation import EngineUnavailable, ShareSpent
from greenroom.policy import Budget
from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author, DirectMessageReceived, PostRef

RULES = "answer: {to: [mentions, direct_messages], gather: 0 seconds}\nlimits: {spend: 2 USD/day}\n"
SAID = "The lamp is out."


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """Answers mentions and direct messages; not started yet, stopped in the end."""
    made = Trial(tmp_path, rules=RULES)
    (made.path.parent / "ada.yaml").write_text(
        f"persona: Ada\nwho: keeps the lighthouse\nlines: {{unable: {SAID}}}\n", encoding="utf-8"
    )
    yield made
    await made.stop()


def message(trial: Trial, number: int, *, person: str = "u1", conversation: str | None = None) -> None:
    trial.platform.happen(
        DirectMessageReceived(
            id=f"dm-{number}",
            source="",
            cursor="",
            occurred_at=trial.clock.now(),
            post=PostRef(id=f"d{number}"),
            author=Author(id=person, handle=person),
            text=f"hello {number}",
            conversation=conversation or f"d{number}",
        )
    )


def has_had_it(trial: Trial, times: int = 1000) -> None:
    trial.engine.outcomes.extend(ShareSpent("over") for _ in range(times))


@pytest.mark.asyncio
async def test_he_is_told_once_a_day_over_restarts_and_never_again_that_day(trial: Trial) -> None:
    has_had_it(trial)
    async with trial:
        message(trial, 1)
        await trial.counted({State.IGNORED: 1, State.SENT: 1})
        message(trial, 2)
        await trial.counted({State.IGNORED: 2, State.SENT: 1})
        await trial.crash()
        await trial.start()
        message(trial, 3)
        await trial.counted({State.IGNORED: 3, State.SENT: 1})
        message(trial, 4, person="u2")
        await trial.counted({State.IGNORED: 4, State.SENT: 2})
        assert [(post.text, post.direct_to) for _, post in trial.platform.posts] == [(SAID, "u1"), (SAID, "u2")]
        turn = await trial.turn("dm-1")
        assert turn.reason == "@u1 has had his share of today's money, 0.2 USD (limits: spend_per_person)"
        trial.clock.turn(timedelta(days=1))
        message(trial, 5)
        await trial.counted({State.IGNORED: 5, State.SENT: 3})


@pytest.mark.asyncio
async def test_what_is_added_while_the_engine_works_does_not_cost_him_the_answer_that_is_paid(trial: Trial) -> None:
    trial.rewrite("answer: {to: direct_messages, gather: 1 second}\n")
    trial.engine.outcomes.append("It is lit.")
    has_had_it(trial)
    async with trial:
        trial.engine.gate.clear()
        message(trial, 1, conversation="d")
        await trial.past(lambda: trial.engine.at_work)
        message(trial, 2, conversation="d")
        await trial.counted({State.RECEIVED: 2})
        trial.engine.gate.set()
        await trial.past(lambda: len(trial.platform.posts) == 2)
        assert trial.platform.texts == ["It is lit.", SAID]
        assert (await trial.turn("dm-1")).state is State.SENT
        assert (await trial.turn("dm-2")).state is State.IGNORED


@pytest.mark.asyncio
async def test_in_public_there_is_silence_and_nothing_waits_for_the_owner(trial: Trial) -> None:
    has_had_it(trial)
    async with trial:
        trial.mention()
        await trial.counted({State.IGNORED: 1})
    assert trial.platform.posts == []


@pytest.mark.asyncio
async def test_without_words_of_the_persona_the_bot_has_its_own(trial: Trial) -> None:
    (trial.path.parent / "ada.yaml").write_text("persona: Ada\nwho: keeps the lighthouse\n", encoding="utf-8")
    has_had_it(trial)
    async with trial:
        message(trial, 1)
        await trial.counted({State.IGNORED: 1, State.SENT: 1})
    assert trial.platform.texts == ["That is all I can say to you today. Ask me again tomorrow."]


@pytest.mark.asyncio
async def test_what_is_said_of_it_is_no_outage_and_ends_none(trial: Trial) -> None:
    trial.engine.outcomes.append(EngineUnavailable("away"))
    async with trial:
        message(trial, 1, person="u2")
        await trial.counted({State.RECEIVED: 1, State.SENT: 1})
        has_had_it(trial, 1)
        message(trial, 2)
        await trial.counted({State.RECEIVED: 1, State.IGNORED: 1, State.SENT: 2})
        await trial.counted({State.IGNORED: 1, State.SENT: 3}, by=timedelta(seconds=1))


@pytest.mark.asyncio
async def test_an_engine_hears_for_whom_it_spends(trial: Trial) -> None:
    trial.rewrite(RULES + "people: {owner: home/u9}\npost: {at: 12:31, about: the sea}\n")
    async with trial:
        message(trial, 1)
        await trial.counted({State.SENT: 1})
        message(trial, 2, person="u9")
        await trial.counted({State.SENT: 2})
        await trial.counted({State.SENT: 3}, by=timedelta(seconds=30))
    causes = [brief.cause for brief in trial.engine.briefs]
    assert [(one.account, one.seq, one.platform, one.person, one.is_spared) for one in causes] == [
        ("home", 1, "scripted", "u1", False),
        ("home", 2, "scripted", "u9", True),
        ("home", 3, "scripted", None, True),
    ]


@pytest.mark.parametrize(("written", "share"), [("", 100_000), ("spend_per_person: 25%", 250_000)])
@pytest.mark.asyncio
async def test_what_is_written_holds_for_the_next_call(
    trial: Trial, written: str, share: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Budget] = []
    init = Budget.__init__

    def noted(self: Budget, *arguments: object, **options: object) -> None:
        init(self, *arguments, **options)  # type: ignore[arg-type]  # passed on as they came
        made.append(self)

    monkeypatch.setattr(Budget, "__init__", noted)
    trial.rewrite(f"answer: mentions\nlimits: {{spend: 1 USD/day{', ' if written else ''}{written}}}\n")
    async with trial:
        assert [budget.share for budget in made] == [share]
