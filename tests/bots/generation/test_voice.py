"""Engines in order, every text counted, repaired once, and then what the persona says."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from greenroom.generation.engine import (
    Brief,
    BudgetSpent,
    Engine,
    EngineUnavailable,
    Generated,
    Overlong,
    Refused,
    ShareSpent,
)
from greenroom.generation.outcome import Held, Silent, Spoken
from greenroom.generation.voice import Ending, Voice
from greenroom.personas.persona import Persona
from greenroom_adapters.contract import CountingRule, Surface, TextLimit
from greenroom_adapters.text import fits

FINE = "Ask the harbour office."
LONG = "The first sentence is short. " + "The second one goes on and on " * 5 + "to the end."
COST = 10


class Player(Engine):
    """An engine that plays a list: texts to return and errors to raise, the last one for ever."""

    def __init__(self, *plays: str | Exception, name: str = "player") -> None:
        self._plays = list(plays)
        self._name = name
        self.briefs: list[Brief] = []
        self.closed = 0

    @property
    @override
    def name(self) -> str:
        return self._name

    @override
    async def generate(self, brief: Brief) -> Generated:
        self.briefs.append(brief)
        play = self._plays.pop(0) if len(self._plays) > 1 else self._plays[0]
        if isinstance(play, Exception):
            raise play
        return Generated(text=play, engine=self._name, model="m-1", cost=COST)

    @override
    async def aclose(self) -> None:
        self.closed += 1


def persona(**bounds: Any) -> Persona:
    return Persona.model_validate({"persona": "Ada", "who": "keeps the lighthouse", "bounds": bounds})


def brief(who: Persona, **changed: Any) -> Brief:
    values: dict[str, Any] = {
        "persona": who,
        "surface": Surface.REPLY,
        "limits": (TextLimit(length=500),),
        "seed": "s",
        "said": "Is it safe to go out?",
    }
    return Brief(**values | changed)


async def speak(
    engines: Sequence[Engine],
    *,
    ending: Ending = Ending.HOLD,
    script: Engine | None = None,
    asked: dict[str, Any] | None = None,
    **bounds: Any,
) -> Spoken | Held | Silent:
    who = persona(**bounds)
    async with Voice(who, engines, ending=ending, script=script) as voice:
        return await voice.speak(brief(who, **asked or {}))


@pytest.mark.asyncio
async def test_a_text_within_every_bound_is_spoken_as_it_is() -> None:
    first, second = Player(FINE), Player("never asked")
    outcome = await speak([first, second])
    assert outcome == Spoken(parts=(FINE,), engine="player", model="m-1", cost=COST, notes=())
    assert len(first.briefs) == 1
    assert second.briefs == []


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "failure",
    [
        Refused("the model refused"),
        BudgetSpent("no money left"),
        EngineUnavailable("busy"),
        EngineUnavailable("no key", permanent=True),
        Overlong("cut off"),
    ],
)
async def test_the_next_engine_speaks_when_one_cannot(failure: Exception) -> None:
    outcome = await speak([Player(failure, name="first"), Player(FINE, name="second")])
    assert isinstance(outcome, Spoken)
    assert outcome.engine == "second"
    assert outcome.notes == (f"first: {failure}",)


@pytest.mark.asyncio
async def test_who_has_had_his_share_gets_what_costs_nothing_and_makes_no_work_for_the_owner() -> None:
    over = ShareSpent("over")
    assert isinstance(await speak([Player(over), Player(FINE)]), Spoken)
    for ending in Ending:
        with pytest.raises(ShareSpent):
            await speak([Player(over), Player(Refused("no"))], ending=ending)
    with pytest.raises(EngineUnavailable):
        await speak([Player(over), Player(EngineUnavailable("busy"))])


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "failures",
    [
        [Refused("no")],
        [BudgetSpent("spent")],
        [EngineUnavailable("no key", permanent=True)],
        [Refused("no"), Overlong("…")],
    ],
)
async def test_when_waiting_will_not_help_a_person_decides(failures: list[Exception]) -> None:
    outcome = await speak([Player(failure) for failure in failures])
    assert isinstance(outcome, Held)
    assert outcome.parts == ()
    assert outcome.engine is None
    assert str(failures[0]) in outcome.reason


@pytest.mark.asyncio
async def test_where_silence_ends_the_list_nothing_is_said() -> None:
    outcome = await speak([Player(Refused("no"), name="a")], ending=Ending.SILENCE)
    assert outcome == Silent(reason="a: no", cost=0, notes=("a: no",))


@pytest.mark.asyncio
async def test_a_voice_without_engines_holds() -> None:
    outcome = await speak([])
    assert isinstance(outcome, Held)
    assert outcome.reason == "no engine is configured"


@pytest.mark.asyncio
@pytest.mark.parametrize("ending", list(Ending))
async def test_when_an_engine_may_answer_later_the_turn_comes_back_after_the_shortest_wait(ending: Ending) -> None:
    engines = [
        Player(EngineUnavailable("busy", retry_after=timedelta(minutes=5)), name="a"),
        Player(EngineUnavailable("slow"), name="b"),
        Player(EngineUnavailable("busy", retry_after=timedelta(minutes=2)), name="c"),
        Player(Refused("no"), name="d"),
    ]
    with pytest.raises(EngineUnavailable) as caught:
        await speak(engines, ending=ending)
    assert caught.value.retry_after == timedelta(minutes=2)
    assert not caught.value.permanent
    assert str(caught.value) == "a: busy; b: slow; c: busy; d: no"


@pytest.mark.asyncio
async def test_a_broken_text_is_asked_for_once_more_with_the_reason() -> None:
    engine = Player("That is amazing.", FINE)
    outcome = await speak([engine], banned=["amazing"])
    assert isinstance(outcome, Spoken)
    assert outcome.parts == (FINE,)
    assert outcome.cost == 2 * COST
    assert outcome.notes == ("player: written again, because it uses what is never said: amazing",)
    assert [asked.correction for asked in engine.briefs] == [None, "it uses what is never said: amazing"]


@pytest.mark.asyncio
async def test_a_text_that_was_cut_off_is_asked_for_shorter() -> None:
    engine = Player(Overlong("cut off"), FINE)
    outcome = await speak([engine])
    assert isinstance(outcome, Spoken)
    assert engine.briefs[1].correction == "it did not come to an end: write much shorter"


@pytest.mark.asyncio
@pytest.mark.parametrize("failure", [Refused("no"), BudgetSpent("spent"), EngineUnavailable("busy"), Overlong("…")])
async def test_a_repair_that_fails_leaves_the_first_text(failure: Exception) -> None:
    outcome = await speak([Player(LONG, failure)], length="1-50")
    assert isinstance(outcome, Spoken)
    assert outcome.parts == ("The first sentence is short.",)
    assert f"player: {failure}" in outcome.notes


@pytest.mark.asyncio
async def test_too_long_a_text_is_cut_at_a_sentence() -> None:
    outcome = await speak([Player(LONG)], length="1-50")
    assert isinstance(outcome, Spoken)
    assert outcome.parts == ("The first sentence is short.",)
    assert outcome.notes[-1] == f"cut from {len(LONG)} to 28 characters"


@pytest.mark.asyncio
async def test_too_long_a_text_is_spread_over_a_thread() -> None:
    outcome = await speak([Player(LONG)], length="1-60", too_long="thread")
    assert isinstance(outcome, Spoken)
    assert len(outcome.parts) > 1
    assert all(len(part) <= 60 for part in outcome.parts)
    assert " ".join(outcome.parts) == LONG
    assert outcome.notes[-1] == f"spread over {len(outcome.parts)} posts"


@pytest.mark.asyncio
async def test_a_thread_without_end_goes_to_a_person() -> None:
    outcome = await speak([Player("word " * 500)], length="1-20", too_long="thread")
    assert isinstance(outcome, Held)
    assert outcome.parts == (("word " * 500).strip(),)


@pytest.mark.asyncio
async def test_too_long_a_text_is_dropped_where_the_persona_says_so() -> None:
    outcome = await speak([Player(LONG)], length="1-60", too_long="drop")
    assert isinstance(outcome, Silent)
    assert outcome.reason.startswith("too long by")
    assert outcome.cost == 2 * COST


@pytest.mark.asyncio
async def test_a_text_that_stays_broken_goes_to_a_person_with_the_reason() -> None:
    outcome = await speak([Player("amazing one", "amazing two")], banned=["amazing"])
    assert isinstance(outcome, Held)
    assert outcome.reason == "it uses what is never said: amazing"
    assert outcome.parts == ("amazing two",)
    assert (outcome.engine, outcome.model, outcome.cost) == ("player", "m-1", 2 * COST)


@pytest.mark.asyncio
async def test_a_text_that_stays_broken_is_dropped_where_the_persona_says_so() -> None:
    outcome = await speak([Player("amazing")], banned=["amazing"], if_broken="drop")
    assert isinstance(outcome, Silent)


@pytest.mark.asyncio
async def test_the_script_speaks_for_a_text_that_stays_broken() -> None:
    outcome = await speak(
        [Player("amazing", name="model")], script=Player(FINE, name="script"), banned=["amazing"], if_broken="script"
    )
    assert isinstance(outcome, Spoken)
    assert (outcome.engine, outcome.parts) == ("script", (FINE,))
    assert outcome.notes[-1] == "model: it uses what is never said: amazing; the script speaks instead"
    assert outcome.cost == 3 * COST


@pytest.mark.asyncio
@pytest.mark.parametrize("script", [None, Player("amazing too"), Player(Refused("no"))])
async def test_when_the_script_cannot_help_a_person_decides(script: Engine | None) -> None:
    outcome = await speak([Player("amazing", name="model")], script=script, banned=["amazing"], if_broken="script")
    assert isinstance(outcome, Held)


@pytest.mark.asyncio
async def test_a_text_that_is_long_and_broken_is_cut_before_a_person_sees_it() -> None:
    outcome = await speak([Player("This is amazing. " + LONG)], length="1-60", banned=["amazing"])
    assert isinstance(outcome, Held)
    assert len(outcome.parts[0]) <= 60


@pytest.mark.asyncio
async def test_a_denial_of_being_a_bot_is_never_spoken() -> None:
    asked = {"said": "Are you a bot?"}
    outcome = await speak([Player("No, I am a real person.", "Yes, I am a bot.")], asked=asked)
    assert isinstance(outcome, Spoken)
    assert outcome.parts == ("Yes, I am a bot.",)
    outcome = await speak([Player("No, I am a real person.")], asked=asked)
    assert isinstance(outcome, Held)


@pytest.mark.asyncio
async def test_unseen_characters_of_a_model_are_not_published() -> None:
    outcome = await speak([Player("\u202eWind\u200b west.\x1b[2J\r\n👩\u200d👧 \U000e0041\ufeff ")])
    assert isinstance(outcome, Spoken)
    assert outcome.parts == ("Wind west.[2J\n👩\u200d👧",)


@pytest.mark.asyncio
async def test_the_bounds_of_the_surface_win() -> None:
    who = Persona.model_validate(
        {"persona": "Ada", "who": "x", "voice": {"chat": {"length": "1-10"}}, "bounds": {"length": "1-400"}}
    )
    async with Voice(who, [Player(FINE)]) as voice:
        (part,) = (await voice.speak(brief(who, surface=Surface.CHAT))).parts  # type: ignore[union-attr]  # spoken
        assert len(part) <= 10
        assert (await voice.speak(brief(who))).parts == (FINE,)  # type: ignore[union-attr]  # spoken


@pytest.mark.asyncio
async def test_a_brief_with_a_newer_persona_is_held_to_its_bounds() -> None:
    newer = persona(length="1-10")
    async with Voice(persona(), [Player(FINE)]) as voice:
        outcome = await voice.speak(brief(newer))
        assert isinstance(outcome, Spoken)
        assert len(outcome.parts[0]) <= 10


@pytest.mark.asyncio
async def test_closing_closes_every_engine_once_also_when_one_fails() -> None:
    class Stubborn(Player):
        @override
        async def aclose(self) -> None:
            raise OSError("will not")

    script = Player(FINE)
    engines = [Player(FINE), Stubborn(FINE), script]
    voice = Voice(persona(), engines, script=script)
    with pytest.raises(OSError, match="will not"):
        await voice.aclose()
    assert (engines[0].closed, script.closed) == (1, 1)


PIECES = st.sampled_from(
    ["Wind west. ", "a ", "\n", "#sea ", "🌊", "amazing ", "example.org ", "é", "x" * 30, "\u200b", "No, I am human. "]
)


@settings(max_examples=150, deadline=None)
@given(
    first=st.lists(PIECES, max_size=30).map("".join),
    second=st.lists(PIECES, max_size=30).map("".join),
    limit=st.integers(1, 80),
    rule=st.sampled_from(list(CountingRule)),
    too_long=st.sampled_from(["cut", "thread", "drop"]),
    if_broken=st.sampled_from(["hold", "script", "drop"]),
)
def test_whatever_is_spoken_keeps_every_bound(
    first: str, second: str, limit: int, rule: CountingRule, too_long: str, if_broken: str
) -> None:
    limits = (TextLimit(length=limit, rule=rule),)
    who = persona(length="1-60", banned=["amazing"], emoji="0-1", too_long=too_long, if_broken=if_broken)
    voice = Voice(who, [Player(first, second)], script=Player(FINE))
    outcome = run(voice, brief(who, limits=limits, said="Are you a bot?"))
    if isinstance(outcome, Spoken):
        assert outcome.parts
        whole = " ".join(outcome.parts)
        for part in outcome.parts:
            assert part == part.strip() != ""
            assert fits(part, (*limits, TextLimit(length=60, rule=CountingRule.GRAPHEMES)))
            assert "\u200b" not in part
        assert "amazing" not in whole.split()
        assert "I am human" not in whole


def run(voice: Voice, asked: Brief) -> Spoken | Held | Silent:
    """Run one `speak` that never waits, without the cost of a loop for each example."""
    coroutine = voice.speak(asked)
    try:
        coroutine.send(None)
    except StopIteration as done:
        outcome: Spoken | Held | Silent = done.value
        return outcome
    raise AssertionError("it waited")
