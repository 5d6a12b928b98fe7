"""From the engines of a bot file to a voice: what cannot work is said at once, with the line that mends it."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from typing_extensions import override

from greenroom.clock import Clock, to_micros
from greenroom.generation import (
    Brief,
    Canvas,
    Engine,
    EngineUnavailable,
    Generated,
    Held,
    Reservation,
    Silent,
    Spoken,
    Voice,
    build_embedder,
    build_moderator,
    build_studio,
    build_voice,
)
from greenroom.memory import EmbeddingFailed
from greenroom.personas.persona import Persona
from greenroom.policy import Lack
from greenroom.settings.engines import BuiltIn, EngineRef, ModelRef
from greenroom.settings.moderating import ModeratorRef
from greenroom.settings.picture import PainterRef
from greenroom.settings.secrets import SecretRef
from greenroom.storage import NOBODYS, Cause
from greenroom_adapters.contract import ConfigurationError, Secret, Surface, TextLimit

ADA = Persona.model_validate({"persona": "Ada", "who": "keeps the lighthouse", "examples": {"post": ["Wind west, 5."]}})


class StillClock(Clock):
    """A clock that stands."""

    @override
    def micros(self) -> int:
        return to_micros(datetime(2026, 11, 24, 12, tzinfo=UTC))

    @override
    async def sleep(self, seconds: float) -> None:
        raise AssertionError(f"nothing here waits {timedelta(seconds=seconds)}")


class EmptyPurse:
    """A purse in which there is nothing."""

    async def reserve(self, micros: int, *, turn: str, model: str, cause: Cause = NOBODYS) -> Reservation | Lack:
        return Lack.DAY


def resolve(ref: SecretRef, owner: str) -> Secret:
    if ref.env == "MISSING":
        raise ConfigurationError(f"{owner} needs a secret from {ref}, which is not set")
    return Secret("sk-resolved")


class Parrot(Engine):
    """An engine that a bot's author wrote in Python."""

    @property
    @override
    def name(self) -> str:
        return "parrot"

    @override
    async def generate(self, brief: Brief) -> Generated:
        return Generated(text="Pretty Polly.", engine=self.name)


def build(*engines: EngineRef, environ: Mapping[str, str] | None = None, own: Sequence[Engine] = ()) -> Voice:
    return build_voice(
        ADA, engines, purse=EmptyPurse(), resolve=resolve, clock=StillClock(), environ=environ or {}, own=own
    )


def model(name: str, **more: Any) -> ModelRef:
    return ModelRef.model_validate({"model": name, **more})


BRIEF = Brief(persona=ADA, surface=Surface.POST, limits=(TextLimit(length=500),), seed="s")


def test_engines_keep_their_names_and_order() -> None:
    voice = build(
        model("openai/gpt-5-mini"), model("qwen3:8b", server="http://localhost:11434/v1"), BuiltIn.SCRIPT, BuiltIn.HOLD
    )
    assert voice.engines == ("openai/gpt-5-mini", "qwen3:8b", "script")


@pytest.mark.asyncio
async def test_the_script_alone_can_speak() -> None:
    async with build(BuiltIn.SCRIPT, BuiltIn.HOLD) as voice:
        outcome = await voice.speak(BRIEF)
    assert isinstance(outcome, Spoken)
    assert outcome.engine == "script"
    assert outcome.cost == 0


@pytest.mark.asyncio
async def test_engines_of_ones_own_are_asked_first() -> None:
    async with build(BuiltIn.SCRIPT, BuiltIn.HOLD, own=[Parrot()]) as voice:
        outcome = await voice.speak(BRIEF)
    assert isinstance(outcome, Spoken)
    assert outcome.parts == ("Pretty Polly.",)
    assert voice.engines == ("parrot", "script")


@pytest.mark.asyncio
async def test_a_maker_without_a_key_is_passed_over() -> None:
    async with build(model("openai/gpt-5-mini"), BuiltIn.SCRIPT, BuiltIn.HOLD) as voice:
        outcome = await voice.speak(BRIEF)
    assert isinstance(outcome, Spoken)
    assert outcome.engine == "script"
    assert outcome.notes == ("openai/gpt-5-mini: it has no key: set OPENAI_API_KEY, or write `key` with the engine",)


@pytest.mark.asyncio
async def test_with_a_key_the_budget_is_asked_first() -> None:
    environ = {"OPENAI_API_KEY": "sk-environment"}
    async with build(model("openai/gpt-5-mini"), BuiltIn.HOLD, environ=environ) as voice:
        outcome = await voice.speak(BRIEF)
    assert isinstance(outcome, Held)
    assert "do not fit into what is left" in outcome.reason
    assert "sk-" not in outcome.reason


