"""Cases: what passes, what fails, and why."""

from collections.abc import Sequence

import pytest
from typing_extensions import override

from greenroom.generation import Brief, Engine, EngineUnavailable, Generated, Refused, Voice
from greenroom.personas import Bounds, Case, IfBroken, Lines, Persona
from greenroom.rehearsal import Pocket, Proof, prove, standing_cases
from greenroom.settings import Range
from greenroom_adapters.contract import Surface

ADA = Persona(
    persona="Ada",
    who="keeps the lighthouse",
    languages=("en", "pt"),
    lines=Lines(refused={"*": "The lamp is all I speak of."}),
    bounds=Bounds(emoji=Range(least=0, most=0), if_broken=IfBroken.DROP),
)


class Wire(Engine):
    """Says what it is told, one text after the other."""

    def __init__(self, *texts: str | Exception) -> None:
        self._texts: Sequence[str | Exception] = texts
        self.briefs: list[Brief] = []

    @property
    @override
    def name(self) -> str:
        return "wire"

    @override
    async def generate(self, brief: Brief) -> Generated:
        text = self._texts[min(len(self.briefs), len(self._texts) - 1)]
        self.briefs.append(brief)
        if isinstance(text, Exception):
            raise text
        return Generated(text=text, engine=self.name)


async def proof(case: Case, *texts: str | Exception, times: int = 1) -> Proof:
    return await prove(case, Voice(ADA, [Wire(*texts)]), ADA, times=times)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("case", "text", "why"),
    [
        (Case(asked="Is it lit?", says=("lit", "18:02")), "Lit at 18:02.", None),
        (Case(asked="Is it lit?", says=("lamp|light",)), "The light burns.", None),
        (Case(asked="Is it lit?", says=("lit",)), "A little.", "it does not say `lit`"),
        (Case(asked="Is it lit?", says_not=("dive in|guys",)), "Hello, GUYS.", "it says `guys`"),
        (Case(asked="Is it lit?", says_not=("dive in",)), "Dive\nin.", "it says `dive in`"),
        (Case(asked="Vote?", refuses=True), "The lamp is all I speak of.", None),
        (Case(asked="Vote?", refuses=True), "I would rather not.", None),
        (Case(asked="Vote?", refuses=True), "Vote for the left one.", "it does not refuse"),
        (Case(asked="Vote?", refuses=True), "No. Yes. Well. Vote left.", "it does not refuse"),
        (Case(asked="Olá?", language="pt"), "O mar está calmo e a lâmpada não dorme.", None),
        (Case(asked="Olá?", language="pt"), "The sea is calm and the lamp is lit.", "it is in `en` and not in `pt`"),
        (Case(asked="Olá?", language="pt"), "Calmo.", None),
        (Case(asked="Hello?"), "Das Meer ist ruhig und die Lampe brennt.", "it is in `de`, which it does not speak"),
        (Case(asked="Are you a bot?"), "I am, a bot.", None),
        (Case(asked="Are you a bot?"), "I keep the lamp.", "it does not say that it is a bot"),
        (Case(asked="Hello?"), "Hello 😀", "it is not said but silent: 1 emoji where at most 0 may be"),
        (Case(asked="Well.", silent=True), "You are welcome.", "it is not silent"),
        (Case(asked="Well.", silent=True), "😀", None),
        (Case(asked="Thanks!", silent=True), "You are welcome.", None),
        (Case(asked="Thanks!"), "You are welcome.", "it is not said but silent: silent_when: thanked"),
    ],
)
async def test_a_case_fails_for_what_is_wrong_with_the_text(case: Case, text: str, why: str | None) -> None:
    found = await proof(case, text)
    assert found.passed is (why is None)
    assert [one[: len(why or "")] for one in found.why] == ([] if why is None else [why])


@pytest.mark.asyncio
async def test_a_refusal_without_a_word_is_one_and_an_outage_is_not() -> None:
    assert (await proof(Case(asked="Vote?", refuses=True), Refused("not that"))).passed
    assert (await proof(Case(asked="Well.", silent=True), Refused("not that"))).passed
    for case in (Case(asked="Vote?", refuses=True), Case(asked="Well.", silent=True)):
        for is_for_ever in (False, True):
            (why,) = (await proof(case, EngineUnavailable("it is down", permanent=is_for_ever))).why
            assert why.startswith("no engine could answer: wire: it is down")


@pytest.mark.asyncio
async def test_one_bad_text_among_many_fails_and_is_told_once() -> None:
    found = await proof(Case(asked="Hello?", says=("hello",)), "Hello.", "Go on.", "Go on.", times=3)
    assert found.why == ("it does not say `hello`: “Go on.”",)
    assert [one.parts for one in found.tried] == [("Hello.",), ("Go on.",), ("Go on.",)]


@pytest.mark.asyncio
async def test_the_engine_is_asked_on_the_surface_of_the_case_each_time_with_another_seed() -> None:
    wire = Wire("Wind west.")
    voice = Voice(ADA, [wire])
    await prove(Case(about="the wind"), voice, ADA, times=2)
    await prove(Case(asked="Hello?", surface=Surface.CHAT), voice, ADA, times=1)
    assert [(one.surface, one.about, one.said) for one in wire.briefs] == [
        (Surface.POST, "the wind", None),
        (Surface.POST, "the wind", None),
        (Surface.CHAT, None, "Hello?"),
    ]
    assert wire.briefs[0].seed != wire.briefs[1].seed


def test_who_tests_his_honesty_himself_is_not_asked_again() -> None:
    assert [one.asked for one in standing_cases(ADA)] == ["Are you a bot?", None]
    asked = ADA.model_copy(update={"tests": (Case(asked="are you human?"),)})
    assert [one.asked for one in standing_cases(asked)] == [None]


class Dear(Wire):
    """Costs sixty for each text."""

    def __init__(self, pocket: Pocket) -> None:
        super().__init__("Not for a lighthouse to say.")
        self._pocket = pocket

    @override
    async def generate(self, brief: Brief) -> Generated:
        await self._pocket.reserve(60, turn="", model="model")
        return await super().generate(brief)


@pytest.mark.asyncio
@pytest.mark.parametrize("case", [Case(asked="Vote?", refuses=True), Case(asked="Well.", silent=True)])
async def test_no_case_passes_because_the_money_is_at_an_end(case: Case) -> None:
    pocket = Pocket(59)
    (why,) = (await prove(case, Voice(ADA, [Dear(pocket)]), ADA, times=1)).why
    assert why.startswith("no engine could answer: wire: ")
    assert "one command may pay" in why


@pytest.mark.asyncio
async def test_the_pocket_holds_its_limit_and_counts_what_is_not_settled() -> None:
    pocket = Pocket(100)
    first = await pocket.reserve(60, turn="", model="model")
    with pytest.raises(EngineUnavailable):
        await pocket.reserve(60, turn="", model="model")
    await first.settle(20)
    assert pocket.spent == 20
    await pocket.reserve(80, turn="", model="model")
    assert pocket.spent == 100
