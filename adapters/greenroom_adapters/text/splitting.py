"""Texts that are too long: shortened to one post, or spread over a thread."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from greenroom_adapters.contract import TextLimit, TooLong
from greenroom_adapters.text.counting import fits
from greenroom_adapters.text.graphemes import grapheme_edges
from greenroom_adapters.text.links import find_links

__all__ = ["cut", "split"]

WORD_END = re.compile(r"(?<=\S)(?=\s|\Z)")
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
"""Scripts that write words without spaces between them: Thai, Lao, Burmese, Khmer, kana, Han."""
UNSPACED_END = re.compile(rf"(?<=[{UNSPACED}\u3001\u3002\uff01\uff0c\uff1f])(?=[{UNSPACED}])")
SENTENCE_END = re.compile(
    # as Latin scripts write it, before a space; looked for once in a row of signs, which may be long
    r"(?<![.!?\u2026])[.!?\u2026]++[\"'\u2019\u201d\u00bb)\]]*+(?=\s|\Z)"
    r"|[\u3002\uff01\uff1f]+[\u300d\u300f\uff09\u201d]*"  # as Chinese and Japanese write it, before anything
    r"|(?<=\S)(?=[^\S\n]*(?:\n|\Z))"  # the end of a line
)


def cut(text: str, limits: tuple[TextLimit, ...], *, ellipsis: str = "…") -> str:
    """Return `text` within every one of `limits`, unchanged when it is so already.

    Otherwise the longest beginning that fits and ends with a sentence, if that is at least half of what fits;
    else one that ends with a word, with `ellipsis` behind it; else, when the first word alone is too long, one that
    ends with a grapheme, with `ellipsis`. Where not even one grapheme fits, `ellipsis` alone is left. An `ellipsis`
    that is itself over a limit is left out.
    """
    if fits(text, limits):
        return text
    if not fits(ellipsis, limits):
        ellipsis = ""
    seams = _Seams.of(text)
    end = seams.last_end(0, _fits_with(ellipsis, limits))
    sentence = seams.last_sentence_end(0, _fits_with("", limits))
    if sentence is not None and 2 * sentence >= (end or 0):
        return text[:sentence]
    if end is not None:
        return text[:end] + ellipsis
    return ellipsis


def split(text: str, limits: tuple[TextLimit, ...], *, numbering: bool = False) -> tuple[str, ...]:
    """Spread `text` over as many posts as it needs, each within every one of `limits`.

    The parts are substrings of `text`, in order and without overlap. Only whitespace is lost, and only before,
    between and after the parts: `text` is the parts with whitespace (or nothing) around each. No part is empty, and
    none begins or ends with a grapheme of whitespace; a text of nothing but whitespace has no parts. A text that fits
    is one part.

    A part ends with a sentence where that keeps at least half of what fits, else with a word: before whitespace, or
    between two letters of a script that writes without spaces. A word is cut only when it does not fit into a part of
    its own, then outside of a link if possible, and always between graphemes.

    With `numbering`, each of several parts carries ` 1/3` behind it, which is within the limits too.

    :raises TooLong: a single grapheme of `text` does not fit
    """
    seams = _Seams.of(text)
    parts = _parts(seams, _fits_with("", limits))
    if not numbering or len(parts) < 2:
        return parts
    digits = len(str(len(parts)))
    while True:
        widest = f" {'0' * digits}/{'0' * digits}"
        parts = _parts(seams, _fits_with(widest, limits))
        if len(str(len(parts))) <= digits:
            return tuple(f"{part} {number}/{len(parts)}" for number, part in enumerate(parts, start=1))
        digits += 1


Fits = Callable[[str], bool]
"""Tells whether a piece fits, together with what is put behind it."""


def _fits_with(ending: str, limits: tuple[TextLimit, ...]) -> Fits:
    return lambda piece: fits(piece + ending, limits)


def _parts(seams: "_Seams", fits_one: Fits) -> tuple[str, ...]:
    parts: list[str] = []
    start = seams.next_start(0)
    while start < len(seams.text):
        end = seams.last_end(start, fits_one)
        if end is None:
            raise TooLong("a single character of the text is over the limit")
        sentence = seams.last_sentence_end(start, fits_one)
        if sentence is not None and 2 * (sentence - start) >= end - start:
            end = sentence
        parts.append(seams.text[start:end])
        start = seams.next_start(end)
    return tuple(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seams:
    """Every place where a text may be cut, from the worst to the best. All are grapheme edges, in order."""

    text: str
    edges: Sequence[int]
    """Every grapheme edge, 0 and the end of the text included."""
    outside_links: Sequence[int]
    word_ends: Sequence[int]
    sentence_ends: Sequence[int]

    @classmethod
    def of(cls, text: str) -> "_Seams":
        edges = grapheme_edges(text)
        outside_links = edges
        for link in find_links(text):
            first, last = bisect_right(outside_links, link.start), bisect_left(outside_links, link.end)
            outside_links = [*outside_links[:first], *outside_links[last:]]
        cuttable = edges if isinstance(edges, range) and outside_links is edges else frozenset(outside_links)
        word_ends = {found.end() for found in WORD_END.finditer(text)}
        if not text.isascii():
            word_ends.update(found.end() for found in UNSPACED_END.finditer(text))
        return cls(
            text=text,
            edges=edges,
            outside_links=outside_links,
            word_ends=sorted(end for end in word_ends if end in cuttable),
            sentence_ends=sorted({found.end() for found in SENTENCE_END.finditer(text) if found.end() in cuttable}),
        )

    def next_start(self, position: int) -> int:
        """Return the first edge from `position` (an edge) on that no grapheme of whitespace follows."""
        at = bisect_left(self.edges, position)
        while at + 1 < len(self.edges) and self.text[self.edges[at] : self.edges[at + 1]].isspace():
            at += 1
        return self.edges[at]

    def last_end(self, start: int, fits_one: Fits) -> int | None:
        """Return the best end of a part that begins at `start`; None when not one grapheme fits."""
        for ends in (self.word_ends, self.outside_links, self.edges):
            end = self._last(ends, start, fits_one)
            if end is not None:
                return end
        return None

    def last_sentence_end(self, start: int, fits_one: Fits) -> int | None:
        """Return the last end of a sentence behind `start` that fits; None when there is none."""
        return self._last(self.sentence_ends, start, fits_one)

    def _last(self, ends: Sequence[int], start: int, fits_one: Fits) -> int | None:
        """Return the last of `ends` behind `start` up to which the text fits.

        Looks at pieces of at most twice the length of the answer, so a long text costs no more per part than a short
        one.
        """
        first = bisect_right(ends, start)
        if first == len(ends) or not fits_one(self.text[start : ends[first]]):
            return None
        reach, step = first, 1
        while reach + step < len(ends) and fits_one(self.text[start : ends[reach + step]]):
            reach += step
            step *= 2
        beyond = min(reach + step, len(ends))
        while beyond - reach > 1:
            middle = (reach + beyond) // 2
            if fits_one(self.text[start : ends[middle]]):
                reach = middle
            else:
                beyond = middle
        return ends[reach]
