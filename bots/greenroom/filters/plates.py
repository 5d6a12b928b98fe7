"""Operations that lay something over the frame: drawn once, as large as the frame, for pictures and clips alike."""

import abc
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import AfterValidator
from typing_extensions import override

from greenroom.filters.operation import Operation, Plan
from greenroom.filters.reading import LARGEST_PICTURE, open_picture, read_bytes
from greenroom.filters.shapes import Place, PlaceWord
from greenroom.filters.spelling import COLOUR, share
from greenroom.settings.model import FilePath, Text, wrong
from greenroom_adapters.contract import MediaRefused

if TYPE_CHECKING:
    from PIL import Image, ImageFont

__all__ = ["Frame", "Overlay", "Plate", "Vignette", "Words", "lay_over_clip", "lettering"]

LONGEST_TEXT = 400
"""Characters that are drawn."""
LARGEST_FONT = 32 * 1024 * 1024


class Plate(Operation):
    """Something with transparency that lies over the frame."""

    @abc.abstractmethod
    def drawn(self, size: tuple[int, int]) -> "Image.Image":
        """Return what is laid over a frame of this size: RGBA, as large."""

    @override
    def on_picture(self, picture: "Image.Image") -> "Image.Image":
        from PIL import Image

        plate = self.drawn(picture.size)
        if picture.mode == "RGBA":
            return Image.alpha_composite(picture, plate)
        changed = picture.copy()
        changed.paste(plate, mask=plate.getchannel("A"))
        return changed

    @override
    def on_clip(self, plan: Plan) -> None:
        lay_over_clip((self,), plan)


def lay_over_clip(plates: Sequence[Plate], plan: Plan) -> None:
    """Let ffmpeg lay all of them over every frame, the first one lowest: as one picture, so that it is done once."""
    from PIL import Image

    size = plan.width, plan.height
    whole = plates[0].drawn(size)
    for plate in plates[1:]:
        whole = Image.alpha_composite(whole, plate.drawn(size))
    plan.lay_over(whole)


class Vignette(Plate):
    """Darkens it towards its corners."""

    section: ClassVar[str] = "`vignette`"
    short_for: ClassVar[str | None] = "by"

    by: Annotated[float, share(0, 1)] = 0.3
    """How dark the corners become."""
    colour: Annotated[str, COLOUR] = "#000000"
    """What they become."""

    @override
    def drawn(self, size: tuple[int, int]) -> "Image.Image":
        from PIL import Image

        strength = self.by
        levels = [round(255 * strength * _soft(level / 255)) for level in range(256)]
        gradient = Image.radial_gradient("L").point(levels)  # pyright: ignore[reportUnknownMemberType]  # its types name numpy
        # its types name numpy, in a parameter that is not used here
        mask = gradient.resize(size, Image.Resampling.BICUBIC)  # pyright: ignore[reportUnknownMemberType]
        plate = Image.new("RGBA", size, self.colour)
        plate.putalpha(mask)
        return plate


def _soft(part: float) -> float:
    """Return how far the shade has come at this part of the way to the corner: nothing near the middle."""
    begins = 0.4
    rest = max(0.0, (part - begins) / (1 - begins))
    return rest * rest * (3 - 2 * rest)


class Frame(Plate):
    """Draws a border over its edges; its size stays."""

    section: ClassVar[str] = "`frame`"
    short_for: ClassVar[str | None] = "by"

    by: Annotated[float, share(0, 0.2)] = 0.03
    """How wide, as a share of the shorter side."""
    colour: Annotated[str, COLOUR] = "#ffffff"
    """Its colour."""

    @override
    def drawn(self, size: tuple[int, int]) -> "Image.Image":
        from PIL import Image

        width = round(self.by * min(size))
        plate = Image.new("RGBA", size, self.colour)
        plate.paste((0, 0, 0, 0), (width, width, size[0] - width, size[1] - width))
        return plate


