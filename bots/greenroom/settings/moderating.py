"""`engines: moderation`: who judges what a model wrote, and what becomes of it by that."""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from greenroom.settings.model import Model, Text, Url, one_or_many, word_of, wrong
from greenroom.settings.names import nearest
from greenroom.settings.secrets import SecretRef
from greenroom.settings.spelling import MONEY, Money

__all__ = ["ModeratorRef", "Unjudged"]

CATEGORIES: Mapping[str, str] = MappingProxyType(
    {
        "harassment": "insults",
        "harassment/threatening": "threats",
        "hate": "hatred of a group",
        "hate/threatening": "threats to a group",
        "illicit": "how to do what is forbidden",
        "illicit/violent": "how to hurt people",
        "self-harm": "self-harm",
        "self-harm/instructions": "how to harm oneself",
        "self-harm/intent": "wanting to harm oneself",
        "sexual": "sex",
        "sexual/minors": "sex with minors",
        "violence": "violence",
        "violence/graphic": "violence in detail",
    }
)
"""What OpenAI judges, and what that means."""


class Unjudged(enum.StrEnum):
    """What becomes of words that nobody could judge."""

    HOLD = "hold"
    """A person decides."""
    SAY = "say"
    """They are said."""


def _score(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.01 <= value <= 1:
        raise wrong(f"`{str(value)[:40]}` is no score: write a number from 0.01 to 1, for example 0.4")
    return value


Score = Annotated[float, BeforeValidator(_score), WithJsonSchema({"type": "number", "minimum": 0.01, "maximum": 1})]


class ModeratorRef(Model):
    """A model that judges words, on its maker's servers or on any server that speaks the same language."""

    section: ClassVar[str] = "`moderation`"
    short_for: ClassVar[str | None] = "model"

    model: Text
    """`openai/NAME`, or with a `server` the name that it has there."""
    server: Url | None = None
    """Address of an OpenAI-compatible server; none: the maker's own."""
    key: SecretRef | None = None
    """Where its key is kept; none: where the maker's tools look for it."""
    price: Annotated[Money, MONEY] | None = None
    """What one call costs; none: nothing, which is so with OpenAI and on a server of this machine."""
    hold: Score = 0.4
    """From this score on, of 0 to 1, a person decides; also where the model itself flags the words."""
    refuse: Score = 0.8
    """From this score on they are written again, once; what stays so is not said."""
    ignore: Annotated[tuple[Text, ...], one_or_many] = ()
    """Categories that do not count, for example `violence` for who tells of sea battles."""
    unjudged: Annotated[Unjudged, word_of(Unjudged, "what becomes of words that nobody could judge")] = Unjudged.HOLD
    """What becomes of words while the model cannot be asked: `hold` or `say`."""

    @model_validator(mode="after")
    def _makes_sense(self) -> "ModeratorRef":
        if self.server is None and not all(self.model.partition("/")):
            raise wrong(f"`{self.model}` judges nothing. Write openai/omni-moderation-latest, or name the `server`")
        if self.refuse < self.hold:
            raise wrong(f"`refuse: {self.refuse}` is below `hold: {self.hold}`: then nothing would ever be held")
        for name in self.ignore if self.server is None else ():
            if name not in CATEGORIES:
                near = nearest(name, CATEGORIES)
                mend = f"Did you mean `{near}`?" if near else f"There are {', '.join(CATEGORIES)}"
                raise wrong(f"`{name}` is no category of it. {mend}")
        return self
