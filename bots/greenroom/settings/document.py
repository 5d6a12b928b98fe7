"""YAML text to plain values that remember where they stand."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

import yaml

from greenroom.settings.errors import Mistake, Mistakes

__all__ = ["Items", "Located", "parse", "place_of", "plain_value"]

LARGEST_FILE = 1_000_000
LARGEST_DOCUMENT = 50_000
DEEPEST = 50

Mark = tuple[int, int]
"""Line and column, both from 1; the column in characters."""


class Located(dict[str, Any]):
    """A mapping of a file that knows where each of its keys stands."""

    __slots__ = ("places",)
    places: dict[str, Mark]


class Items(list[Any]):
    """A list of a file that knows where each of its items stands."""

    __slots__ = ("places",)
    places: list[Mark]


def place_of(document: object, path: Sequence[int | str], *, start: Mark = (1, 1)) -> Mark:
    """Return where the last step of `path` that the document has stands; `start` when it has none.

    Steps that are no part of the document are passed over: `[0]` of a value that is short for a list of one, or the
    name of a variant.
    """
    mark, value = start, document
    for step in path:
        if isinstance(value, Located):
            if isinstance(step, str) and step in value:
                mark, value = value.places[step], value[step]
        elif isinstance(value, Items) and isinstance(step, int) and 0 <= step < len(value):
            mark, value = value.places[step], value[step]
    return mark


def parse(data: bytes, *, path: Path) -> Located:
    """Return the mapping that a YAML 1.2 file holds. Nothing but texts, numbers, true, false, lists and mappings.

    :raises Mistakes: it is no such file
    """
    if len(data) > LARGEST_FILE:
        raise _mistake(path, None, f"the file is larger than {LARGEST_FILE // 1000} kB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        raise _mistake(path, (line, column), "this is not UTF-8: save the file as UTF-8") from error
    composer = _Composer(text, path)
    try:
        document = composer.compose()
    except yaml.MarkedYAMLError as error:
        raise _broken(error, text, path) from error
    except yaml.reader.ReaderError as error:
        before = text[: error.position]
        mark = (before.count("\n") + 1, error.position - before.rfind("\n"))
        raise _mistake(path, mark, "this character is not allowed in YAML: remove it") from error
    if composer.mistakes:
        raise Mistakes(composer.mistakes)
    if not isinstance(document, Located):
        raise _mistake(path, (1, 1), "the file must have keys and values, like `bot: ada`")
    return document


def _mistake(path: Path, mark: Mark | None, reason: str) -> Mistakes:
    line, column = mark or (None, None)
    return Mistakes([Mistake(path=path, line=line, column=column, reason=reason)])


_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def plain_value(text: str) -> object:
    """Return what a text without quotes means in the core schema of YAML 1.2: `no`, `off` and `20:00` stay texts.

    :raises ValueError: a number has more digits than Python reads
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text, 8 if text.startswith("0o") else 16 if text.startswith("0x") else 10)
    if _FLOAT.fullmatch(text):
        return float(text.replace(".i", "i").replace(".I", "i").replace(".n", "n").replace(".N", "n"))
    return text


