"""Patterns that a text is matched against, and the index that finds the few worth trying.

A pattern is a row of words in the spelling of `hearing`: lower case, contractions written out.

    are you (a|an|) (bot|robot|machine)     one of several; an empty one makes it optional; brackets may nest
    sail*                                   any word that begins so
    do you * sea                            any words between, none included
    my name is <name:1-2>                   one or two words are captured; without numbers one to six
    ^hello$                                 from the first word to the last

A pattern fits anywhere in the text unless `^` or `$` ties it to an end. Matching remembers where it failed, so its
cost is bounded by words times elements times the width of the gap, whatever the text.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from greenroom.generation.script.hearing import Word

__all__ = ["Match", "Pattern", "PatternError", "PatternIndex", "parse_pattern"]

WIDEST_GAP = 12
MOST_CAPTURED = 6
MOST_PHRASES = 200
ELEMENT = re.compile(r"\s*(?:(?P<open>\()|(?P<capture><[^<>]*>)|(?P<word>[^\s()<>|]+))")
CAPTURE = re.compile(r"<([a-z][a-z_]*)(?::([1-9])(?:-([1-9]))?)?>")
PLAIN = re.compile(r"[^\W_]+(?:['-][^\W_]+)*\*?")


class PatternError(ValueError):
    """A pattern that cannot be read; the message says what is wrong with it."""


Phrase = tuple[str, ...]


class Choice:
    """One of several phrases; the empty phrase among them makes it optional."""

    __slots__ = ("_by_first", "_by_stem", "_optional", "_stems", "phrases")

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self.phrases = tuple(dict.fromkeys(phrases))
        self._optional = () in self.phrases
        # By first word, as most texts meet none of them.
        self._by_first: dict[str, list[Phrase]] = {}
        self._by_stem: list[tuple[str, Phrase]] = []
        for phrase in filter(None, self.phrases):
            if phrase[0].endswith("*"):
                self._by_stem.append((phrase[0][:-1], phrase))
            else:
                self._by_first.setdefault(phrase[0], []).append(phrase)
        self._stems = tuple(stem for stem, _ in self._by_stem)

    def begins(self, heard: str) -> bool:
        """Say whether one of the phrases may begin with this word, or be empty."""
        return self._optional or heard in self._by_first or heard.startswith(self._stems)

    def ends(self, words: Sequence[Word], at: int) -> list[int]:
        """Return where phrases end that begin at this word, the longest first."""
        found: set[int] = set()
        if at < len(words):
            heard = words[at].heard
            for phrase in self._by_first.get(heard, ()):
                if len(phrase) == 1 or _is_phrase(words, at, phrase):
                    found.add(at + len(phrase))
            for stem, phrase in self._by_stem:
                if heard.startswith(stem) and (len(phrase) == 1 or _is_phrase(words, at, phrase)):
                    found.add(at + len(phrase))
        if self._optional:
            found.add(at)
        return sorted(found, reverse=True) if len(found) > 1 else list(found)


@dataclass(frozen=True, slots=True)
class Gap:
    """Any words, none included."""


@dataclass(frozen=True, slots=True)
class Capture:
    """Words that are kept under a name."""

    name: str
    least: int
    most: int


Element = Choice | Gap | Capture


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """How a pattern fitted a text."""

    start: int
    """Index of the first word."""
    weight: int
    """How many words the pattern itself named: more is more particular."""
    captures: Mapping[str, tuple[Word, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A pattern that was read."""

    source: str
    elements: tuple[Element, ...]
    from_start: bool
    to_end: bool

    @property
    def names(self) -> frozenset[str]:
        """What it captures."""
        return frozenset(element.name for element in self.elements if isinstance(element, Capture))

    def match(self, words: Sequence[Word]) -> Match | None:
        """Return the leftmost fit, or None."""
        failed: set[tuple[int, int]] = set()
        first = self.elements[0]
        for start in range(1 if self.from_start else len(words) + 1):
            if isinstance(first, Choice) and start < len(words) and not first.begins(words[start].heard):
                continue
            spans: list[tuple[int, int]] = []
            if self._fits(words, 0, start, failed, spans):
                spans.reverse()
                return self._result(words, spans)
        return None

    def _fits(
        self,
        words: Sequence[Word],
        index: int,
        at: int,
        failed: set[tuple[int, int]],
        spans: list[tuple[int, int]],
    ) -> bool:
        if index == len(self.elements):
            return not self.to_end or at == len(words)
        if (index, at) in failed:
            return False
        for end in self._ends(words, index, at):
            if self._fits(words, index + 1, end, failed, spans):
                spans.append((at, end))
                return True
        failed.add((index, at))
        return False

    def _ends(self, words: Sequence[Word], index: int, at: int) -> Iterable[int]:
        element = self.elements[index]
        if isinstance(element, Choice):
            return element.ends(words, at)
        if isinstance(element, Gap):
            return range(at, min(len(words), at + WIDEST_GAP) + 1)
        reach = at
        while reach < len(words) and reach - at < element.most:
            reach += 1
            if words[reach - 1].closes:
                break
        ends = range(at + element.least, reach + 1)
        # The last capture takes what it can get, the others leave room for what follows.
        return reversed(ends) if index == len(self.elements) - 1 else ends

    def _result(self, words: Sequence[Word], spans: Sequence[tuple[int, int]]) -> Match:
        captures: dict[str, tuple[Word, ...]] = {}
        weight = 0
        for element, (begin, end) in zip(self.elements, spans, strict=True):
            if isinstance(element, Capture):
                captures[element.name] = tuple(words[begin:end])
            elif isinstance(element, Choice):
                weight += end - begin
        return Match(start=spans[0][0] if spans else 0, weight=weight, captures=captures)


