"""How many pieces a picture's file is in: a hostile one is in millions, and reading it takes hours, or all memory."""

import re
from collections.abc import Iterator
from itertools import islice

from greenroom_adapters.contract import MediaRefused

__all__ = ["must_be_in_few_pieces"]

MOST_PIECES = 20_000
"""Segments of a JPEG, chunks of a PNG, blocks of a GIF."""
MOST_SCANS = 100
"""Times that a JPEG goes over the whole picture; each may be a few bytes of the file."""
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
SCAN, END = 0xDA, 0xD9
ALONE = frozenset({0x01, 0xD8})
"""Markers without anything behind them."""
COLOURS, IMAGE, EXTENSION = 0x80, 0x2C, 0x21


def must_be_in_few_pieces(content: bytes, media_type: str) -> None:
    """See to it that a picture is read in the time and memory that its size lets expect.

    :raises MediaRefused: it is not
    """
    if media_type == "image/jpeg":
        markers = list(islice(_markers(content), MOST_PIECES + 1))
        _must_be_few(len(markers), MOST_PIECES)
        _must_be_few(markers.count(SCAN), MOST_SCANS)
    elif media_type == "image/png":
        _must_be_few(sum(1 for _ in islice(_chunks(content), MOST_PIECES + 1)), MOST_PIECES)
    elif media_type == "image/gif":
        # the data of the picture itself is in blocks of 255 bytes: those are no extensions
        _must_be_few(sum(1 for _ in islice(_extensions(content), MOST_PIECES + 1)), MOST_PIECES)


def _must_be_few(pieces: int, most: int) -> None:
    if pieces > most:
        raise MediaRefused("is in more pieces than a picture has")


def _markers(content: bytes) -> Iterator[int]:
    position, is_seen = 2, False
    while (found := _MARKER.search(content, position)) is not None:
        marker = found[1][0]
        yield marker
        is_seen = is_seen or marker == SCAN
        if marker == END and is_seen:
            return
        position = found.end()
        if marker not in ALONE:
            position += max(2, int.from_bytes(content[position : position + 2], "big"))


def _chunks(content: bytes) -> Iterator[int]:
    position = 8
    while position < len(content):
        yield position
        position += 12 + int.from_bytes(content[position : position + 4], "big")


def _extensions(content: bytes) -> Iterator[int]:
    """Yield where a block of an extension is, and where anything else between the pictures is."""
    position = 13 + _colours(content, 10)
    while position < len(content):
        kind = content[position]
        is_image = kind == IMAGE
        if is_image:
            position += 10 + _colours(content, position + 9) + 1
        else:
            yield position
            position += 2 if kind == EXTENSION else 1
            if kind != EXTENSION:
                continue
        while position < len(content) and content[position]:
            if not is_image:
                yield position
            position += 1 + content[position]
        position += 1


def _colours(content: bytes, at: int) -> int:
    """Return how long the table of colours is that the flags at this place tell of."""
    flags = content[at] if at < len(content) else 0
    return 3 * 2 ** ((flags & 7) + 1) if flags & COLOURS else 0