class _Composer:
    """Builds the values from the parser's events.

    Not PyYAML's own composer: that one recurses in C, so that a file of brackets would end the process, keeps the last
    of two equal keys, and follows an alias as often as it is written.
    """

    def __init__(self, text: str, path: Path) -> None:
        # libyaml where it is there: it is faster, and it takes a `?` inside of brackets as YAML 1.2 does.
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        self._events: Iterator[Any] = cast(Iterator[Any], yaml.parse(text, Loader=loader))
        self._path = path
        self._anchors: dict[str, tuple[object, int]] = {}
        self.mistakes: list[Mistake] = []

    def compose(self) -> object:
        """Return the only document of the text."""
        self._next()
        event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            raise _mistake(self._path, (1, 1), "the file is empty")
        document, _ = self._value(self._next(), depth=0)
        self._next()
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise _mistake(self._path, _mark(event), "a second document begins here: a file holds one")
        return document

    def _next(self) -> Any:
        return next(self._events)

    def _value(self, event: Any, *, depth: int) -> tuple[object, int]:
        """Return the value that begins with `event`, and its size with every alias written out."""
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._anchors:
                raise _mistake(self._path, _mark(event), f"`*{event.anchor}`: nothing before it is called so")
            return self._anchors[event.anchor]
        if depth > DEEPEST:
            raise _mistake(self._path, _mark(event), f"this is nested deeper than {DEEPEST} levels")
        if event.tag is not None and event.tag not in ("!", "tag:yaml.org,2002:str"):
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise _mistake(self._path, _mark(event), f"`{tag}` is not allowed here: write plain values")
        if isinstance(event, yaml.ScalarEvent):
            found = self._scalar(event), 1
        elif isinstance(event, yaml.SequenceStartEvent):
            found = self._items(depth)
        else:
            found = self._mapping(depth)
        if found[1] > LARGEST_DOCUMENT:
            raise _mistake(self._path, _mark(event), "there is too much in here, with every alias written out")
        if event.anchor is not None:
            self._anchors[event.anchor] = found
        return found

    def _scalar(self, event: Any) -> object:
        plain = event.tag is None and event.implicit[0]
        try:
            return plain_value(event.value) if plain else event.value
        except ValueError:
            raise _mistake(self._path, _mark(event), "this number is too long") from None

    def _items(self, depth: int) -> tuple[Items, int]:
        items, size = Items(), 1
        items.places = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            item, weight = self._value(event, depth=depth + 1)
            items.append(item)
            items.places.append(_mark(event))
            size += weight
        return items, size

    def _mapping(self, depth: int) -> tuple[Located, int]:
        mapping, size = Located(), 1
        mapping.places = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            mark = _mark(event)
            key, weight = self._value(event, depth=depth + 1)
            value, more = self._value(self._next(), depth=depth + 1)
            size += weight + more
            if not isinstance(key, str):
                written = f"`{event.value}`" if isinstance(event, yaml.ScalarEvent) and event.value else "this"
                self._complain(mark, f"{written} cannot be a key: a key is a text (put it in quotes)")
            elif key == "<<":
                self._complain(mark, "`<<` does not merge keys in YAML 1.2: write the keys out")
            elif key in mapping:
                first, _ = mapping.places[key]
                self._complain(mark, f"`{key}` stands here twice (first in line {first}): keep one of them")
            else:
                mapping[key] = value
                mapping.places[key] = mark
        return mapping, size

    def _complain(self, mark: Mark, reason: str) -> None:
        self.mistakes.append(Mistake(path=self._path, line=mark[0], column=mark[1], reason=reason))


def _mark(event: Any) -> Mark:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _broken(error: yaml.MarkedYAMLError, text: str, path: Path) -> Mistakes:
    """Return what a parser's complaint means to somebody who does not know YAML."""
    problem = error.problem or "this is not YAML"
    found = error.problem_mark or error.context_mark
    if found is None:
        return _mistake(path, None, problem)
    lines = text.splitlines()
    line = lines[found.line] if found.line < len(lines) else ""
    before = line[: found.column]
    if problem == "could not find expected ':'" and error.context_mark is not None:
        found = error.context_mark
        reason = "a key needs `: ` and a value after it"
    elif "cannot start any token" in problem:
        character = line[found.column : found.column + 1]
        reason = (
            "a tab cannot indent: use spaces"
            if character == "\t"
            else f"a text cannot begin with `{character}`: put it in quotes"
        )
    elif "?" in line and ("{" in line or "[" in line) and "expected" in problem:
        reason = "a `?` in `{…}` or `[…]` ends the text: put the sentence in quotes"
    elif "mapping values are not allowed" in problem:
        reason = (
            "a second `: ` in one line: put the text in quotes"
            if ": " in before
            else "this does not line up with the keys above it: check the spaces at the start of the line"
        )
    elif "quoted scalar" in problem or "quoted scalar" in (error.context or ""):
        reason = "a text in quotes does not end: add the closing quote"
    elif "tab character" in problem:
        reason = "a tab cannot indent: use spaces"
    elif "undefined tag handle" in problem:
        reason = "a text cannot begin with `!`: put it in quotes"
    elif "block mapping" in (error.context or "") or "<document start>" in problem:
        reason = "this does not line up with the keys above it: check the spaces at the start of the line"
    elif "flow" in (error.context or "") and line[found.column :].startswith(": "):
        reason = "a text with a colon in `{…}` or `[…]`: put it in quotes"
    elif "flow" in (error.context or ""):
        reason = f"`{{…}}` or `[…]` is not closed, or a comma is missing ({problem})"
    else:
        reason = f"this is not YAML: {problem}"
    return _mistake(path, (found.line + 1, found.column + 1), reason)
