"""What a model writes is judged before it is said, by a server that is as strict as the vendor's."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from greenroom.generation import EngineUnavailable
from greenroom.policy.harm import Harm
from greenroom.policy.verdict import ALLOW, Hold, Repair
from greenroom.settings import Mistakes, ModeratorRef, Unjudged
from greenroom.storage import Judgement, State, Turn
from greenroom.testing import Trial
from greenroom.testing.models import Breaks, Endpoint, Fails, ModelServer, Order, Says, Sends
from greenroom.testing.trial import BOT
from greenroom_adapters.contract import ConfigurationError, Limits, MediaLimit, TextLimit


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer(flags={"knife": "violence", "idiot": ("harassment", 0.45)}) as running:
        yield running


def only_the_server_writes(trial: Trial) -> None:
    trial.engine.outcomes.extend([EngineUnavailable("it writes nothing", permanent=True)] * 9)


def write(trial: Trial, server: ModelServer, moderation: str = "", rules: str = "answer: mentions\n") -> None:
    model = f"{{model: gpt-5-mini, server: '{server.url}'}}"
    judge = f"{{model: omni-moderation-latest, server: '{server.url}'{moderation}}}"
    only_the_server_writes(trial)
    trial.rewrite(f"engines: {{text: {model}, moderation: {judge}}}\n{rules}", head=BOT.replace("engines: hold\n", ""))


async def answered(trial: Trial, server: ModelServer, *texts: str) -> Turn:
    """Return the turn of a mention that a model answers with these, one after the other."""
    server.will(*map(Says, texts))
    async with trial:
        event = trial.mention("Tell me something.")
        await trial.until(lambda: server.at_work == 0 and len(server.asked(Endpoint.MODERATIONS)) == len(texts))
        await trial.bot.settle()
        return await trial.turn(event.id)


@pytest.mark.asyncio
async def test_words_in_which_nothing_is_found_are_said_and_the_log_has_the_judgement(
    trial: Trial, server: ModelServer
) -> None:
    write(trial, server)
    turn = await answered(trial, server, "The lamp is lit.")
    assert turn.state is State.SENT
    assert server.asked(Endpoint.MODERATIONS) == [{"model": "omni-moderation-latest", "input": "The lamp is lit."}]
    assert turn.draft is not None
    assert turn.draft.judgement == Judgement(by="omni-moderation-latest")
    assert "omni-moderation-latest: nothing" in turn.draft.notes


@pytest.mark.asyncio
async def test_harmful_words_are_written_again_with_the_reason_and_the_new_ones_judged(
    trial: Trial, server: ModelServer
) -> None:
    write(trial, server)
    turn = await answered(trial, server, "Take a knife to it.", "Take a brush to it.")
    assert turn.state is State.SENT
    assert trial.platform.texts == ["Take a brush to it."]
    first, second = server.asked()
    assert "violence" not in json.dumps(first["messages"])
    assert "takes it for violence" in json.dumps(second["messages"])


@pytest.mark.asyncio
async def test_words_that_stay_harmful_are_not_said(trial: Trial, server: ModelServer) -> None:
    write(trial, server)
    turn = await answered(trial, server, "Take a knife to it.", "Take a longer knife.")
    assert (turn.state, trial.platform.texts) == (State.IGNORED, [])
    assert "written twice, and both times omni-moderation-latest takes it for violence (0.97)" in turn.reason


@pytest.mark.asyncio
async def test_what_counts_is_found_behind_any_number_of_categories_that_do_not(trial: Trial) -> None:
    left_alone = ["harassment", "hate", "illicit", "violence", "violence/graphic", "sexual"]
    flags = {f"word{number}": (name, 0.95) for number, name in enumerate(left_alone)}
    async with ModelServer(flags={**flags, "child": ("sexual/minors", 0.9)}) as server:
        write(trial, server, f", ignore: [{', '.join(left_alone)}]")
        turn = await answered(trial, server, f"{' '.join(flags)} child", "The lamp is lit.")
        assert turn.draft is not None
        assert turn.draft.parts == ("The lamp is lit.",)


@pytest.mark.asyncio
async def test_doubtful_words_wait_for_a_person_and_go_out_as_he_says(trial: Trial, server: ModelServer) -> None:
    write(trial, server)
    server.will(Says("What an idiot."))
    async with trial:
        event = trial.mention("Tell me something.")
        await trial.counted({State.HELD: 1})
        assert "takes it for harassment (0.45)" in (await trial.turn(event.id)).reason
        (turn,) = await trial.bot.ledger.turns(states=[State.HELD])
        await trial.bot.commands.obey("approve", {"turns": [turn.seq]})
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["What an idiot."]
    assert len(server.asked(Endpoint.MODERATIONS)) == 1, "what he has let out is judged by him"


BROKEN: list[Order] = [
    Fails(500),
    Fails(429),
    Fails(401, code="invalid_api_key"),
    Breaks(at=0.5),
    Sends(b'{"id": "m", "model": "m", "results": []}'),
    Sends(b"<html>"),
    Sends(b'{"results": [{"flagged": "no", "categories": {}, "category_scores": {}}]}'),
]


@pytest.mark.asyncio
@pytest.mark.parametrize("order", BROKEN, ids=repr)
async def test_what_nobody_could_judge_waits_for_a_person(trial: Trial, server: ModelServer, order: Order) -> None:
    write(trial, server)
    server.always(order, on=Endpoint.MODERATIONS)
    turn = await answered(trial, server, "The lamp is lit.")
    assert (turn.state, trial.platform.texts) == (State.HELD, [])
    assert "omni-moderation-latest has not judged it: " in turn.reason


@pytest.mark.asyncio
async def test_the_owner_may_let_words_out_that_nobody_could_judge(trial: Trial, server: ModelServer) -> None:
    write(trial, server, ", unjudged: say")
    server.always(Fails(500), on=Endpoint.MODERATIONS)
    assert (await answered(trial, server, "The lamp is lit.")).state is State.SENT


@pytest.mark.asyncio
async def test_what_was_written_before_the_file_asked_for_judgement_waits_for_a_person(
    trial: Trial, server: ModelServer
) -> None:
    model = f"engines: {{text: {{model: gpt-5-mini, server: '{server.url}'}}}}\n"
    only_the_server_writes(trial)
    trial.rewrite(f"{model}answer: mentions\n", head=BOT.replace("engines: hold\n", ""))
    server.will(Says("Take a knife to it."))
    async with trial:
        await trial.bot.commands.obey("pause", {"account": "home"})
        trial.mention("Tell me something.")
        await trial.counted({State.INTENDED: 1})
    write(trial, server)
    async with trial:
        await trial.bot.commands.obey("resume", {})
        await trial.counted({State.HELD: 1}, by=timedelta(seconds=5))
    assert trial.platform.texts == []


@pytest.mark.asyncio
async def test_a_judgement_costs_nothing_unless_the_file_says_what(trial: Trial, server: ModelServer) -> None:
    write(trial, server)
    await answered(trial, server, "The lamp is lit.")
    async with trial:
        assert await trial.bot.ledger.spending(since=0) == []
    write(trial, server, ", price: 0.002 USD")
    server.will(Says("Lit again."))
    async with trial:
        trial.mention("And now?")
        await trial.counted({State.SENT: 2})
        (paid,) = await trial.bot.ledger.spending(since=0)
    assert (paid.model, paid.settled) == ("omni-moderation-latest", 2000)


@pytest.mark.asyncio
async def test_harm_that_somebody_asks_a_picture_of_is_not_painted(trial: Trial, server: ModelServer) -> None:
    judge = f"{{model: omni-moderation-latest, server: '{server.url}'}}"
    image = f"{{model: gpt-image-1-mini, server: '{server.url}'}}"
    rules = "answer: {to: mentions, pictures: draw}\n"
    trial.rewrite(f"engines: {{image: {image}, moderation: {judge}}}\n{rules}", head=BOT.replace("engines: hold\n", ""))
    media = MediaLimit(count=4, types=frozenset({"image/png"}), bytes=9_000_000, alt_length=60)
    limits = Limits(text=(TextLimit(length=500),), media=media)
    trial.platform.capabilities = replace(trial.platform.capabilities, limits=limits)
    async with trial:
        trial.mention("draw a knife in somebody")
        await trial.counted({State.SENT: 1})
    assert trial.platform.texts == ["I cannot do that."]
    assert server.asked(Endpoint.IMAGES) == []


SCORES = st.dictionaries(st.sampled_from(["violence", "hate", "sexual"]), st.floats(0, 1))


@given(SCORES, st.floats(0.01, 1), st.floats(0.01, 1), st.sets(st.sampled_from(["violence", "hate"])))
def test_nothing_that_counts_passes_over_a_limit_and_nothing_below_is_kept(
    scores: dict[str, float], one: float, other: float, ignored: set[str]
) -> None:
    hold, refuse = sorted((one, other))
    guard = _guard(hold=hold, refuse=refuse, ignore=tuple(ignored))
    counted = [score for name, score in scores.items() if name not in ignored]
    verdict = guard.weigh(Judgement(by="m", scores=scores))
    if any(score >= refuse for score in counted):
        assert isinstance(verdict, Repair)
    elif any(score >= hold for score in counted):
        assert isinstance(verdict, Hold)
    else:
        assert verdict is ALLOW


def test_what_the_model_flags_is_held_however_low_its_score_unless_it_is_ignored() -> None:
    flagged = Judgement(by="m", scores={"violence": 0.1}, flagged=("violence",))
    assert isinstance(_guard().weigh(flagged), Hold)
    assert _guard(ignore=("violence",)).weigh(flagged) is ALLOW
    assert isinstance(_guard(unjudged=Unjudged.HOLD).weigh(None), Hold)


def _guard(**written: Any) -> Harm:
    guard = Harm()
    guard.by = ModeratorRef(model="openai/omni-moderation-latest", **written)
    return guard


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("{model: openai/omni-moderation-latest, hold: 0.9, refuse: 0.5}", "nothing would ever be held"),
        ("{model: openai/omni-moderation-latest, ignore: violense}", "Did you mean `violence`?"),
        ("omni-moderation-latest", "Write openai/omni-moderation-latest"),
        ("{model: openai/omni-moderation-latest, hold: 2}", "write a number from 0.01 to 1"),
        ("{model: openai/omni-moderation-latest, unjudged: drop}", "Write one of hold, say"),
    ],
)
async def test_what_cannot_be_meant_is_told_with_what_to_write(trial: Trial, written: str, why: str) -> None:
    trial.rewrite(f"engines: {{moderation: {written}}}\n", head=BOT.replace("engines: hold\n", ""))
    with pytest.raises(Mistakes) as raised:
        await trial.start()
    assert why in str(raised.value)


@pytest.mark.asyncio
async def test_a_server_of_others_needs_a_price(trial: Trial, tmp_path: Path) -> None:
    trial.rewrite(
        "engines: {moderation: {model: judge, server: 'https://judge.example/v1'}}\n",
        head=BOT.replace("engines: hold\n", ""),
    )
    with pytest.raises(ConfigurationError, match=r"price: 0\.001 USD"):
        await trial.start()
