"""Files of strangers and owners opened within bounds: a picture that is a bomb, broken or hostile is refused."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from greenroom.filters.pieces import must_be_in_few_pieces
from greenroom.filters.profiles import colours_alone
from greenroom_adapters.contract import MediaRefused
from greenroom_adapters.media import media_type_of

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["LARGEST_PICTURE", "MOST_PIXELS", "Opened", "open_picture", "read_bytes"]

LARGEST_PICTURE = 64 * 1024 * 1024
"""Bytes of a picture file; a larger one is not looked into."""
MOST_PIXELS = 30_000_000
"""A picture that claims to have more is not opened."""
MOST_PIXELS_OF_JPEG = 50_000_000
"""As photos of telephones have; they are decoded smaller at once, so that less memory holds more."""
WORKED_ON = 10_000_000
"""Pixels that are worked on: a larger picture is made smaller first, so that memory is bounded."""
FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
}
"""Types that are read → the one reader that is let near each."""
ORIENTATION = 0x0112

Opened = tuple["Image.Image", str, bytes | None]
"""A picture, the type of the file that it was in, and the profile of its colours, of which nothing else is left."""


def read_bytes(path: Path, most: int) -> bytes:
    """Return what is in a file.

    :raises MediaRefused: it cannot be read, or is larger than `most`
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise MediaRefused(f"{path.name} cannot be read: {error.strerror}") from None
    if len(content) > most:
        raise MediaRefused(f"{path.name} is larger than {most // 1_000_000} MB")
    return content


def open_picture(content: bytes) -> Opened:
    """Return the picture upright, in the mode RGB or RGBA, no larger than is worked on, and with nothing that its file
    tells beside it.

    :raises MediaRefused: it is none, is broken, moves, or is more than is opened here
    """
    from PIL import Image, ImageOps

    found = media_type_of(content[:64]) or "nothing that is known here"
    if found not in FORMATS:
        kind = "HEIC, which is not read here: save it as JPEG" if found == "image/heic" else "no picture"
        raise MediaRefused(f"is {kind}")
    must_be_in_few_pieces(content, found)
    try:
        with Image.open(io.BytesIO(content), formats=(FORMATS[found],)) as opened:
            _must_be_workable(opened)
            opened.draft("RGB", _bounded(opened.size))
            opened.load()
            colours: object = opened.info.get("icc_profile") if opened.mode in ("RGB", "RGBA") else None
            has_alpha = "A" in opened.getbands() or "transparency" in opened.info
            picture = _made_smaller(opened) if opened.mode in ("L", "RGB", "RGBA") else opened
            picture = _made_smaller(picture.convert("RGBA" if has_alpha else "RGB"))
            if ORIENTATION in opened.getexif():
                picture.getexif()[ORIENTATION] = opened.getexif()[ORIENTATION]
                picture = ImageOps.exif_transpose(picture)
    except MediaRefused:
        raise
    except Image.DecompressionBombError:
        raise MediaRefused("has far more pixels than are opened here") from None
    except MemoryError:
        raise MediaRefused("needs more memory than there is") from None
    except Exception as error:  # noqa: BLE001 - readers of pictures raise whatever a hostile file leads them to
        raise MediaRefused(f"cannot be opened as a picture: {str(error)[:200]}") from None
    picture.info.clear()
    return picture, found, colours_alone(colours) if isinstance(colours, bytes) else None


def _must_be_workable(opened: "Image.Image") -> None:
    # what telephones put behind a photo, a preview or its brightness, is another picture and no movement
    is_photo = opened.format in ("JPEG", "MPO")
    most = MOST_PIXELS_OF_JPEG if is_photo else MOST_PIXELS
    if opened.width * opened.height > most:
        raise MediaRefused(f"has {opened.width} x {opened.height} pixels, which is more than is opened here")
    if not is_photo and getattr(opened, "is_animated", False):
        raise MediaRefused("moves: make a video of it")


def _made_smaller(picture: "Image.Image") -> "Image.Image":
    """Return the picture as large as is worked on. Before it is copied, so that a large one is in memory once."""
    from PIL import Image

    size = _bounded(picture.size)
    if size == picture.size:
        return picture
    # its types name numpy, in a parameter that is not used here
    return picture.resize(size, Image.Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType]


def _bounded(size: tuple[int, int]) -> tuple[int, int]:
    pixels = size[0] * size[1]
    if pixels <= WORKED_ON:
        return size
    scale = (WORKED_ON / pixels) ** 0.5
    return max(1, int(size[0] * scale)), max(1, int(size[1] * scale))
