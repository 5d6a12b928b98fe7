"""A filter: operations one after the other, under a name. What there is, and how a file writes it."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    SerializationInfo,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue, WithJsonSchema
from pydantic_core import CoreSchema

from greenroom.filters.colours import Brightness, Contrast, Curves, Mono, Saturation, Warmth
from greenroom.filters.operation import Operation
from greenroom.filters.plates import Frame, Overlay, Vignette, Words
from greenroom.filters.playing import Speed, Subtitles, Trim
from greenroom.filters.reading import LARGEST_PICTURE, read_bytes
from greenroom.filters.shapes import Blur, Crop, Grain, Resize
from greenroom.settings.model import Model, not_a_word, one_or_many, wrong

__all__ = ["Chain", "Filters", "Step", "built_in", "filters_with", "identity_of", "operations_of", "words_for"]

MOST_STEPS = 24
MOST_FILTERS = 200
MADE_BY = "1"
"""Part of every identity: another one where operations do something else from some version on."""


def _bare(value: Any) -> Any:
    """Read `mono` as `{mono: …}` with every default."""
    if not isinstance(value, str):
        return value
    if value not in Step.model_fields:
        raise wrong(not_a_word(value, Step.model_fields, "an operation"))
    return {value: {}}


def _defaults(value: Any) -> Any:
    """Read `mono:` with nothing behind it as every default."""
    return {} if value is None else value


def _known_look(value: Any) -> Any:
    if not isinstance(value, str) or value not in built_in():
        raise wrong(not_a_word(value, built_in(), "a filter that comes with Greenroom"))
    return value


class Step(Model):
    """One operation of a filter, by its name."""

    model_config = ConfigDict(defer_build=True)

    section: ClassVar[str] = "a step of a filter"

    crop: Annotated[Crop | None, BeforeValidator(_defaults)] = None
    """Cuts it to a shape, like "4:5"."""
    resize: Annotated[Resize | None, BeforeValidator(_defaults)] = None
    """Makes it smaller, where it is larger."""
    brightness: Annotated[Brightness | None, BeforeValidator(_defaults)] = None
    """Brighter, or darker."""
    contrast: Annotated[Contrast | None, BeforeValidator(_defaults)] = None
    """More contrast, or less."""
    saturation: Annotated[Saturation | None, BeforeValidator(_defaults)] = None
    """Stronger colours, or paler ones."""
    warmth: Annotated[Warmth | None, BeforeValidator(_defaults)] = None
    """Warmer light, or cooler."""
    mono: Annotated[Mono | None, BeforeValidator(_defaults)] = None
    """Without colours, or in shades of one."""
    curves: Annotated[Curves | None, BeforeValidator(_defaults)] = None
    """Brightness along a curve."""
    grain: Annotated[Grain | None, BeforeValidator(_defaults)] = None
    """The grain of film."""
    blur: Annotated[Blur | None, BeforeValidator(_defaults)] = None
    """Without sharpness."""
    vignette: Annotated[Vignette | None, BeforeValidator(_defaults)] = None
    """Dark corners."""
    frame: Annotated[Frame | None, BeforeValidator(_defaults)] = None
    """A border."""
    text: Annotated[Words | None, BeforeValidator(_defaults)] = None
    """Words over it."""
    overlay: Annotated[Overlay | None, BeforeValidator(_defaults)] = None
    """A picture over it."""
    speed: Annotated[Speed | None, BeforeValidator(_defaults)] = None
    """Of a clip: faster, or slower."""
    trim: Annotated[Trim | None, BeforeValidator(_defaults)] = None
    """Of a clip: a stretch of it."""
    subtitles: Annotated[Subtitles | None, BeforeValidator(_defaults)] = None
    """Of a clip: words that come and go."""
    look: Annotated[str | None, BeforeValidator(_known_look)] = None
    """All that one of the filters that come with Greenroom does."""

    @model_validator(mode="after")
    def _one_at_a_time(self) -> "Step":
        there = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(there) != 1:
            raise wrong(
                f"`{there[0]}` and `{there[1]}` in one step: begin a new one with `- `"
                if there
                else f"this step does nothing: write one of {', '.join(type(self).model_fields)}"
            )
        return self

    @property
    def operations(self) -> Iterator[Operation]:
        """What it does."""
        if self.look is not None:
            yield from operations_of(built_in()[self.look])
            return
        for name in type(self).model_fields:
            if isinstance(operation := getattr(self, name), Operation):
                yield operation


class _ShortInSchema:
    """Tells editors of what may be written in short: the name of an operation alone, and one step without a list."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        found = handler(schema)
        if "items" in found:
            return {"anyOf": [found["items"], found]}
        return {"anyOf": [{"type": "string", "enum": [name for name in Step.model_fields if name != "look"]}, found]}


