"""The encoding of records in the repositories of Bluesky."""

from typing import Any


def decoded(block: bytes) -> Any:
    """Return what a block of DAG-CBOR says (RFC 8949, without indefinite lengths); links stay bytes."""
    value, _ = _decoded(block, 0)
    return value


def _decoded(block: bytes, start: int) -> tuple[Any, int]:
    kind, short = block[start] >> 5, block[start] & 0x1F
    start += 1
    if kind == 7 and short < 24:
        return {20: False, 21: True, 22: None}[short], start
    size = 1 << (short - 24) if 24 <= short < 28 else 0
    number = int.from_bytes(block[start : start + size]) if size else short
    start += size
    match kind:
        case 0:
            return number, start
        case 1:
            return -1 - number, start
        case 2 | 3:
            raw = block[start : start + number]
            return raw if kind == 2 else raw.decode(), start + number
        case 4:
            items: list[Any] = []
            for _ in range(number):
                item, start = _decoded(block, start)
                items.append(item)
            return items, start
        case 5:
            pairs: dict[Any, Any] = {}
            for _ in range(number):
                name, start = _decoded(block, start)
                pairs[name], start = _decoded(block, start)
            return pairs, start
        case 6:
            return _decoded(block, start)
        case _:
            raise ValueError("a number with a fraction")
