"""`engines:` of the bot file: who finds the words, makes the pictures, judges and is asked for vectors."""

import enum
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, model_validator

from greenroom.settings.model import Model, Text, Truth, Url, one_or_many, wrong
from greenroom.settings.moderating import ModeratorRef
from greenroom.settings.names import nearest
from greenroom.settings.picture import WithoutModel, image_engines
from greenroom.settings.secrets import SecretRef
from greenroom.settings.spelling import MONEY, Money
from greenroom.settings.usage import UsageRef

__all__ = ["BuiltIn", "EngineRef", "Engines", "ModelRef", "Price"]


class BuiltIn(enum.StrEnum):
    """Engines that need no model, and the two ways to end the list."""

    SCRIPT = "script"
    """The scripted voice."""
    HOLD = "hold"
    """Keep the turn for a person."""
    SILENCE = "silence"
    """Say nothing."""


class Price(Model):
    """What a model costs, for each million of tokens."""

    section: ClassVar[str] = "a `price`"

    input: Annotated[Money, MONEY]
    """For a million tokens that it reads."""
    output: Annotated[Money, MONEY]
    """For a million tokens that it writes."""


class ModelRef(Model):
    """A language model, on its maker's servers or on any server that speaks the same language."""

    section: ClassVar[str] = "an engine"
    short_for: ClassVar[str | None] = "model"

    model: Text
    """`openai/NAME`, or with a `server` the name that it has there."""
    server: Url | None = None
    """Address of an OpenAI-compatible server; none: the maker's own."""
    key: SecretRef | None = None
    """Where its key is kept; none: where the maker's tools look for it."""
    price: Price | None = None
    """What it costs; none: the built-in price list, and nothing on a server of this machine."""
    context: Annotated[int, Field(ge=1_000, le=1_000_000)] = 8_000
    """Tokens that a prompt for it may have, about; what finds no room is left out and noted with the turn."""
    sees: Truth = False
    """It can look at pictures: at what people send with what it answers, and at what has no `alt` yet."""

    @model_validator(mode="after")
    def _reachable(self) -> "ModelRef":
        if self.server is None and not all(self.model.partition("/")):
            words = [*BuiltIn]
            near = nearest(self.model, words)
            raise wrong(
                f"`{self.model}` is not an engine. "
                + (f"Did you mean `{near}`?" if near else "Write openai/NAME, or name the `server` that has it")
            )
        return self


def _engine_kind(value: Any) -> str:
    return "built-in engine" if isinstance(value, str) and value in [*BuiltIn] else "model engine"


EngineRef = BuiltIn | ModelRef
Engine = Annotated[
    Annotated[BuiltIn, Tag("built-in engine")] | Annotated[ModelRef, Tag("model engine")], Discriminator(_engine_kind)
]


def _ends(engines: tuple[EngineRef, ...]) -> tuple[EngineRef, ...]:
    """Close the list with `hold` where nothing else ends it."""
    ends = (BuiltIn.HOLD, BuiltIn.SILENCE)
    for engine in engines[:-1]:
        if engine in ends:
            raise wrong(f"`{engine}` ends the list: what stands after it is never asked")
    return engines if engines and engines[-1] in ends else (*engines, BuiltIn.HOLD)


def _no_word(value: Any) -> Any:
    if isinstance(value, (list, tuple)) or (isinstance(value, str) and value in [*BuiltIn, "card"]):
        raise wrong("one model makes all embeddings: write openai/text-embedding-3-small, or {model: …, server: …}")
    return value


class Engines(Model):
    """Who finds the words."""

    section: ClassVar[str] = "`engines`"
    short_for: ClassVar[str | None] = "text"

    text: Annotated[tuple[Engine, ...], one_or_many, AfterValidator(_ends)] = (BuiltIn.SCRIPT, BuiltIn.HOLD)
    """Tried in this order until one can; the last one is `hold` or `silence`."""
    embeddings: Annotated[ModelRef | None, BeforeValidator(_no_word)] = None
    """Makes vectors of the persona's documents, so that they are found by their meaning as well; none: they are found
    by their words, which costs nothing."""
    moderation: ModeratorRef | None = None
    """Judges what a model wrote before it is said; none: nobody does."""
    usage: UsageRef | None = None
    """Where OpenAI says what it has billed, for `greenroom spend` to compare; none: nothing is compared."""
    image: image_engines = (WithoutModel.CARD,)
    """Who makes the pictures that posts ask for, in this order; the last one is `card`, `hold` or `none`."""

    @property
    def any_sees(self) -> bool:
        """An engine can look at pictures."""
        return any(isinstance(engine, ModelRef) and engine.sees for engine in self.text)
