"""`embed:` of a post or an answer: what it shows below its words, in a frame of its own."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, cast

from pydantic import BeforeValidator, WithJsonSchema, model_validator

from greenroom.settings.model import Model, Text, Truth, Url, one_or_many, wrong
from greenroom_adapters.contract import Embed, EmbedField

__all__ = ["EmbedEntry"]

_COLOUR = re.compile(r"#([0-9a-fA-F]{6})", re.ASCII)


def _colour(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    found = _COLOUR.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise wrong('a colour has six digits: write it like "#2f6f9f", in quotation marks')
    return int(found[1], 16)


def _table(value: object) -> object:
    """Read a table that is written as names and values: the short way, without saying which stand side by side."""
    if not isinstance(value, Mapping):
        return value
    written = cast(Mapping[str, Any], value)
    is_entry = not {"name", "value"}.isdisjoint(written)
    return written if is_entry else [{"name": name, "value": said} for name, said in written.items()]


class EmbedFieldEntry(Model):
    """One line of an embed's table."""

    section: ClassVar[str] = "a field of `embed`"

    name: Text
    """What it says on the left, or above."""
    value: Text
    """What it says to that."""
    beside: Truth = False
    """true lets it stand beside the next one."""


class EmbedEntry(Model):
    """What is shown below the words, in a frame of its own; where there are no such frames, lines of the text."""

    section: ClassVar[str] = "`embed`"

    title: Text | None = None
    """Its heading."""
    text: Text | None = None
    """What it says below the heading."""
    link: Url | None = None
    """Where its title leads."""
    colour: (
        Annotated[int, BeforeValidator(_colour), WithJsonSchema({"type": "string", "pattern": "^#[0-9a-fA-F]{6}$"})]
        | None
    ) = None
    """Of its edge, as "#2f6f9f"."""
    fields: Annotated[tuple[EmbedFieldEntry, ...], one_or_many, BeforeValidator(_table)] = ()
    """A small table: names with values, or entries with `name`, `value` and `beside`."""
    image: Url | None = None
    """Address of a picture, which the platform fetches and shows."""
    footer: Text | None = None
    """A small line at its end."""

    @model_validator(mode="after")
    def _shows_something(self) -> "EmbedEntry":
        if not (self.title or self.text or self.fields or self.image):
            raise wrong("an embed shows something: write `title`, `text`, `fields` or `image`")
        if self.link is not None and self.title is None:
            raise wrong("`link` is where the title leads: write a `title`")
        return self

    @property
    def embed(self) -> Embed:
        """The embed as it goes with a post."""
        return Embed(
            title=self.title,
            text=self.text,
            link=self.link,
            colour=self.colour,
            fields=tuple(EmbedField(name=one.name, value=one.value, beside=one.beside) for one in self.fields),
            image=self.image,
            footer=self.footer,
        )
