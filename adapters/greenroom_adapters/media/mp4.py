"""How large an MP4 or QuickTime file shows, how long it plays, and whether it tells where it was filmed.

ISO/IEC 14496-12: a file is a row of boxes, each with its length and type; `moov` describes what the others hold.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

__all__ = ["Clip", "read_mp4"]

MOVIE_CAP = 16 * 1024 * 1024
"""A description that is larger is not read."""
MOST_BOXES = 10_000
"""Boxes that are passed before the description is found: a hostile file is millions of empty ones."""
PLACES = (b"\xa9xyz", b"com.apple.quicktime.location", b"loci")
"""Where cameras write down where they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """What the description of a clip says."""

    width: int
    height: int
    seconds: float
    tells_place: bool


def read_mp4(file: BinaryIO, size: int) -> Clip | None:
    """Return what the description says; None: there is none that can be read."""
    try:
        movie = _movie(file, size)
        return None if movie is None else _clip(movie)
    except (struct.error, ZeroDivisionError, IndexError):
        return None


def _movie(file: BinaryIO, size: int) -> bytes | None:
    position = 0
    for _ in range(MOST_BOXES):
        if position + 8 > size:
            return None
        file.seek(position)
        head = file.read(16)
        length, kind = struct.unpack_from(">I4s", head)
        begins = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", head, 8)
            begins = 16
        elif length == 0:
            length = size - position
        if length < begins:
            return None
        if kind == b"moov":
            if length > MOVIE_CAP:
                return None
            file.seek(position + begins)
            return file.read(length - begins)
        position += length
    return None


def _clip(movie: bytes) -> Clip | None:
    seconds = 0.0
    shown = (0, 0)
    for kind, body in _boxes(movie):
        if kind == b"mvhd":
            scale, duration = (
                struct.unpack_from(">IQ", body, 20) if body[0] == 1 else struct.unpack_from(">II", body, 12)
            )
            seconds = duration / scale
        elif kind == b"trak":
            for inner, track in _boxes(body):
                if inner == b"tkhd":
                    shown = max(shown, _shown(track), key=lambda pair: pair[0] * pair[1])
    if shown == (0, 0):
        return None
    tells_place = any(place in movie for place in PLACES)
    return Clip(width=shown[0], height=shown[1], seconds=seconds, tells_place=tells_place)


def _shown(track: bytes) -> tuple[int, int]:
    """Return the size at which a track shows: its last eight bytes, turned as the matrix before them says."""
    width, height = (int(side) >> 16 for side in struct.unpack_from(">II", track, len(track) - 8))
    (straight,) = struct.unpack_from(">i", track, len(track) - 44)
    return (width, height) if straight else (height, width)


def _boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = 0
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        if length < 8:
            return
        yield kind, content[position + 8 : position + length]
        position += length
