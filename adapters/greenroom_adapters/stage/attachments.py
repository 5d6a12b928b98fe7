"""Stored pictures and clips: their type by their bytes, their files in one folder."""

import os
from pathlib import Path

__all__ = ["MediaFolder", "media_type_of"]

CLIP_BRANDS = frozenset({b"avc1", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"isom", b"mp41", b"mp42", b"dash"})


def media_type_of(content: bytes) -> str | None:
    """Return the media type that the first bytes prove; None: nothing that the Stage knows."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in CLIP_BRANDS:
        return "video/mp4"
    return None


class MediaFolder:
    """A folder of files that are named by the Stage alone; nothing in it is open between two calls."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, attachment_id: str, content: bytes) -> None:
        """Store the bytes; a kill leaves the whole file or none under this name."""
        self._path.mkdir(parents=True, exist_ok=True)
        unfinished = self._path / f"{attachment_id}.part"
        unfinished.write_bytes(content)
        os.replace(unfinished, self._path / attachment_id)

    def file(self, attachment_id: str) -> Path:
        """Return where the bytes of a stored attachment are."""
        return self._path / attachment_id

    def remove(self, attachment_id: str) -> None:
        """Forget the bytes. Gone already: nothing happens."""
        (self._path / attachment_id).unlink(missing_ok=True)
