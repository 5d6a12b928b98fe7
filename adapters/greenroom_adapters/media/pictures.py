"""Pictures made smaller, turned upright, and freed of what tells where they were taken."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greenroom_adapters.contract import MediaLimit, MediaRefused
from greenroom_adapters.media.limits import megabytes
from greenroom_adapters.media.provenance import Source, written_png, xmp_of

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["MOST_PIXELS", "Picture", "refit_picture"]

MOST_PIXELS = 80_000_000
"""A picture that claims to have more is not opened: it would take a quarter of a gigabyte of memory and more."""
QUALITIES = (90, 82, 72, 60)
SMALLEST = 64
"""A side that would become shorter than this shows nothing any more."""
SHRINK = 0.8
EXIF_ORIENTATION, EXIF_GPS = 0x0112, 0x8825
IPTC = 0x0404
"""Photoshop's image resource that holds what agencies note of a picture, its place among it."""
XMP_PLACES = (b"GPS", b"Location", b"photoshop:City", b"photoshop:State", b"photoshop:Country")
FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
"""Types that are written; others are read alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """An encoded picture."""

    content: bytes
    media_type: str


def refit_picture(
    content: bytes, media_type: str, limit: MediaLimit, *, source: Source | None = None, must_tell: bool = False
) -> Picture | None:
    """Return the picture within the limits, upright and without its place; None: it is all of that already.

    What is written anew says of itself that it comes from `source`; with `must_tell` it is written anew for that.

    What is too large is scaled as little as possible, transparency is kept where a type of `limit` has it. The same
    input gives the same bytes. Takes up to seconds: call it in a thread.

    :raises MediaRefused: it cannot be opened, or cannot be made small enough
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(content)) as opened:
            _must_be_openable(opened)
            is_taken = len(content) <= limit.bytes and media_type in limit.types
            if is_taken and not must_tell and _is_right(opened, limit):
                return None
            _must_stand_still(opened)
            picture = ImageOps.exif_transpose(opened)
            picture.load()
            colours: bytes | None = opened.info.get("icc_profile") if opened.mode in ("RGB", "RGBA") else None
    except MediaRefused:
        raise
    except MemoryError:
        raise MediaRefused("needs more memory than there is") from None
    except Exception as error:  # noqa: BLE001 - readers of pictures raise whatever a hostile file leads them to
        raise MediaRefused(f"cannot be opened as a picture: {str(error)[:200]}") from None
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    picture = picture.convert("RGBA" if has_alpha else "RGB")
    picture.info.clear()  # some of it would be written again
    for smaller in _smaller(picture, limit):
        for kind, quality in _ways(media_type, limit, has_alpha=has_alpha):
            encoded = _encoded(smaller, kind, quality, colours, source)
            if len(encoded) <= limit.bytes:
                return Picture(content=encoded, media_type=kind)
    raise MediaRefused(f"cannot be made to fit into {megabytes(limit.bytes)}")


def _must_be_openable(opened: "Image.Image") -> None:
    if opened.width * opened.height > MOST_PIXELS:
        raise MediaRefused(f"has {opened.width} x {opened.height} pixels, which is more than is opened here")


def _must_stand_still(opened: "Image.Image") -> None:
    if getattr(opened, "is_animated", False):
        raise MediaRefused("moves, and cannot be made to fit here: make it smaller, or a video of it")


def _is_right(opened: "Image.Image", limit: MediaLimit) -> bool:
    """Say whether it can stay as it is, apart from its type and its bytes."""
    exif = opened.getexif()
    is_small = limit.pixels is None or opened.width * opened.height <= limit.pixels
    return is_small and exif.get(EXIF_ORIENTATION, 1) == 1 and EXIF_GPS not in exif and not _tells_place(opened)


def _tells_place(opened: "Image.Image") -> bool:
    """Say whether the place stands where editors and press photographers write it: in XMP, or in IPTC."""
    xmp: object = opened.info.get("xmp") or opened.info.get("XML:com.adobe.xmp") or b""
    words = xmp if isinstance(xmp, bytes) else str(xmp).encode()
    resources: object = opened.info.get("photoshop")
    return any(word in words for word in XMP_PLACES) or (isinstance(resources, dict) and IPTC in resources)


def _smaller(picture: "Image.Image", limit: MediaLimit) -> "Iterator[Image.Image]":
    """Yield the picture, at first as large as may be, then ever smaller."""
    from PIL import Image

    scale = 1.0
    if limit.pixels is not None:
        scale = min(1.0, (limit.pixels / (picture.width * picture.height)) ** 0.5)
    while scale == 1.0 or min(picture.width, picture.height) * scale >= SMALLEST:
        # rounded down, so that it is within the limit
        size = max(1, int(picture.width * scale)), max(1, int(picture.height * scale))
        # its types name numpy, in a parameter that is not used here
        yield picture if scale == 1.0 else picture.resize(size, Image.Resampling.LANCZOS)  # pyright: ignore[reportUnknownMemberType]
        scale *= SHRINK


def _ways(media_type: str, limit: MediaLimit, *, has_alpha: bool) -> Iterator[tuple[str, int]]:
    """Yield types and qualities to try, the best first."""
    taken = [kind for kind in FORMATS if kind in limit.types]
    if media_type == "image/png" and "image/png" in taken:
        yield "image/png", 100
    lossy = [kind for kind in taken if kind != "image/png" and not (has_alpha and kind == "image/jpeg")]
    for kind in lossy[:1]:
        yield from ((kind, quality) for quality in QUALITIES)
    if not lossy and "image/png" in taken and media_type != "image/png":
        yield "image/png", 100
    if not lossy and "image/jpeg" in taken:  # transparency that no type of this platform has becomes white
        yield from (("image/jpeg", quality) for quality in QUALITIES)


def _encoded(picture: "Image.Image", kind: str, quality: int, colours: bytes | None, source: Source | None) -> bytes:
    from PIL import Image

    if kind == "image/jpeg" and picture.mode == "RGBA":
        ground = Image.new("RGB", picture.size, "white")
        ground.paste(picture, mask=picture.getchannel("A"))
        picture = ground
    if kind == "image/png":
        return written_png(picture, source, colours=colours)
    out = io.BytesIO()
    # without the argument some formats write what they were read with
    xmp = b"" if source is None else xmp_of(source)
    picture.save(out, FORMATS[kind], quality=quality, icc_profile=colours, xmp=xmp)
    return out.getvalue()
