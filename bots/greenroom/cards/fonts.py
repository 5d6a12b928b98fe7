"""Which font can write a text: the owner's, the one that comes with Pillow, or one of this machine's."""

import functools
import io
import os
import sys
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.filters.reading import read_bytes
from greenroom_adapters.contract import MediaRefused

if TYPE_CHECKING:
    from PIL import ImageFont

__all__ = ["Face", "drawable", "face_for", "is_right_to_left"]

LARGEST_FONT = 32 * 1024 * 1024
MOST_FONTS = 400
"""Fonts of a machine that are looked into."""
PREFERRED = ("notosans-regular", "dejavusans", "liberationsans-regular", "arial", "segoeui", "helvetica")
MISSING = "\uffff"
"""No font has a letter for it: what is drawn there is what a font draws for what it has not."""
SHAPED = ((0x0590, 0x109F), (0x1780, 0x18AF), (0xA840, 0xABFF), (0xFB1D, 0xFDFF), (0xFE70, 0xFEFF), (0x10800, 0x11FFF))
"""Scripts whose letters join, stack or run from the right: Hebrew and Arabic to Myanmar, Khmer, and later blocks."""


class Face:
    """A font, at any size."""

    def __init__(self, content: bytes | None) -> None:
        """Take the bytes of a font; None: the plain one that comes with Pillow."""
        self._content = content
        self._sizes: dict[float, ImageFont.FreeTypeFont] = {}

    def at(self, size: float) -> "ImageFont.FreeTypeFont":
        """Return it with letters of this size, in pixels.

        :raises OSError: it is no font
        """
        from PIL import ImageFont

        if (known := self._sizes.get(size)) is not None:
            return known
        if self._content is None:
            found = ImageFont.load_default(size)
            assert isinstance(found, ImageFont.FreeTypeFont)  # noqa: S101 - of Pillow with FreeType, as all its wheels
        else:
            found = ImageFont.truetype(io.BytesIO(self._content), size)
        self._sizes[size] = found
        return found

    def has(self, letters: str) -> bool:
        """Say whether it has all of these."""
        try:
            font = self.at(24)
            missing = _drawn(font, MISSING)
            return all(_drawn(font, letter) not in (missing, b"") for letter in letters)
        except (OSError, ValueError):
            return False


def _drawn(font: "ImageFont.FreeTypeFont", letter: str) -> bytes:
    # a mask is a sequence of bytes, whatever its stubs say
    return bytes(font.getmask(letter))  # pyright: ignore[reportArgumentType]


def drawable(text: str) -> str:
    """Return a text as it can be drawn: without emoji, which need colours that fonts of letters have not, and without
    what is not seen. Lines stay."""
    import emoji

    text = emoji.replace_emoji(unicodedata.normalize("NFC", text), "")
    kept = (" " if letter.isspace() and letter != "\n" else letter for letter in text)
    return "".join(letter for letter in kept if letter in "\n \u200c\u200d" or letter.isprintable()).strip()


def is_right_to_left(text: str) -> bool:
    """Say whether a text begins with a script that runs from the right."""
    kinds = (unicodedata.bidirectional(letter) for letter in text)
    return next((kind for kind in kinds if kind in ("L", "R", "AL")), "L") != "L"


def face_for(text: str, own: Path | None) -> Face:
    """Return a font that has every letter of a text: the owner's, else the plain one, else one of this machine's.

    :raises MediaRefused: there is none, the owner's cannot be read, or the script needs a library that is not here
    """
    from PIL import features

    letters = "".join(sorted({letter for letter in text if not letter.isspace() and letter not in "\u200c\u200d"}))
    is_shaped = any(least <= ord(letter) <= most for letter in letters for least, most in SHAPED)
    if is_shaped and not (features.check("raqm") and features.check("fribidi")):
        raise MediaRefused("needs letters to be joined or set from the right: install FriBiDi (Debian: libfribidi0)")
    chosen: list[Face] = []
    if own is not None:
        chosen.append(_face_of(own))
    for face in (*chosen, Face(None)):
        # the plain one has no rules for joining letters, whatever it draws
        if face.has(letters):
            return face
    if (found := _found_for(letters)) is not None:
        return Face(found.read_bytes())
    lacks = next((letter for letter in letters if not Face(None).has(letter)), letters[:1])
    raise MediaRefused(
        f"has letters that no font here has ({lacks}, {unicodedata.name(lacks, 'without a name').lower()}): "
        "name one that has them in the persona's `look: {font: …}`"
    )


def _face_of(file: Path) -> Face:
    face = Face(read_bytes(file, LARGEST_FONT))
    try:
        face.at(24)
    except (OSError, ValueError) as error:
        raise MediaRefused(f"the font {file.name} cannot be used: {error}") from None
    return face


@functools.lru_cache(maxsize=64)
def _found_for(letters: str) -> Path | None:
    for file in _fonts_here():
        try:
            face = Face(read_bytes(file, LARGEST_FONT))
        except MediaRefused:
            continue
        if face.has(letters):
            return file
    return None


@functools.cache
def _fonts_here() -> tuple[Path, ...]:
    """Return the fonts of this machine, plain ones first."""
    found = sorted((file for folder in _folders() for file in _files(folder)), key=_plainest)
    return tuple(found[:MOST_FONTS])


def _folders() -> Iterator[Path]:
    home = Path.home()
    if sys.platform == "darwin":
        yield from (Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts")
    elif sys.platform == "win32":
        yield Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"
    else:
        yield from (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
        yield from (home / ".local/share/fonts", home / ".fonts")


def _files(folder: Path) -> Iterator[Path]:
    for above, _, names in os.walk(folder):
        yield from (Path(above, name) for name in names if name.lower().endswith((".ttf", ".otf", ".ttc")))


def _plainest(file: Path) -> tuple[int, bool, str]:
    name = file.stem.lower()
    place = PREFERRED.index(name) if name in PREFERRED else len(PREFERRED)
    is_plain = not any(word in name for word in ("bold", "italic", "oblique", "mono", "condensed", "light", "thin"))
    return place, not is_plain, str(file)
