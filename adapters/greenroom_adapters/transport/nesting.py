"""JSON that is nested deeper than anything has to be: a stranger's way to make a whole answer unreadable."""

import re
from typing import overload

__all__ = ["flattened", "levelled"]

DEEPEST = 100
TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}]', re.DOTALL)
"""A string, or what opens or closes a list or an object."""
OPENING = frozenset(b"[{")
CLOSING = frozenset(b"]}")


def flattened(body: bytes, *, deepest: int = DEEPEST) -> bytes:
    """Return a JSON text in which every list and object below `deepest` others is `null`; all else stays. In time
    proportional to its length, and without recursion. What is no JSON stays none."""
    kept: list[bytes] = []
    depth = begin = 0
    for token in TOKEN.finditer(body):
        first = body[token.start()]
        if first in OPENING:
            depth += 1
            if depth == deepest + 1:
                kept += [body[begin : token.start()], b"null"]
        elif first in CLOSING:
            if depth == deepest + 1:
                begin = token.end()
            depth -= 1
    if depth <= deepest:
        kept.append(body[begin:])
    return b"".join(kept)


@overload
def levelled(frame: bytes) -> bytes: ...
@overload
def levelled(frame: str) -> str: ...
@overload
def levelled(frame: str | bytes) -> str | bytes: ...
def levelled(frame: str | bytes) -> str | bytes:
    """Return one frame of a stream, `flattened` where something in it is nested too deep: whoever reads it, or a part
    of it, never runs out of depth. Costs next to nothing where few brackets are in it."""
    if isinstance(frame, bytes):
        return frame if frame.count(b"[") + frame.count(b"{") <= DEEPEST else flattened(frame)
    if frame.count("[") + frame.count("{") <= DEEPEST:
        return frame
    return flattened(frame.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