def _not_too_long(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise wrong(f"this has {len(text)} characters, and at most {LONGEST_TEXT} are drawn")
    return text


class Words(Plate):
    """Writes words over it."""

    section: ClassVar[str] = "`text`"
    short_for: ClassVar[str | None] = "say"
    needs: ClassVar[tuple[str, ...]] = ("font",)

    say: Annotated[Text, AfterValidator(_not_too_long)]
    """The words; long ones are broken into lines."""
    at: PlaceWord = Place.BOTTOM
    """Where they stand."""
    size: Annotated[float, share(0.01, 0.5)] = 0.06
    """How high a line is, as a share of the shorter side."""
    colour: Annotated[str, COLOUR] = "#ffffff"
    """Of the letters."""
    outline: Annotated[str, COLOUR] = "#000000"
    """Of the line around them."""
    font: FilePath | None = None
    """A TrueType or OpenType file; none: a plain font for Latin letters."""

    @override
    def drawn(self, size: tuple[int, int]) -> "Image.Image":
        from PIL import Image

        margin = round(min(size) * 0.04)
        words = lettering(
            self.say,
            room=(size[0] - 2 * margin, size[1] - 2 * margin),
            height=self.size * min(size),
            colour=self.colour,
            outline=self.outline,
            font=self.font,
        )
        plate = Image.new("RGBA", size, (0, 0, 0, 0))
        plate.paste(words, self.at.corner(size, words.size, margin))
        return plate


class Overlay(Plate):
    """Lays a picture of its owner over it: a logo, a stamp."""

    section: ClassVar[str] = "`overlay`"
    short_for: ClassVar[str | None] = "file"
    needs: ClassVar[tuple[str, ...]] = ("file",)

    file: FilePath
    """The picture; PNG and WebP may be transparent."""
    at: PlaceWord = Place.BOTTOM_RIGHT
    """Where it stands."""
    size: Annotated[float, share(0.01, 1)] = 0.2
    """How wide it is at the most, as a share of the width."""
    opacity: Annotated[float, share(0, 1)] = 1.0
    """How much of what is below it hides."""

    @override
    def drawn(self, size: tuple[int, int]) -> "Image.Image":
        from PIL import Image

        try:
            laid, _, _ = open_picture(read_bytes(self.file, LARGEST_PICTURE))
        except MediaRefused as refusal:
            raise MediaRefused(f"`overlay`: {self.file.name} {refusal}") from None
        laid = laid.convert("RGBA")
        scale = min(size[0] * self.size / laid.width, size[1] / laid.height)
        inner = max(1, int(laid.width * scale)), max(1, int(laid.height * scale))
        # its types name numpy, in a parameter that is not used here
        laid = laid.resize(inner, Image.Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType]
        opacity = self.opacity
        levels = [round(level * opacity) for level in range(256)]
        laid.putalpha(laid.getchannel("A").point(levels))  # pyright: ignore[reportUnknownMemberType]  # its types name numpy
        plate = Image.new("RGBA", size, (0, 0, 0, 0))
        plate.paste(laid, self.at.corner(size, inner, round(min(size) * 0.03)))
        return plate


def lettering(
    text: str, *, room: tuple[int, int], height: float, colour: str, outline: str, font: Path | None
) -> "Image.Image":
    """Return words as a picture with transparency, no larger than `room`: in lines that are `height` high, smaller
    where they would not fit.

    :raises MediaRefused: the font cannot be read
    """
    from PIL import Image, ImageDraw

    text = "".join(letter if letter.isprintable() or letter == "\n" else " " for letter in text)
    room = max(1, room[0]), max(1, room[1])
    while True:
        letters = max(4.0, height)
        face = _face(font, letters)
        stroke = max(1, round(letters / 16))
        draw = ImageDraw.Draw(Image.new("L", (1, 1)))
        lines = _lines(text, partial(draw.textlength, font=face), room[0] - 2 * stroke)
        whole = "\n".join(lines)
        settings: dict[str, Any] = {"font": face, "stroke_width": stroke, "align": "center", "spacing": letters * 0.25}
        left, top, right, bottom = draw.multiline_textbbox((0, 0), whole, **settings)
        size = int(right - left) + 2, int(bottom - top) + 2
        if letters <= 4.0 or (size[0] <= room[0] and size[1] <= room[1]):
            break
        height *= 0.85
    size = min(size[0], room[0]), min(size[1], room[1])
    words = Image.new("RGBA", (max(1, size[0]), max(1, size[1])), (0, 0, 0, 0))
    ImageDraw.Draw(words).multiline_text((1 - left, 1 - top), whole, fill=colour, stroke_fill=outline, **settings)
    return words


def _lines(text: str, length: Callable[[str], float], room: float) -> list[str]:
    """Break a text into lines that are no longer than there is room; a word alone may be."""
    lines: list[str] = []
    for paragraph in text.splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if line and length(longer) > room:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return lines


def _face(font: Path | None, height: float) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    import io

    from PIL import ImageFont

    if font is None:
        return ImageFont.load_default(height)
    try:
        return ImageFont.truetype(io.BytesIO(read_bytes(font, LARGEST_FONT)), height)
    except OSError as error:
        raise MediaRefused(f"the font {font.name} cannot be used: {error}") from None
