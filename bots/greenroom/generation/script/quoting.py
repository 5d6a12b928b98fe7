"""Sentences of a document as the answer to a question: word for word, as few as needed and as many as fit."""

import re
from collections.abc import Callable

from greenroom.memory import terms_of

__all__ = ["quoted"]

_SENTENCES = re.compile(r"(?<=[.!?…])\s+|\n+(?=[-*•|]|\d+[.)])|\n{2,}")
_LEAD = re.compile(r"^(?:[-*•>]\s+|\d+[.)]\s+)")
ENOUGH = 3
"""Sentences."""
STEM = 5
"""Letters at the beginning of a word by which it is known again."""


def quoted(passage: str, asked: str, *, fits: Callable[[str], bool], behind: str = "") -> str | None:
    """Return the sentences of `passage` that have most of what was asked, with what stands straight after them as long
    as the text `fits`; None where not even the best one does. `behind` is put after them."""
    sentences = [_LEAD.sub("", " ".join(one.split())) for one in _SENTENCES.split(passage)]
    sentences = [one for one in sentences if re.search(r"\w", one)]
    if not sentences:
        return None
    stems = {term[:STEM] for term in terms_of(asked)}
    scores = [len(stems & {term[:STEM] for term in terms_of(one)}) for one in sentences]
    first = max(range(len(sentences)), key=lambda at: (scores[at], -at))
    best = ""
    for count in range(1, ENOUGH + 1):
        if first + count > len(sentences):
            break
        text = " ".join(sentences[first : first + count])
        if not fits(text):
            break
        best = text
    return f"{best}{behind}" if best else None
