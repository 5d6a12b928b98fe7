"""Metrics say what happened, in a number of time series that no stranger can raise."""

import re
from bisect import bisect_left
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from observed import Observed

import greenroom
from greenroom.generation import Brief, Engine, EngineUnavailable, Refused
from greenroom.observation.tally import LONG, OUTCOMES, Spread, Tally
from greenroom.personas import Persona
from greenroom.storage import State
from greenroom.testing import ManualClock, ScriptedEngine
from greenroom.turns.reasons import OTHER, REASONS, USUAL, reason_of
from greenroom_adapters.contract import Author, PostRejected, Surface, TextLimit


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return f"greenroom_{name}", frozenset(labels.items())


@pytest.mark.asyncio
async def test_what_happens_is_counted_by_how_and_why(observed: Observed) -> None:
    await observed.start()
    observed.trial.mention("Are you there?")
    await observed.trial.counted({State.SENT: 1})
    observed.trial.platform.answers.append(PostRejected("not here"))
    observed.trial.mention("And now?")
    await observed.trial.counted({State.SENT: 1, State.DEAD: 1})
    await observed.trial.bot.settle()
    figures = await observed.figures()
    assert figures[key("turns_rested_total", account="home", state="sent", reason="usual")] == 1
    assert figures[key("turns_rested_total", account="home", state="dead", reason="refused_by_platform")] == 1
    assert figures[key("time_to_reply_seconds_count", account="home", surface="reply")] == 1
    assert figures[key("turns_aside", state="dead")] == 1
    assert figures[key("needs")] == 1
    assert figures[key("account_connected", account="home", platform="scripted")] == 1
    assert figures[key("queue_age_seconds", account="home", platform="scripted")] == 0
    assert figures["process_resident_memory_bytes", frozenset()] > 1e6


@pytest.mark.asyncio
async def test_what_is_worth_an_alarm_is_counted_from_zero_so_that_the_first_time_is_seen(observed: Observed) -> None:
    await observed.start()
    figures = await observed.figures()
    for state, reason in (("sent", "usual"), ("unknown", "outcome_unknown"), ("dead", "program_failed")):
        assert figures[key("turns_rested_total", account="home", state=state, reason=reason)] == 0


@pytest.mark.asyncio
async def test_strangers_add_no_time_series(observed: Observed) -> None:
    await observed.start()
    observed.trial.mention("hello")
    await observed.trial.counted({State.SENT: 1})
    await observed.trial.bot.settle()
    before = set(await observed.figures())
    for number in range(40):
        observed.trial.mention(
            f"secret word {number}",
            author=Author(id=f"person{number}", handle=f"stranger{number}"),
        )
    await observed.trial.counted({State.SENT: 41})
    await observed.trial.bot.settle()
    assert set(await observed.figures()) == before
    _, text = await observed.ask("/metrics")
    assert not re.search(r"person\d|stranger\d|secret", text)


@pytest.mark.asyncio
async def test_openmetrics_is_spoken_where_it_is_asked_for(observed: Observed) -> None:
    await observed.start()
    _, text = await observed.ask("/metrics", Accept="application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")


@pytest.mark.asyncio
async def test_calls_of_models_are_counted_by_how_they_ended() -> None:
    tally, engine = Tally(ManualClock()), ScriptedEngine(lambda brief: "It is lit.")
    counted: Engine = tally.through(engine)
    engine.outcomes.extend(["It is lit.", EngineUnavailable("away"), Refused("no")])
    ada = Persona(persona="Ada", who="keeps the lighthouse")
    brief = Brief(persona=ada, surface=Surface.POST, limits=(TextLimit(length=500),), seed="s")
    assert (await counted.generate(brief)).text == "It is lit."
    for error in (EngineUnavailable, Refused):
        with pytest.raises(error):
            await counted.generate(brief)
    once = {("scripted", "answered"): 1, ("scripted", "unavailable"): 1, ("scripted", "refused"): 1}
    assert tally.calls == {("scripted", outcome): 0 for outcome in OUTCOMES} | once
    assert sum(tally.engines["scripted"].counts) == 3


@given(values=st.lists(st.floats(min_value=0, max_value=1e6), max_size=40))
def test_a_spread_counts_every_value_once_below_its_bound(values: list[float]) -> None:
    spread = Spread(LONG)
    for value in values:
        spread.add(value)
    for number, bound in enumerate(LONG):
        assert sum(spread.counts[: number + 1]) == sum(value <= bound for value in values)
    assert sum(spread.counts) == len(values)
    assert bisect_left(LONG, LONG[0]) == 0


@given(sentence=st.text(max_size=80))
def test_every_reason_is_one_of_a_few_words(sentence: str) -> None:
    assert reason_of(sentence) in {*REASONS, USUAL, OTHER}


def test_every_reason_stands_for_sentences_that_the_program_says() -> None:
    rooms = Path(greenroom.__file__).parent
    program = "".join(path.read_text(encoding="utf-8") for path in rooms.rglob("*.py") if path.name != "reasons.py")
    for word, parts in REASONS.items():
        for part in parts:
            assert part in program, f"nothing says {part!r} any more, which is told as {word}"


@pytest.mark.asyncio
async def test_the_document_names_every_metric_with_its_labels_and_no_other(observed: Observed) -> None:
    await observed.start()
    _, text = await observed.ask("/metrics")
    named = dict(re.findall(r"^# TYPE greenroom_(\w+) (\w+)$", text, re.MULTILINE))
    document = (Path(__file__).parents[3] / "docs" / "observing.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z_]+)` \| ((?:`\w+` ?)*) ?\| ", document, re.MULTILINE))
    assert set(rows) == set(named)
    for name, labels in re.findall(r"^greenroom_(\w+)\{(.*)\} ", text, re.MULTILINE):
        given_labels = {label for label in re.findall(r'(\w+)="', labels) if label not in ("bot", "le")}
        assert set(re.findall(r"\w+", rows[re.sub("_(bucket|count|sum)$", "", name)])) == given_labels
    reasons = re.search(r"`reason` is one of: (.*?)\. ", document)
    assert reasons is not None
    assert set(re.findall(r"\w+", reasons[1])) == {*REASONS, USUAL, OTHER, "approval"}
    outcomes = re.search(r"calls of models: (.*?) \|", document)
    assert outcomes is not None
    assert set(re.findall(r"\w+", outcomes[1])) == set(OUTCOMES)