Steps = Annotated[Step, BeforeValidator(_bare), _ShortInSchema()]
Chain = tuple[Step, ...]
"""The steps of one filter, in order."""


def _written(filters: Mapping[str, Chain], info: SerializationInfo) -> dict[str, list[dict[str, Any]]]:
    return {
        name: [step.model_dump(mode="json", by_alias=True, exclude_none=True, context=info.context) for step in chain]
        for name, chain in filters.items()
    }


def _name(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[^\W_][\w-]{0,39}", value):
        raise wrong("a filter's name is one word of letters, digits and dashes, so that people can ask for it")
    if value == "all":
        raise wrong("`all` stands for every filter: give this one another name")
    return value


Filters = Annotated[
    Mapping[
        Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string"})],
        Annotated[tuple[Steps, ...], Field(min_length=1, max_length=MOST_STEPS), one_or_many, _ShortInSchema()],
    ],
    Field(max_length=MOST_FILTERS),
    PlainSerializer(_written),
]
"""Name → steps, as a file writes them."""


def _chain(**operations: Operation) -> Chain:
    return tuple(Step.model_validate({name: operation}) for name, operation in operations.items())


@cache
def built_in() -> Mapping[str, Chain]:
    """Return the filters that come with Greenroom, by name."""
    return {
        "dusk": _chain(
            contrast=Contrast(by=0.08),
            brightness=Brightness(by=-0.12),
            warmth=Warmth(by=0.35),
            saturation=Saturation(by=0.12),
            vignette=Vignette(by=0.3),
        ),
        "faded": _chain(
            curves=Curves(all=((0, 38), (128, 138), (255, 232))), saturation=Saturation(by=-0.25), warmth=Warmth(by=0.1)
        ),
        "grain": _chain(grain=Grain(by=0.12)),
        "mono": _chain(mono=Mono()),
        "noir": _chain(
            mono=Mono(),
            curves=Curves(all=((0, 0), (80, 44), (176, 208), (255, 255))),
            grain=Grain(by=0.06),
            vignette=Vignette(by=0.5),
        ),
        "vivid": _chain(saturation=Saturation(by=0.35), contrast=Contrast(by=0.12)),
    }


def filters_with(own: Mapping[str, Chain]) -> Mapping[str, Chain]:
    """Return every filter there is, by name and in that order: the owner's, and the built-in ones that his do not
    replace."""
    return dict(sorted({**built_in(), **own}.items()))


def operations_of(chain: Sequence[Step]) -> Iterator[Operation]:
    """Yield what a filter does, in order."""
    for step in chain:
        yield from step.operations


def identity_of(chain: Sequence[Step]) -> str:
    """Return what names the work of a filter: the same for the same steps and the same files in them. Reads
    these files.

    :raises MediaRefused: one of them cannot be read
    """
    parts = [MADE_BY]
    for operation in operations_of(chain):
        parts.append(f"{type(operation).__name__} {operation.model_dump_json()}")
        files = (getattr(operation, name) for name in operation.needs)
        parts += [
            hashlib.sha256(read_bytes(file, LARGEST_PICTURE)).hexdigest() for file in files if isinstance(file, Path)
        ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def words_for(chain: Sequence[Step]) -> str:
    """Return what a filter does, in a few words: `crop, warmth, grain`."""
    names = (name for step in chain for name in Step.model_fields if getattr(step, name) is not None)
    return ", ".join(names)
