"""Stored pictures and clips: their files in one folder."""

import os
from pathlib import Path

__all__ = ["MediaFolder"]


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
