"""Operations that change each colour into another: one table does the work of many, for pictures and clips alike."""

import abc
import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, cast

from pydantic import BeforeValidator
from pydantic.json_schema import WithJsonSchema
from typing_extensions import override

from greenroom.filters.operation import Operation, Plan, on_colours
from greenroom.filters.spelling import COLOUR, share
from greenroom.settings.model import wrong

if TYPE_CHECKING:
    from PIL import Image

__all__ = [
    "Brightness",
    "Colour",
    "ColourOperation",
    "Contrast",
    "Curves",
    "Mono",
    "Saturation",
    "Warmth",
    "change_clip",
    "change_picture",
    "table_of",
]

Colour = tuple[float, float, float]
"""Red, green and blue, each from 0 to 1."""
Point = tuple[int, int]

STEPS = 33
"""Colours of the table on each of its three axes; between them it is interpolated."""
LUMA = (0.2126, 0.7152, 0.0722)
"""How bright red, green and blue look."""


class ColourOperation(Operation):
    """An operation on each colour by itself."""

    @abc.abstractmethod
    def change(self, red: float, green: float, blue: float) -> Colour:
        """Return what becomes of a colour; what is below 0 or above 1 is cut off."""

    @override
    def on_picture(self, picture: "Image.Image") -> "Image.Image":
        return change_picture((self,), picture)

    @override
    def on_clip(self, plan: Plan) -> None:
        change_clip((self,), plan)


class Brightness(ColourOperation):
    """Makes it brighter or darker; black and white stay where they are on the side that it moves to."""

    section: ClassVar[str] = "`brightness`"
    short_for: ClassVar[str | None] = "by"

    by: Annotated[float, share(-1, 1)] = 0.1
    """How much; below 0 darker, 100% is white."""

    @override
    def change(self, red: float, green: float, blue: float) -> Colour:
        by = self.by
        if by < 0:
            return red * (1 + by), green * (1 + by), blue * (1 + by)
        return red + (1 - red) * by, green + (1 - green) * by, blue + (1 - blue) * by


class Contrast(ColourOperation):
    """Moves colours away from the middle, or towards it."""

    section: ClassVar[str] = "`contrast`"
    short_for: ClassVar[str | None] = "by"

    by: Annotated[float, share(-1, 1)] = 0.1
    """How much; below 0 flatter, -100% is grey all over."""

    @override
    def change(self, red: float, green: float, blue: float) -> Colour:
        more = 1 + self.by
        return 0.5 + (red - 0.5) * more, 0.5 + (green - 0.5) * more, 0.5 + (blue - 0.5) * more


def _towards(grey: float, red: float, green: float, blue: float, kept: float) -> Colour:
    return grey + (red - grey) * kept, grey + (green - grey) * kept, grey + (blue - grey) * kept


class Saturation(ColourOperation):
    """Makes colours stronger or paler."""

    section: ClassVar[str] = "`saturation`"
    short_for: ClassVar[str | None] = "by"

    by: Annotated[float, share(-1, 1)] = 0.1
    """How much; -100% leaves no colour."""

    @override
    def change(self, red: float, green: float, blue: float) -> Colour:
        return _towards(_luma(red, green, blue), red, green, blue, 1 + self.by)


class Warmth(ColourOperation):
    """Shifts colours towards evening light, or towards the blue of shade."""

    section: ClassVar[str] = "`warmth`"
    short_for: ClassVar[str | None] = "by"

    by: Annotated[float, share(-1, 1)] = 0.1
    """How much; below 0 cooler."""

    @override
    def change(self, red: float, green: float, blue: float) -> Colour:
        # black and white move least, or they would look dirty
        return red + self.by * 0.6 * red * (1 - red), green, blue - self.by * 0.6 * blue * (1.2 - blue)


class Mono(ColourOperation):
    """Takes the colours out; with `tint` into shades of one."""

    section: ClassVar[str] = "`mono`"
    short_for: ClassVar[str | None] = "by"

    by: Annotated[float, share(0, 1)] = 1.0
    """How much of them."""
    tint: Annotated[str, COLOUR] = "#ffffff"
    """The colour that white becomes."""

    @override
    def change(self, red: float, green: float, blue: float) -> Colour:
        grey, kept = _luma(red, green, blue), 1 - self.by
        tint = (int(self.tint[place : place + 2], 16) / 255 for place in (1, 3, 5))
        first, second, third = (
            grey * part * self.by + old * kept for part, old in zip(tint, (red, green, blue), strict=True)
        )
        return first, second, third