def parse_pattern(source: str) -> Pattern:
    """Read a pattern.

    :raises PatternError: it is empty, or holds something that no text could ever match
    """
    text = source.strip()
    from_start = text.startswith("^")
    to_end = text.endswith("$")
    body = text[from_start : len(text) - to_end].strip()
    elements: list[Element] = []
    position = 0
    while position < len(body):
        found = ELEMENT.match(body, position)
        if found is None:
            raise PatternError(f"cannot read {body[position:].strip()!r}")
        position = found.end()
        if found["open"]:
            phrases, position = _phrases(body, position)
            elements.append(Choice(phrases))
        else:
            elements.append(_element(found))
    if not any(isinstance(element, Choice | Capture) for element in elements):
        raise PatternError("a pattern needs at least one word")
    names = [element.name for element in elements if isinstance(element, Capture)]
    if len(set(names)) < len(names):
        raise PatternError("a pattern captures each name once")
    return Pattern(source=source, elements=tuple(elements), from_start=from_start, to_end=to_end)


def _phrases(body: str, position: int) -> tuple[list[Phrase], int]:
    """Read what stands in a bracket, from behind its opening; return its phrases and the place behind its end."""
    done: list[Phrase] = []
    current: list[Phrase] = [()]
    while True:
        rest = body[position:].lstrip()
        position = len(body) - len(rest)
        if not rest:
            raise PatternError("a bracket is not closed")
        if rest[0] in "|)":
            done.extend(current)
            position += 1
            if rest[0] == ")":
                return done, position
            current = [()]
            continue
        if rest[0] == "(":
            inner, position = _phrases(body, position + 1)
        else:
            found = ELEMENT.match(body, position)
            if found is None or not found["word"] or found["word"] == "*":
                raise PatternError("in brackets stand words alone")
            inner, position = [(_plain(found["word"]),)], found.end()
        current = [(*phrase, *more) for phrase in current for more in inner]
        if len(current) + len(done) > MOST_PHRASES:
            raise PatternError(f"these brackets mean more than {MOST_PHRASES} phrases")


def _element(found: re.Match[str]) -> Element:
    capture, word = found["capture"], found["word"]
    if capture is not None:
        parts = CAPTURE.fullmatch(capture)
        if parts is None:
            raise PatternError(f"a capture is written <name>, <name:2> or <name:1-2>, not {capture}")
        name, least, most = parts.groups()
        if least is None:
            return Capture(name, 1, MOST_CAPTURED)
        return Capture(name, int(least), int(most or least))
    if word == "*":
        return Gap()
    return Choice([(_plain(word),)])


def _plain(word: str) -> str:
    if not PLAIN.fullmatch(word):
        raise PatternError(f"{word!r} is no plain word: punctuation is never heard")
    if word != word.casefold():
        raise PatternError(f"{word!r} is never heard: write it in lower case")
    return word


def _is_phrase(words: Sequence[Word], at: int, phrase: Phrase) -> bool:
    if at + len(phrase) > len(words):
        return False
    return all(_is_word(words[at + offset].heard, wanted) for offset, wanted in enumerate(phrase))


def _is_word(heard: str, wanted: str) -> bool:
    return heard.startswith(wanted[:-1]) if wanted.endswith("*") else heard == wanted


class PatternIndex:
    """Patterns by the words without which they cannot fit, so that a text tries a few of hundreds."""

    def __init__(self, patterns: Sequence[Pattern]) -> None:
        self._patterns = tuple(patterns)
        self._always: list[int] = []
        self._words: dict[str, list[int]] = {}
        self._stems: dict[str, list[int]] = {}
        for number, pattern in enumerate(self._patterns):
            self._file(number, pattern)
        self._lengths = sorted({len(stem) for stem in self._stems})

    def _file(self, number: int, pattern: Pattern) -> None:
        needed = [e for e in pattern.elements if isinstance(e, Choice) and all(e.phrases)]
        if not needed:
            self._always.append(number)
            return
        # The element with the longest words is met least often by chance.
        best = max(needed, key=lambda choice: min(len(max(phrase, key=len)) for phrase in choice.phrases))
        for word in {max(phrase, key=len) for phrase in best.phrases}:
            if word.endswith("*"):
                self._stems.setdefault(word[:-1], []).append(number)
            else:
                self._words.setdefault(word, []).append(number)

    def matches(self, words: Sequence[Word]) -> Iterable[tuple[int, Match]]:
        """Yield the number of each pattern that fits, with its fit, in the order in which they were given."""
        numbers = set(self._always)
        for heard in {word.heard for word in words}:
            numbers.update(self._words.get(heard, ()))
            for length in self._lengths:
                if length > len(heard):
                    break
                numbers.update(self._stems.get(heard[:length], ()))
        for number in sorted(numbers):
            match = self._patterns[number].match(words)
            if match is not None:
                yield number, match
