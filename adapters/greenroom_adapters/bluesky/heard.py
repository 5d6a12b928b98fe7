"""Which posts were heard of lately, so that nothing is told twice and a deletion means something."""

import base64
import hashlib
from collections.abc import Iterator

__all__ = ["Heard"]

REMEMBERED = 1000
DIGEST = 8
"""Bytes by which a post is remembered."""


class Heard:
    """The addresses of the last thousand posts, each with the source that told of it."""

    def __init__(self) -> None:
        self._known: dict[bytes, str] = {}

    def __len__(self) -> int:
        return len(self._known)

    def add(self, uri: str, source: str) -> None:
        """Remember a post."""
        self._add(_digest(uri), source)

    def source_of(self, uri: str) -> str | None:
        """Return the source that told of a post (empty: one did before the restart); None: none did."""
        return self._known.get(_digest(uri))

    def forget(self, uri: str) -> None:
        """Forget a post."""
        self._known.pop(_digest(uri), None)

    def stored(self) -> str:
        """Return what `restore` takes."""
        return base64.b64encode(b"".join(self._known)).decode()

    def restore(self, stored: str) -> None:
        """Remember what was known before a restart, as older than what is known now.

        :raises ValueError: it is none of ours
        """
        digests = base64.b64decode(stored, validate=True)
        now, self._known = self._known, {}
        for digest in _cut(digests):
            self._add(digest, "")
        for digest, source in now.items():
            self._add(digest, source)

    def _add(self, digest: bytes, source: str) -> None:
        self._known.pop(digest, None)
        self._known[digest] = source
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]


def _cut(digests: bytes) -> Iterator[bytes]:
    return (digests[start : start + DIGEST] for start in range(0, len(digests), DIGEST))


def _digest(uri: str) -> bytes:
    return hashlib.blake2b(uri.encode("utf-8", "replace"), digest_size=DIGEST).digest()
