"""Filters over pictures: opened within bounds, changed, and written without what the file told beside the picture."""

import io
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from greenroom.filters.chain import Step, operations_of
from greenroom.filters.colours import ColourOperation, change_picture
from greenroom.filters.reading import open_picture
from greenroom_adapters.contract import MediaRefused
from greenroom_adapters.media import source_in, written_png, xmp_of

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["WRITTEN", "filtered_picture", "over_picture"]

WRITTEN = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}
"""Types that are written."""
QUALITY = 92


def filtered_picture(
    chain: Sequence[Step],
    content: bytes,
    *,
    media_type: str | None = None,
    progress: Callable[[float], None] = lambda part: None,
) -> tuple[bytes, str]:
    """Return an encoded picture under a filter, and its type: `media_type`, or None: that of the original where it is
    written here, else PNG. Where the original says that a program made it, so does what becomes of it. The same picture
    and filter give the same bytes. Takes up to seconds: call it in a thread.

    :raises MediaRefused: it is no picture, broken, or more than is opened here; or a file of the filter is
    """
    picture, found, colours = open_picture(content)
    source = source_in(content)
    progress(0.1)
    picture = over_picture(chain, picture, progress=lambda part: progress(0.1 + 0.7 * part))
    wanted = media_type or (found if found in WRITTEN else "image/png")
    out = io.BytesIO()
    try:
        if wanted == "image/png":
            out.write(written_png(picture, source, colours=colours, optimize=False))
        else:
            if wanted == "image/jpeg" and picture.mode == "RGBA":
                picture = _on_white(picture)
            told = b"" if source is None else xmp_of(source)
            picture.save(out, WRITTEN[wanted], quality=QUALITY, icc_profile=colours, xmp=told)
    except (OSError, ValueError) as error:
        raise MediaRefused(f"cannot be written as {wanted}: {error}") from None
    progress(1.0)
    return out.getvalue(), wanted


def over_picture(
    chain: Sequence[Step], picture: "Image.Image", *, progress: Callable[[float], None] = lambda part: None
) -> "Image.Image":
    """Return a picture (RGB or RGBA) under a filter."""
    operations = list(operations_of(chain))
    done = 0
    for of_colours, group in groupby(operations, lambda one: isinstance(one, ColourOperation)):
        if of_colours:
            # all that stand beside each other are one table
            neighbours = tuple(one for one in group if isinstance(one, ColourOperation))
            picture = change_picture(neighbours, picture)
            done += len(neighbours)
        else:
            for operation in group:
                picture = operation.on_picture(picture)
                done += 1
        progress(done / len(operations))
    return picture


def _on_white(picture: "Image.Image") -> "Image.Image":
    from PIL import Image

    ground = Image.new("RGB", picture.size, "white")
    ground.paste(picture, mask=picture.getchannel("A"))
    return ground
