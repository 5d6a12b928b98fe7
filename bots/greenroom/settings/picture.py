"""`picture:` of a post: a file, or a card that is drawn here."""

import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    model_validator,
)

from greenroom.settings.model import FilePath, Model, Reading, Text, Url, one_or_many, word_of, wrong
from greenroom.settings.names import nearest
from greenroom.settings.secrets import SecretRef
from greenroom.settings.spelling import MONEY, Money
from greenroom.settings.table import MOST_ROWS, TableError, read_table

__all__ = [
    "CardEntry",
    "ImageEngine",
    "PainterRef",
    "Paints",
    "Picture",
    "Quality",
    "Shape",
    "Show",
    "WithoutModel",
    "image_engines",
]


class Shape(enum.StrEnum):
    """How wide and how high a picture is that is made for a post."""

    SQUARE = "square"
    WIDE = "wide"
    TALL = "tall"


class WithoutModel(enum.StrEnum):
    """How the list of those who make pictures ends."""

    CARD = "card"
    """A card of the post's words, drawn here."""
    HOLD = "hold"
    """A person decides about the post."""
    NONE = "none"
    """The post goes out without a picture."""


class Quality(enum.StrEnum):
    """How much work a model puts into a picture, and how much that costs."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Paints(enum.StrEnum):
    """What people may ask a model for."""

    DRAW = "draw"
    """A picture of what they say."""
    EDIT = "edit"
    """The picture that they send, changed as they say."""


class PainterRef(Model):
    """A model that makes pictures, on its maker's servers or on any server that speaks the same language."""

    section: ClassVar[str] = "an image engine"
    short_for: ClassVar[str | None] = "model"

    model: Text
    """`openai/NAME`, or with a `server` the name that it has there."""
    server: Url | None = None
    """Address of an OpenAI-compatible server; none: the maker's own."""
    key: SecretRef | None = None
    """Where its key is kept; none: where the maker's tools look for it."""
    price: Annotated[Money, MONEY] | None = None
    """What one picture costs; none: the built-in price list, and nothing on a server of this machine."""
    quality: Annotated[Quality, word_of(Quality, "a quality")] = Quality.MEDIUM
    """How much work it puts into a picture; only the maker's own servers are told."""

    @model_validator(mode="after")
    def _reachable(self) -> "PainterRef":
        if self.server is None and not all(self.model.partition("/")):
            words = [*WithoutModel]
            near = nearest(self.model, words)
            raise wrong(
                f"`{self.model}` is not an image engine. "
                + (f"Did you mean `{near}`?" if near else "Write openai/NAME, card, or name the `server` that has it")
            )
        return self


def _image_engine_kind(value: Any) -> str:
    return "end" if isinstance(value, str) and value in [*WithoutModel] else "image engine"


ImageEngine = WithoutModel | PainterRef


def _ends_well(engines: tuple[ImageEngine, ...]) -> tuple[ImageEngine, ...]:
    """Close the list with `hold` where nothing else ends it."""
    for engine in engines[:-1]:
        if isinstance(engine, WithoutModel):
            raise wrong(f"`{engine}` ends the list: what stands after it is never asked")
    return engines if engines and isinstance(engines[-1], WithoutModel) else (*engines, WithoutModel.HOLD)


image_engines = Annotated[
    tuple[
        Annotated[
            Annotated[WithoutModel, Tag("end")] | Annotated[PainterRef, Tag("image engine")],
            Discriminator(_image_engine_kind),
        ],
        ...,
    ],
    one_or_many,
    AfterValidator(_ends_well),
]
"""The type of `engines: image`."""


class Show(enum.StrEnum):
    """What is on a card."""

    QUOTE = "quote"
    """Words, and who says them."""
    BARS = "bars"
    """A bar for each number."""
    LINE = "line"
    """A line through the numbers, in their order."""


def _rows(value: Any) -> Any:
    if not isinstance(value, Mapping) or not value:
        raise wrong("this must be numbers by name: write it like {Monday: 3, Tuesday: 5}")
    rows: dict[str, float] = {}
    for name, number in cast(Mapping[object, object], value).items():
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise wrong(f"`{str(name)[:40]}` has no number: write it like {{Monday: 3, Tuesday: 5}}")
        if not abs(number) < 1e15:
            raise wrong(f"`{str(name)[:40]}` has a number that cannot be drawn")
        rows[str(name)] = float(number)
    return rows


def _readable(path: Any, info: ValidationInfo) -> Any:
    """See to it that the table can be drawn as it is now; it is read again for every card."""
    if isinstance(info.context, Reading) and not info.context.is_kept and isinstance(path, str):
        file = info.context.folder / Path(path).expanduser()
        if file.is_file():
            try:
                read_table(file)
            except TableError as error:
                raise wrong(str(error)) from None
    return path


class CardEntry(Model):
    """A card in the persona's colours."""

    section: ClassVar[str] = "`card`"
    short_for: ClassVar[str | None] = "show"

    show: Annotated[Show, word_of(Show, "a card")]
    """What is on it."""
    say: Text | None = None
    """The words of a quote; none: those of the post."""
    by: Text | None = None
    """Who says so; none: the persona's name."""
    title: Text | None = None
    """What stands above the bars or the line."""
    rows: Annotated[Mapping[str, float], BeforeValidator(_rows), Field(min_length=1, max_length=MOST_ROWS)] | None = (
        None
    )
    """The numbers, by name."""
    table: Annotated[FilePath, BeforeValidator(_readable)] | None = None
    """Instead, a CSV file with a name and a number in each line; read anew for every card."""

    @model_validator(mode="after")
    def _has_what_it_shows(self) -> "CardEntry":
        given = [key for key in ("say", "title", "rows", "table") if getattr(self, key) is not None]
        if self.show is Show.QUOTE:
            for key in given:
                if key != "say":
                    raise wrong(f"`{key}` is for bars and a line: a quote shows words")
        elif "say" in given:
            raise wrong("`say` is for a quote: name what is shown in `title`")
        elif "rows" not in given and "table" not in given:
            raise wrong("which numbers? write `rows: {Monday: 3, Tuesday: 5}`, or name a CSV file in `table`")
        elif "rows" in given and "table" in given:
            raise wrong("`rows` and `table` both say which numbers: keep one of them")
        return self


class Picture(Model):
    """A picture that goes with a post."""

    section: ClassVar[str] = "`picture`"

    file: FilePath | None = None
    """The picture itself."""
    card: CardEntry | None = None
    """Instead, a card that is drawn for the post."""
    about: Text | None = None
    """Instead, what is to be seen in a picture that `engines: image` makes."""
    alt: Text | None = None
    """Description for people who cannot see it. None: of a card, what stands on it; of anything
    else, what an engine that `sees` writes of it. Without such an engine a file needs one."""
    shape: Annotated[Shape, word_of(Shape, "a shape")] | None = None
    """How wide and how high a picture is that is made; none: square. A file keeps its own."""
    filter: Text | None = None
    """The filter that it goes out under: one of the persona's, or of those that come with Greenroom."""

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Picture":
        kinds = [key for key in ("file", "card", "about") if getattr(self, key) is not None]
        if not kinds:
            raise wrong("which picture? write `file`, `card` (it is drawn here) or `about` (a model makes it)")
        if len(kinds) > 1:
            raise wrong(f"`{kinds[0]}` and `{kinds[1]}` are two pictures: keep one of them")
        if self.file is not None and self.shape is not None:
            raise wrong("`shape` is for a picture that is made here: crop a file with a filter")
        return self