def _points(value: Any) -> Any:
    """Read the points of a curve: from 2 to 16 pairs of numbers from 0 to 255, the first of each rising."""
    written = [tuple(cast(Any, one)) if isinstance(one, (list, tuple)) else one for one in _listed(value)]
    for one in written:
        pair = cast(tuple[object, ...], one) if isinstance(one, tuple) else ()
        if len(pair) != 2 or not all(
            isinstance(part, int) and not isinstance(part, bool) and 0 <= part <= 255 for part in pair
        ):
            raise wrong("a curve has points from 0 to 255, each [from, to]: write it like [[0, 20], [255, 240]]")
    if not 2 <= len(written) <= 16:
        raise wrong("a curve has from 2 to 16 points: write it like [[0, 20], [255, 240]]")
    points = cast(list[Point], written)
    if any(before[0] >= after[0] for before, after in itertools.pairwise(points)):
        raise wrong("the points of a curve rise from left to right: the first number of each is larger than before")
    return tuple(points)


def _listed(value: Any) -> Sequence[Any]:
    return cast(Sequence[Any], value) if isinstance(value, (list, tuple)) else ()


_STRAIGHT: tuple[Point, ...] = ((0, 0), (255, 255))
_LEVEL = {"type": "integer", "minimum": 0, "maximum": 255}
Points = Annotated[
    tuple[Point, ...],
    BeforeValidator(_points),
    WithJsonSchema(
        {
            "type": "array",
            "minItems": 2,
            "maxItems": 16,
            "items": {"type": "array", "minItems": 2, "maxItems": 2, "items": _LEVEL},
            "examples": [[[0, 20], [255, 240]]],
        }
    ),
]


class Curves(ColourOperation):
    """Draws brightness along a curve through given points, for all colours and for each of the three."""

    section: ClassVar[str] = "`curves`"
    short_for: ClassVar[str | None] = "all"

    all: Points = ((0, 0), (64, 56), (192, 200), (255, 255))
    """Points of the curve for all three: [from, to], from 0 to 255. By default a soft S."""
    red: Points = _STRAIGHT
    """And before that for red alone."""
    green: Points = _STRAIGHT
    """For green alone."""
    blue: Points = _STRAIGHT
    """For blue alone."""

    @override
    def change(self, red: float, green: float, blue: float) -> Colour:
        return (
            _along(self.all, _along(self.red, red)),
            _along(self.all, _along(self.green, green)),
            _along(self.all, _along(self.blue, blue)),
        )


def _along(points: tuple[Point, ...], value: float) -> float:
    """Return where the curve through `points` is at `value`: smooth, and never beyond the points beside it."""
    if points == _STRAIGHT:
        return value
    at = value * 255
    if at <= points[0][0]:
        return points[0][1] / 255
    if at >= points[-1][0]:
        return points[-1][1] / 255
    after = next(number for number, point in enumerate(points) if point[0] >= at)
    (left, low), (right, high) = points[after - 1], points[after]
    width = right - left
    first, last = _slope(points, after - 1) * width, _slope(points, after) * width
    part = (at - left) / width
    # a cubic with these values and slopes at its ends
    square, cube = part * part, part * part * part
    found = (
        (2 * cube - 3 * square + 1) * low
        + (cube - 2 * square + part) * first
        + (3 * square - 2 * cube) * high
        + (cube - square) * last
    )
    return found / 255


def _slope(points: tuple[Point, ...], at: int) -> float:
    """Return how steep the curve is at a point: so that it overshoots nowhere (Fritsch and Carlson)."""
    rises = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(points)]
    if at == 0 or at == len(points) - 1:
        return rises[0 if at == 0 else -1]
    before, after = rises[at - 1], rises[at]
    return 0.0 if before * after <= 0 else 2 * before * after / (before + after)


def _luma(red: float, green: float, blue: float) -> float:
    return LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue


@lru_cache(maxsize=32)
def table_of(operations: tuple[ColourOperation, ...]) -> tuple[Colour, ...]:
    """Return what the operations, one after the other, make of `STEPS` to the third colours; red changes fastest."""
    last = STEPS - 1
    levels = [step / last for step in range(STEPS)]
    table: list[Colour] = []
    for blue in levels:
        for green in levels:
            for red in levels:
                colour = (red, green, blue)
                for operation in operations:
                    first, second, third = operation.change(*colour)
                    colour = (_kept(first), _kept(second), _kept(third))
                table.append(colour)
    return tuple(table)


def _kept(value: float) -> float:
    return 0.0 if value < 0.0 else 1.0 if value > 1.0 else value


def change_picture(operations: tuple[ColourOperation, ...], picture: "Image.Image") -> "Image.Image":
    """Return the picture with all of its colours changed."""
    from PIL import ImageFilter

    table = [part for colour in table_of(operations) for part in colour]
    changed = picture.convert("RGB").filter(ImageFilter.Color3DLUT(STEPS, table))
    return on_colours(picture, changed)


def change_clip(operations: tuple[ColourOperation, ...], plan: Plan) -> None:
    """Let ffmpeg change all colours, by the same table."""
    name = plan.name(".cube")
    lines = (f"{red:.6f} {green:.6f} {blue:.6f}" for red, green, blue in table_of(operations))
    (plan.folder / name).write_text(f"LUT_3D_SIZE {STEPS}\n" + "\n".join(lines) + "\n", encoding="ascii")
    plan.see(f"lut3d=file={name}:interp=trilinear")
