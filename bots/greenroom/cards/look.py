"""How the pictures of a persona look, as its owner writes it."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from greenroom.filters.spelling import COLOUR
from greenroom.settings.model import FilePath, Model, Text, one_or_many, wrong

__all__ = ["Look", "contrast"]

LEAST_CONTRAST = 3.0
"""What large letters need to be read by most (WCAG 2.2, 1.4.3)."""


def contrast(one: str, other: str) -> float:
    """Return how far two colours are apart, from 1 (the same) to 21 (black on white), as WCAG counts it."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    levels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _can_be_read(colours: tuple[str, ...]) -> tuple[str, ...]:
    apart = contrast(colours[0], colours[1])
    if apart < LEAST_CONTRAST:
        raise wrong(f"letters in {colours[1]} on {colours[0]} cannot be read ({apart:.1f}:1): take two further apart")
    return colours


class Look(Model):
    """How its pictures look."""

    section: ClassVar[str] = "`look`"
    short_for: ClassVar[str | None] = "colours"

    colours: Annotated[
        tuple[Annotated[str, COLOUR], ...],
        Field(min_length=2, max_length=3),
        one_or_many,
        AfterValidator(_can_be_read),
    ] = ("#f4efe6", "#22303c", "#b4552d")
    """Of cards: the ground, the letters, and what is set off from them (none: the letters' own)."""
    style: Text | None = None
    """Of pictures that a model makes for posts, in words; none: as it comes."""
    font: FilePath | None = None
    """Of cards: a TrueType or OpenType file; none: a plain one, and where that has not the letters, one of this
    machine's."""

    @property
    def ground(self) -> str:
        """The colour that everything stands on."""
        return self.colours[0]

    @property
    def letters(self) -> str:
        """The colour of words."""
        return self.colours[1]

    @property
    def accent(self) -> str:
        """The colour of bars, lines and marks."""
        return self.colours[-1]
