"""What a persona keeps of the people it talks with, and for how long."""

import enum
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from greenroom.settings.model import Model, Name, Text, one_or_many, word_of, wrong
from greenroom.settings.spelling import DURATION

__all__ = ["FactKind", "Remembering"]


class FactKind(enum.StrEnum):
    """What can be told from what people say of themselves, without a model."""

    NAME = "name"
    """What they want to be called."""
    LANGUAGE = "language"
    """The language they write in, where it is not the persona's first."""
    INTERESTS = "interests"
    """What they say they like."""
    PROMISES = "promises"
    """What they promise."""


def _one_gap(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if pattern.count("*") != 1 or not pattern.replace("*", " ").strip():
            raise wrong(f"`{pattern}`: write the words, and one * for what is to be kept, like: my boat is called *")
    return patterns


Patterns = Annotated[tuple[Text, ...], Field(min_length=1), one_or_many, AfterValidator(_one_gap)]


class Remembering(Model):
    """What it keeps of people: by their id on a platform, and only for the audience that heard it."""

    section: ClassVar[str] = "`memory`"
    short_for: ClassVar[str | None] = "people"

    people: Annotated[
        tuple[Annotated[FactKind, word_of(FactKind, "something to keep of people")], ...], one_or_many
    ] = (FactKind.NAME, FactKind.LANGUAGE)
    """Which of these it keeps; [] keeps none."""
    remember: Mapping[Name, Patterns] = Field(default_factory=dict[Any, Any])
    """Beside those: what it is called → the words by which it is told, with * for what is kept."""
    never: Annotated[tuple[Text, ...], one_or_many] = ("health", "religion", "sexuality", "politics", "address")
    """What is about one of these is never kept."""
    for_: Annotated[timedelta, DURATION] = Field(
        default=timedelta(days=90), validation_alias="for", serialization_alias="for"
    )
    """How long, since it was last said or of use."""

    @property
    def is_on(self) -> bool:
        """It keeps anything of anybody."""
        return bool(self.people or self.remember)
