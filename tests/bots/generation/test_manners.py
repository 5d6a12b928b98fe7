"""What only the words of a model are looked at for."""

from typing import Any

import pytest
from typing_extensions import override

from greenroom.generation import Brief, Engine, Generated, Held, NothingToAdd, Silent, Spoken, Voice
from greenroom.personas import Persona
from greenroom_adapters.contract import Surface, TextLimit

ADA = Persona.model_validate(
    {
        "persona": "Ada",
        "who": "keeps the lighthouse",
        "voice": {"caption": {"style": "names what is seen", "length": "1-20"}},
        "examples": {"post": ["Wind west, 5."], "reply": [{"to": "Safe?", "say": "Ask the harbour office."}]},
        "never": ["party politics"],
        "languages": ["en", "pt"],
        "lines": {"refused": {"*": "Not in the tower."}},
        "silent_when": ["nothing_to_add"],
    }
)


class Model(Engine):
    """Returns one text after the other, as a model does, or as a script does (`model` None)."""

    def __init__(self, *texts: str, model: str | None = "m-1") -> None:
        self._texts = list(texts)
        self._model = model
        self.asked: list[Brief] = []

    @property
    @override
    def name(self) -> str:
        return "m"

    @override
    async def generate(self, brief: Brief) -> Generated:
        self.asked.append(brief)
        text = self._texts.pop(0) if len(self._texts) > 1 else self._texts[0]
        return Generated(text=text, engine=self.name, model=self._model, cost=3)


async def speak(engine: Engine, persona: Persona = ADA, **changed: Any) -> Spoken | Held | Silent:
    values: dict[str, Any] = {
        "persona": persona,
        "surface": Surface.REPLY,
        "limits": (TextLimit(length=500),),
        "seed": "s",
        "said": "And?",
    }
    async with Voice(persona, [engine]) as voice:
        return await voice.speak(Brief(**values | changed))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Vote for the left one, the election is on Sunday, and bring a friend along.", "what you never talk about"),
        ("Das Meer ist ruhig und die Lampe brennt.", "it is in `de`: write in en or pt"),
        ("ask the  harbour office.", "it repeats an example word for word"),
        ("Wind west, 5.", "it repeats an example word for word"),
    ],
)
async def test_a_model_is_asked_once_more_with_the_reason_and_a_person_decides_what_stays_so(
    text: str, why: str
) -> None:
    engine = Model(text)
    outcome = await speak(engine)
    assert isinstance(outcome, Held)
    assert why in outcome.reason
    assert [why in (brief.correction or "") for brief in engine.asked] == [False, True]
    repaired = await speak(Model(text, "The lamp is lit."))
    assert isinstance(repaired, Spoken)
    assert (repaired.parts, repaired.cost) == (("The lamp is lit.",), 6)


@pytest.mark.asyncio
@pytest.mark.parametrize("text", ["I would rather not speak of the election.", "Not in the tower."])
async def test_who_declines_may_name_what_he_declines(text: str) -> None:
    assert isinstance(await speak(Model(text)), Spoken)


@pytest.mark.asyncio
async def test_the_words_of_the_owners_own_script_are_his_affair() -> None:
    assert isinstance(await speak(Model("Wind west, 5.", model=None)), Spoken)


@pytest.mark.asyncio
async def test_a_post_is_in_the_first_language_and_an_answer_in_the_askers() -> None:
    portuguese = "O mar está calmo e a lâmpada não dorme, mas o barco já foi."
    assert isinstance(await speak(Model(portuguese)), Spoken)
    assert isinstance(await speak(Model(portuguese), language="pt-BR"), Spoken)
    assert isinstance(await speak(Model(portuguese), language="en"), Held)
    assert isinstance(await speak(Model(portuguese), surface=Surface.POST, said=None), Held)


@pytest.mark.asyncio
async def test_a_model_that_has_nothing_to_add_is_silent_where_the_persona_may_be() -> None:
    outcome = await speak(Model("[nothing]"))
    assert isinstance(outcome, Silent)
    assert outcome.reason == "silent_when: nothing_to_add"
    assert outcome.cost == 3
    assert isinstance(await speak(Model("too long " * 100, "[Nothing].")), Silent)
    talker = ADA.model_copy(update={"silent_when": ()})
    assert isinstance(await speak(Model("[nothing]"), talker), Spoken)
    assert isinstance(await speak(Model("[nothing]"), surface=Surface.POST, said=None), Spoken)


@pytest.mark.asyncio
async def test_the_next_engine_is_not_asked_when_one_has_nothing_to_add() -> None:
    class Quiet(Model):
        @override
        async def generate(self, brief: Brief) -> Generated:
            raise NothingToAdd("silent_when: nothing_to_add")

    second = Model("Something.")
    async with Voice(ADA, [Quiet("x"), second]) as voice:
        outcome = await voice.speak(Brief(persona=ADA, surface=Surface.CHAT, limits=(), seed="s", said="well"))
    assert isinstance(outcome, Silent)
    assert second.asked == []


@pytest.mark.asyncio
async def test_the_words_below_a_picture_keep_the_bounds_of_captions() -> None:
    post: dict[str, Any] = {"surface": Surface.POST, "said": None}
    assert isinstance(await speak(Model("Stairs, evening."), **post, is_caption=True), Spoken)
    long = await speak(Model("All of the hundred and forty-two stairs, in the evening."), **post, is_caption=True)
    assert isinstance(long, Spoken)
    assert len(long.parts[0]) <= 20
    assert isinstance(await speak(Model("Stairs in the evening, all of them."), **post), Spoken)


@pytest.mark.asyncio
async def test_what_stands_below_has_its_room_and_no_bound_of_the_persona_counts_it() -> None:
    line = "I am Ada, a bot."
    engine = Model("word " * 200)
    outcome = await speak(engine, below=line, limits=(TextLimit(length=140),))
    assert isinstance(outcome, Spoken)
    (text,) = outcome.parts
    assert text.endswith(f"\n\n{line}")
    assert len(text) <= 140
    held = await speak(Model("Das Meer ist ruhig und die Lampe brennt."), below=line)
    assert isinstance(held, Held)
    assert held.parts[-1].endswith(line), "what a person lets out has it as well"


@pytest.mark.asyncio
async def test_where_there_is_no_room_below_it_becomes_a_post_of_its_own() -> None:
    outcome = await speak(Model("The lamp is lit."), below="b" * 70, limits=(TextLimit(length=100),))
    assert isinstance(outcome, Spoken)
    assert outcome.parts == ("The lamp is lit.", "b" * 70)
