"""How the values of operations are spelled: shares, colours, shapes, points of a curve."""

import re
from decimal import Decimal

from greenroom.settings.spelling import Spelling, SpellingError

__all__ = ["COLOUR", "RATIO", "Ratio", "number", "share"]

Ratio = tuple[int, int]
"""Width and height of a shape, as in 4:5."""

_SHARE = re.compile(r"([-+]?[0-9]{1,3}(?:\.[0-9]{1,3})?) ?%")
_RATIO = re.compile(r"([1-9][0-9]{0,3}) ?[:x/] ?([1-9][0-9]{0,3})")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
MOST_LOPSIDED = 20
"""A shape that is so many times as wide as high, or as high as wide, is a slip."""


def _quoted(value: object) -> str:
    if value is None or isinstance(value, (dict, list)):
        return "this"
    line = " ".join((str(value).lower() if isinstance(value, bool) else str(value)).split())
    return f"`{line[:40]}`"


def _percent(value: float) -> str:
    return f"{(Decimal(repr(value)) * 100).normalize():f}%"


def share(least: float, most: float) -> Spelling[float]:
    """Return the spelling of a percentage from `least` to `most`; in memory 1.0 is 100%."""
    bounds = f"from {_percent(least)} to {_percent(most)}"
    example = _percent(min(most, 0.08))

    def read(value: object) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            raise SpellingError(f"{_quoted(value)}: of one or of a hundred? write it like {example}")
        found = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
        if found is None:
            raise SpellingError(f"{_quoted(value)} is not a share: write it like {example}, {bounds}")
        meant = float(Decimal(found[1]) / 100)
        if not least <= meant <= most:
            raise SpellingError(f"{_quoted(value)} is too {'little' if meant < least else 'much'}: it goes {bounds}")
        return meant

    return Spelling(
        means=(int, float),
        read=read,
        write=_percent,
        schema={
            "type": "string",
            "pattern": r"^ *[-+]?[0-9]{1,3}(\.[0-9]{1,3})? ?% *$",
            "examples": [example, _percent(least), _percent(most)],
        },
    )


def number(least: float, most: float) -> Spelling[float]:
    """Return the spelling of a plain number from `least` to `most`."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise SpellingError(f"{_quoted(value)} is not a number: write one from {least:g} to {most:g}")
        if not least <= value <= most:
            raise SpellingError(
                f"{_quoted(value)} is too {'small' if value < least else 'large'}: it goes from {least:g} to {most:g}"
            )
        return float(value)

    return Spelling(
        means=(int, float),
        read=read,
        write=lambda value: int(value) if value == int(value) else value,  # type: ignore[arg-type,return-value]  # JSON has numbers
        schema={"type": "number", "minimum": least, "maximum": most},
    )


def _read_colour(value: object) -> str:
    if not isinstance(value, str) or not _COLOUR.fullmatch(value.strip()):
        raise SpellingError(f'{_quoted(value)} is not a colour: write it like "#f2e7c9", in quotes')
    return value.strip().lower()


def _read_ratio(value: object) -> Ratio:
    found = _RATIO.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise SpellingError(f'{_quoted(value)} is not a shape: write width and height like "4:5"')
    width, height = int(found[1]), int(found[2])
    if max(width, height) > MOST_LOPSIDED * min(width, height):
        raise SpellingError(f"{_quoted(value)}: one side is more than {MOST_LOPSIDED} times the other")
    return width, height


COLOUR = Spelling(
    means=str,
    read=_read_colour,
    write=lambda colour: colour,
    schema={"type": "string", "pattern": "^#[0-9a-fA-F]{6}$", "examples": ["#f2e7c9"]},
)
"""Red, green and blue, two hexadecimal digits each."""

RATIO = Spelling(
    means=tuple,
    read=_read_ratio,
    write=lambda ratio: f"{ratio[0]}:{ratio[1]}",
    schema={"type": "string", "pattern": "^[1-9][0-9]{0,3} ?[:x/] ?[1-9][0-9]{0,3}$", "examples": ["4:5", "16:9"]},
)
"""A shape: width and height."""
