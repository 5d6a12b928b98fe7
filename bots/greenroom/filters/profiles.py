"""The profile of a picture's colours, with what describes colours and nothing of the device that it was made for."""

import struct
from collections.abc import Mapping

__all__ = ["colours_alone"]

HEADER, ENTRY, MOST_ENTRIES = 128, 12, 100
POINTS = ("wtpt", "rXYZ", "gXYZ", "bXYZ")
CURVES = ("rTRC", "gTRC", "bTRC")
LONGEST_CURVE = 16_384
PARAMETERS = (1, 3, 4, 5, 7)
"""Numbers in a curve that is a formula, by its kind."""
MADE_AT = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
D50 = bytes.fromhex("0000f6d6000100000000d32d")
NAME = "RGB"


def colours_alone(profile: bytes) -> bytes | None:
    """Return a profile (ICC, of a screen or a camera, by its three primary colours and their curves) without names,
    dates, serial numbers and whatever else is in it; None: it is of another kind, or broken."""
    if len(profile) < HEADER + 4 or profile[36:40] != b"acsp" or profile[16:24] != b"RGB XYZ ":
        return None
    found = _entries(profile)
    kept = {name: part for name in (*POINTS, "chad", *CURVES) if (part := _part(name, found.get(name))) is not None}
    if not kept.keys() >= {*POINTS, *CURVES}:
        return None
    is_newer = profile[8] >= 4
    named = {"desc": _in_many_languages() if is_newer else _described()}
    named["cprt"] = _in_many_languages() if is_newer else b"text\0\0\0\0" + NAME.encode() + b"\0"
    return _written(profile, {**named, **kept})


def _entries(profile: bytes) -> Mapping[str, bytes]:
    (count,) = struct.unpack_from(">I", profile, HEADER)
    table = profile[HEADER + 4 : HEADER + 4 + ENTRY * min(count, MOST_ENTRIES)]
    whole = len(table) // ENTRY * ENTRY
    return {
        name.decode("latin-1"): profile[at : at + size] for name, at, size in struct.iter_unpack(">4sII", table[:whole])
    }


def _part(name: str, content: bytes | None) -> bytes | None:
    """Return what is read of one part, to the byte; None: it is not there, or not as it has to be."""
    if content is None or len(content) < 12:
        return None
    kind, (count,) = content[:4], struct.unpack_from(">I", content, 8)
    if name in POINTS:
        size = 20 if kind == b"XYZ " else None
    elif name == "chad":
        size = 44 if kind == b"sf32" else None
    elif kind == b"curv":
        size = 12 + 2 * count if count <= LONGEST_CURVE else None
    else:
        formula = count >> 16
        size = 12 + 4 * PARAMETERS[formula] if kind == b"para" and formula < len(PARAMETERS) else None
    return None if size is None or len(content) < size else content[:4] + bytes(4) + content[8:size]


def _described() -> bytes:
    text = NAME.encode() + b"\0"
    return b"desc\0\0\0\0" + struct.pack(">I", len(text)) + text + bytes(78)


def _in_many_languages() -> bytes:
    text = NAME.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(text), 28) + text


def _written(profile: bytes, parts: Mapping[str, bytes]) -> bytes:
    at, table, body = HEADER + 4 + ENTRY * len(parts), b"", b""
    for name, content in parts.items():
        table += struct.pack(">4sII", name.encode("latin-1"), at + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = (
        struct.pack(">I", at + len(body))
        + bytes(4)
        + profile[8:10]
        + bytes(2)
        + b"mntrRGB XYZ "
        + MADE_AT
        + b"acsp"
        + bytes(28)
        + D50
        + bytes(48)
    )
    return header + struct.pack(">I", len(parts)) + table + body
