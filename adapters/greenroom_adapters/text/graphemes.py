"""What a reader takes for one character: Unicode's extended grapheme clusters."""

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex  # type: ignore[import-untyped]  # its types are a package of their own

__all__ = ["count_graphemes", "grapheme_edges"]


@functools.cache
def _cluster() -> "regex.Pattern[str]":
    # Imported at the first text that needs it: `regex` costs more to import than everything else here together.
    import regex

    return regex.compile(r"\X")


def count_graphemes(text: str) -> int:
    """Return the number of grapheme clusters in `text`."""
    if text.isascii():
        return len(text) - text.count("\r\n")
    return len(_cluster().findall(text))


def grapheme_edges(text: str) -> Sequence[int]:
    """Return, in order, every position where `text` may be cut without cutting a cluster: 0, …, len(text)."""
    if text.isascii() and "\r" not in text:
        return range(len(text) + 1)
    return [0, *(cluster.end() for cluster in _cluster().finditer(text))]