@pytest.mark.asyncio
async def test_the_switch_against_paid_calls_stands_before_the_budget() -> None:
    environ = {"OPENAI_API_KEY": "sk-environment", "GREENROOM_NO_PAID_CALLS": "1"}
    async with build(model("openai/gpt-5-mini"), BuiltIn.HOLD, environ=environ) as voice:
        outcome = await voice.speak(BRIEF)
    assert isinstance(outcome, Held)
    assert outcome.reason == "openai/gpt-5-mini: paid calls are switched off"


@pytest.mark.asyncio
async def test_one_switch_keeps_all_who_are_asked_for_money_from_calling_anybody() -> None:
    key = {"OPENAI_API_KEY": "sk-environment"}
    switched_off, asked = "paid calls are switched off", "do not fit into what is left"
    for environ, why in ((key | {"GREENROOM_NO_PAID_CALLS": "1"}, switched_off), (key, asked)):
        reach: Any = {"purse": EmptyPurse(), "resolve": resolve, "clock": StillClock(), "environ": environ}
        async with build(model("openai/gpt-5-mini"), BuiltIn.HOLD, environ=environ) as voice:
            outcome = await voice.speak(BRIEF)
        assert isinstance(outcome, Held)
        assert why in outcome.reason
        painter = PainterRef.model_validate({"model": "openai/gpt-image-1-mini"})
        studio = build_studio([painter], **reach)
        painting = await studio.paint(Canvas(prompt="a lamp"))
        assert why in "".join(painting.notes)
        judge = ModeratorRef.model_validate({"model": "openai/omni-moderation-latest", "price": "0.001 USD"})
        assert why in ((await build_moderator(judge, **reach).judge("a lamp", turn="t")).missing or "")
        embedder = build_embedder(model("openai/text-embedding-3-small"), **reach)
        with pytest.raises(EmbeddingFailed, match=why):
            await embedder.embed(["a lamp"], turn="t")


@pytest.mark.asyncio
async def test_silence_ends_the_list_in_silence() -> None:
    async with build(model("openai/gpt-5-mini"), BuiltIn.SILENCE) as voice:
        outcome = await voice.speak(BRIEF)
    assert isinstance(outcome, Silent)


@pytest.mark.asyncio
async def test_a_server_of_this_machine_is_free() -> None:
    async with build(model("qwen3:8b", server="http://127.0.0.1:1/v1"), BuiltIn.HOLD) as voice:
        # Nobody listens there: had it cost anything, the empty purse would have said no.
        with pytest.raises(EngineUnavailable, match="cannot be reached"):
            await voice.speak(BRIEF)


@pytest.mark.parametrize(
    "ref",
    [
        model("openai/gpt-99"),
        model("qwen3:8b", server="https://models.example.org/v1"),
        model("gpt-5-mini", server="https://models.example.org/v1"),
    ],
    ids=str,
)
def test_a_model_without_a_price_is_refused_with_the_line_to_add(ref: ModelRef) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build(ref, BuiltIn.HOLD)
    assert f"`{ref.model}`" in str(caught.value)
    assert "price: {input: 0.25 USD, output: 2 USD}" in str(caught.value)


def test_a_price_in_the_bot_file_is_enough() -> None:
    price = {"input": "0.25 USD", "output": "2 USD"}
    assert build(model("openai/gpt-99", price=price), BuiltIn.HOLD).engines == ("openai/gpt-99",)
    other = model("qwen3:8b", server="https://models.example.org/v1", price=price)
    assert build(other, BuiltIn.HOLD).engines == ("qwen3:8b",)


def test_a_maker_whose_address_is_unknown_is_refused_with_the_line_to_add() -> None:
    with pytest.raises(ConfigurationError, match=r"server: https://…/v1"):
        build(model("mistral/large"), BuiltIn.HOLD)


def test_a_key_that_is_named_must_be_there() -> None:
    assert build(model("openai/gpt-5-mini", key={"env": "THERE"}), BuiltIn.HOLD).engines == ("openai/gpt-5-mini",)
    with pytest.raises(ConfigurationError, match="engine `openai/gpt-5-mini` needs a secret"):
        build(model("openai/gpt-5-mini", key={"env": "MISSING"}), BuiltIn.HOLD)


def test_a_bot_without_a_model_never_loads_the_sdk() -> None:
    program = (
        "import sys\n"
        "from greenroom.generation import build_voice\n"
        "from greenroom.personas.persona import Persona\n"
        "from greenroom.settings.engines import BuiltIn\n"
        "from greenroom.clock import SystemClock\n"
        "build_voice(Persona(persona='A', who='b'), [BuiltIn.SCRIPT, BuiltIn.HOLD], purse=None, resolve=None,\n"
        "            clock=SystemClock())\n"
        "print(sorted({'openai', 'httpx2', 'aiohttp', 'emoji'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603  our own program
    assert done.stdout.strip() == "[]"
