"""What the bytes of a file say about it: its type, how large it shows, how long it plays. Reads headers only."""

import struct
from dataclasses import dataclass
from pathlib import Path

from greenroom_adapters.media.mp4 import read_mp4

__all__ = ["Dimensions", "Facts", "dimensions", "facts_of", "media_type_of"]

Dimensions = tuple[int, int]
"""Width and height in pixels."""

HEAD = 256 * 1024
"""So much of a picture is read: the size of a JPEG stands behind its metadata, which may hold a whole preview."""
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
)
BRANDS = {
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    **dict.fromkeys((b"avc1", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"isom"), "video/mp4"),
    **dict.fromkeys((b"mp41", b"mp42", b"dash", b"M4V ", b"MSNV", b"3gp4", b"3gp5"), "video/mp4"),
}
"""Major brand of a file in the ISO base media format → what it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a file says about itself; None: it does not say, or not in a way that is read here."""

    bytes: int
    media_type: str | None
    """By its contents, whatever it is called."""
    width: int | None = None
    height: int | None = None
    seconds: float | None = None


def facts_of(path: Path) -> Facts:
    """Return what the file says about itself.

    :raises OSError: it cannot be read
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(HEAD)
        media_type = media_type_of(head)
        if media_type in ("video/mp4", "video/quicktime"):
            clip = read_mp4(file, size)
            if clip is not None:
                return Facts(
                    bytes=size, media_type=media_type, width=clip.width, height=clip.height, seconds=clip.seconds
                )
    shown = dimensions(head)
    if shown is None:
        return Facts(bytes=size, media_type=media_type)
    return Facts(bytes=size, media_type=media_type, width=shown[0], height=shown[1])


def media_type_of(head: bytes) -> str | None:
    """Return the media type that the first bytes of a file prove; None: nothing that is known here."""
    for signature, media_type in SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return BRANDS.get(head[8:12])
    return None


def dimensions(head: bytes) -> Dimensions | None:
    """Return the width and height that the beginning of a PNG, GIF, JPEG or WebP file states; None: it states none that
    can be read."""
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return _pair(struct.unpack_from(">II", head, 16))
        if head.startswith((b"GIF87a", b"GIF89a")):
            return _pair(struct.unpack_from("<HH", head, 6))
        if head.startswith(b"\xff\xd8"):
            return _jpeg(head)
        if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
            return _webp(head)
    except (struct.error, IndexError):
        return None
    return None


def _pair(read: tuple[int, ...]) -> Dimensions:
    return read[0], read[1]


def _jpeg(head: bytes) -> Dimensions | None:
    position = 2
    while head[position] == 0xFF:
        marker = head[position + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a start of frame
            height, width = struct.unpack_from(">HH", head, position + 5)
            return width, height
        position += 2 + int(struct.unpack_from(">H", head, position + 2)[0])
    return None


def _webp(head: bytes) -> Dimensions | None:
    match head[12:16]:
        case b"VP8 ":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            bits = int(struct.unpack_from("<I", head, 21)[0])
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width = int.from_bytes(head[24:27], "little") + 1
            return width, int.from_bytes(head[27:30], "little") + 1
        case _:
            return None
