"""Operations that change what is in the frame, how large it is and how sharp."""

import enum
from typing import TYPE_CHECKING, Annotated, ClassVar

from typing_extensions import override

from greenroom.filters.operation import LEAST_SIDE, Operation, Plan, on_colours
from greenroom.filters.spelling import RATIO, Ratio, number, share
from greenroom.settings.model import word_of

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Blur", "Crop", "Grain", "Place", "PlaceWord", "Resize"]


class Place(enum.StrEnum):
    """Where something stands in the frame."""

    CENTER = "center"
    TOP = "top"
    BOTTOM = "bottom"
    LEFT = "left"
    RIGHT = "right"
    TOP_LEFT = "top_left"
    TOP_RIGHT = "top_right"
    BOTTOM_LEFT = "bottom_left"
    BOTTOM_RIGHT = "bottom_right"

    def corner(self, outer: tuple[int, int], inner: tuple[int, int], margin: int = 0) -> tuple[int, int]:
        """Return the upper left corner of what is `inner` large, inside of what is `outer` large."""
        spare = outer[0] - inner[0], outer[1] - inner[1]
        across = margin if "left" in self else spare[0] - margin if "right" in self else spare[0] // 2
        down = margin if "top" in self else spare[1] - margin if "bottom" in self else spare[1] // 2
        return max(0, min(across, spare[0])), max(0, min(down, spare[1]))


PlaceWord = Annotated[Place, word_of(Place, "a place in the frame")]


class Crop(Operation):
    """Cuts it to a shape, as large as there is room for."""

    section: ClassVar[str] = "`crop`"
    short_for: ClassVar[str | None] = "to"

    to: Annotated[Ratio, RATIO] = (1, 1)
    """Width and height: "4:5" is upright."""
    at: PlaceWord = Place.CENTER
    """Which part is kept."""

    def box(self, width: int, height: int) -> tuple[int, int, int, int]:
        """Return what is kept of a frame: left, top, width, height."""
        across, down = self.to
        kept = min(width, height * across // down), min(height, width * down // across)
        size = max(min(LEAST_SIDE, width), kept[0]), max(min(LEAST_SIDE, height), kept[1])
        return *self.at.corner((width, height), size), *size

    @override
    def on_picture(self, picture: "Image.Image") -> "Image.Image":
        left, top, width, height = self.box(*picture.size)
        return picture.crop((left, top, left + width, top + height))

    @override
    def on_clip(self, plan: Plan) -> None:
        left, top, plan.width, plan.height = self.box(plan.width, plan.height)
        plan.see(f"crop={plan.width}:{plan.height}:{left}:{top}:exact=1")


class Resize(Operation):
    """Makes it smaller, where it is larger; its shape stays."""

    section: ClassVar[str] = "`resize`"
    short_for: ClassVar[str | None] = "to"

    to: Annotated[float, number(64, 8192)] = 1080
    """Its longest side, in pixels."""

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return how large a frame becomes."""
        scale = min(1.0, self.to / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    @override
    def on_picture(self, picture: "Image.Image") -> "Image.Image":
        from PIL import Image

        size = self.size(*picture.size)
        if size == picture.size:
            return picture
        # its types name numpy, in a parameter that is not used here
        return picture.resize(size, Image.Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType]

    @override
    def on_clip(self, plan: Plan) -> None:
        size = self.size(plan.width, plan.height)
        if size != (plan.width, plan.height):
            plan.width, plan.height = size
            plan.see(f"scale={plan.width}:{plan.height}:flags=lanczos,setsar=1")


class Blur(Operation):
    """Takes the sharpness out of it."""

    section: ClassVar[str] = "`blur`"
    short_for: ClassVar[str | None] = "by"

    by: Annotated[float, share(0, 0.1)] = 0.01
    """How far each point spreads, as a share of the longest side."""

    @override
    def on_picture(self, picture: "Image.Image") -> "Image.Image":
        from PIL import ImageFilter

        radius = self.by * max(picture.size)
        changed = picture.convert("RGB").filter(ImageFilter.GaussianBlur(radius))
        return on_colours(picture, changed)

    @override
    def on_clip(self, plan: Plan) -> None:
        plan.see(f"gblur=sigma={self.by * max(plan.width, plan.height):.2f}")


class Grain(Operation):
    """Lays the grain of film over it, the same every time for the same seed."""

    section: ClassVar[str] = "`grain`"
    short_for: ClassVar[str | None] = "by"

    by: Annotated[float, share(0, 1)] = 0.08
    """How coarse; 100% is a snowstorm."""
    seed: Annotated[float, number(0, 1_000_000)] = 1
    """Another number is another grain."""

    @override
    def on_picture(self, picture: "Image.Image") -> "Image.Image":
        import random

        from PIL import Image, ImageChops

        width, height = picture.size
        dice = random.Random(int(self.seed))  # noqa: S311 - grain, no secret
        strength = self.by
        noise = Image.frombytes("L", (width, height), dice.randbytes(width * height))
        levels = [round(128 + (level - 127.5) * strength) for level in range(256)]
        noise = noise.point(levels)  # pyright: ignore[reportUnknownMemberType]  # its types name numpy
        grain = Image.merge("RGB", (noise, noise, noise))
        changed = ImageChops.add(picture.convert("RGB"), grain, 1, -128)
        return on_colours(picture, changed)

    @override
    def on_clip(self, plan: Plan) -> None:
        # its strength counts from 0 to 100 levels; on brightness alone, like the grain of a picture
        plan.see(f"format=yuv420p,noise=c0s={round(self.by * 100)}:c0f=t+u:c0_seed={int(self.seed)}")
