"""What a picture says of how it came to be: IPTC's digital source type, in XMP, as platforms and archives read it."""

import enum
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Source", "is_told_generated", "source_in", "source_of", "written_png", "xmp_of"]

READ = 2 * 1024 * 1024
"""Bytes at the beginning and at the end of a file that are looked through."""
VOCABULARY = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class Source(enum.StrEnum):
    """How a picture came to be, by IPTC's words for it (https://cv.iptc.org/newscodes/digitalsourcetype/)."""

    MODEL = "trainedAlgorithmicMedia"
    """A model made it."""
    EDITED_BY_MODEL = "compositeWithTrainedAlgorithmicMedia"
    """A model changed it, or made a part of it."""
    ALGORITHM = "algorithmicMedia"
    """A program drew it that has learned from nothing: a card, a chart."""

    @property
    def is_generated(self) -> bool:
        """A model had its hand in it: what platforms want marked."""
        return self is not Source.ALGORITHM


_NAMED = re.compile(rb"digitalsourcetype/(\w{4,40})")
_WORDS = {
    **{source.value: source for source in Source},
    # what others write where one of these is meant
    "compositeSynthetic": Source.EDITED_BY_MODEL,
}


def source_of(content: bytes) -> Source | None:
    """Return what the bytes of a file, or of the XMP in it, say of its source, in XMP or in a C2PA manifest; None:
    nothing, or something else than a program. Where it says several, that a model made it counts most."""
    said = {_WORDS.get(found.decode("ascii", "replace")) for found in _NAMED.findall(content)}
    return next((source for source in Source if source in said), None)


def source_in(content: bytes) -> Source | None:
    """Return the same of a whole picture file, also where its XMP is packed, as in some PNG files."""
    if (told := source_of(content)) is not None or not content.startswith(b"\x89PNG"):
        return told
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as opened:
            return source_of(str(opened.info.get("XML:com.adobe.xmp") or "").encode(errors="replace"))
    except Exception:  # noqa: BLE001 - readers of pictures raise whatever a hostile file leads them to; it tells nothing
        return None


def is_told_generated(path: Path) -> bool:
    """Say whether a picture or a clip tells of itself that a model had its hand in it. Of a clip its first and last
    part are looked at.

    :raises OSError: it cannot be read
    """
    with path.open("rb") as file:
        content = file.read(READ)
        if len(content) == READ:
            file.seek(-min(READ, path.stat().st_size - READ), io.SEEK_END)
            content += file.read(READ)
    told = source_in(content)
    return told is not None and told.is_generated


def xmp_of(source: Source) -> bytes:
    """Return the XMP that says so, and nothing else."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' Iptc4xmpExt:DigitalSourceType="{VOCABULARY}{source}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def written_png(
    picture: "Image.Image", source: Source | None, *, colours: bytes | None = None, optimize: bool = True
) -> bytes:
    """Return a picture as PNG that says where it comes from; `colours` is its ICC profile. To `optimize` takes time."""
    from PIL.PngImagePlugin import PngInfo

    told: PngInfo | None = None
    if source is not None:
        # Pillow's `xmp=` is for other formats
        told = PngInfo()
        told.add_itxt("XML:com.adobe.xmp", xmp_of(source).decode())
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=optimize, icc_profile=colours, pnginfo=told)
    return out.getvalue()
