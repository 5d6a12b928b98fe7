"""What a picture says of how it came to be: IPTC's digital source type, in XMP, as platforms and archives read it."""

import enum
import io
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Source", "source_of", "source_of_opened", "written_png", "xmp_of"]

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


def source_of_opened(opened: "Image.Image", content: bytes) -> Source | None:
    """Return the same of a picture that is open, whose XMP may be packed in its file."""
    xmp: object = opened.info.get("xmp") or opened.info.get("XML:com.adobe.xmp") or b""
    return source_of(content) or source_of(xmp if isinstance(xmp, bytes) else str(xmp).encode())


def xmp_of(source: Source) -> bytes:
    """Return the XMP that says so, and nothing else."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"'
        f' Iptc4xmpExt:DigitalSourceType="{VOCABULARY}{source}"/></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def written_png(picture: "Image.Image", source: Source | None, *, colours: bytes | None = None) -> bytes:
    """Return a picture as PNG that says where it comes from; `colours` is its ICC profile."""
    from PIL.PngImagePlugin import PngInfo

    told: PngInfo | None = None
    if source is not None:
        # Pillow's `xmp=` is for other formats
        told = PngInfo()
        told.add_itxt("XML:com.adobe.xmp", xmp_of(source).decode())
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True, icc_profile=colours, pnginfo=told)
    return out.getvalue()
