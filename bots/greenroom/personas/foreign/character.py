"""What a persona file can be begun with: the words of a character, and what found no place among them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from greenroom.settings import Range
from greenroom_adapters.text import plain

__all__ = ["Character", "Left", "Taking", "Talk"]

LONGEST = 6_000
"""Characters of who it is: as much stands in the prompt of every answer, and is paid each time."""
LONGEST_EXAMPLE = 600
"""Characters of an example."""
LONGEST_WORDS = 80
"""Characters of a topic or a nickname."""
MOST = 12
"""Examples of a kind, topics, nicknames."""
_OF_ITSELF = re.compile(r"\{\{\s*(?:char|agentName|agent|bot)\s*\}\}|<BOT>|<char>", re.IGNORECASE)
_OF_OTHERS = re.compile(r"\{\{\s*(?:user|name|random_user_)\d*\s*\}\}|<USER>", re.IGNORECASE)
_ORIGINAL = re.compile(r"\{\{\s*original\s*\}\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Left:
    """One field that found no place, or not all of it."""

    field: str
    """As the other system calls it."""
    why: str
    """And what there is to do, where there is something."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What somebody said, and what the character says to it."""

    to: str
    say: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """The words of a character. Whatever another system says that it may do is not among them."""

    name: str
    who: str
    voice: str = ""
    voice_on: Mapping[str, str] = field(default_factory=dict[str, str])
    """Surface → how it sounds there."""
    nicknames: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    talks: tuple[Talk, ...] = ()
    languages: tuple[str, ...] = ()
    bounds: Mapping[str, Range] = field(default_factory=dict[str, Range])
    """`length`, `emoji`, `hashtags`, `links`: as they were measured."""
    unable: str = ""
    """What it says where it cannot answer."""
    left: tuple[Left, ...] = ()


class Taking:
    """Takes the fields of one mapping of another system, each once; what nobody takes is left, and told.

    All of it is text that somebody else wrote: control characters are taken out, every text is bounded.
    """

    def __init__(self, fields: Mapping[str, Any], *, name: str) -> None:
        """Take the fields of a character that is called `name`."""
        self._fields = dict(fields)
        self._name = name
        self.left: list[Left] = []
        """What found no place so far."""

    def text(self, key: str, *, most: int = LONGEST) -> str:
        """Return one text, or several as one; empty where there is none."""
        return self._bounded(key, "\n".join(self._texts(self._fields.pop(key, None))), most)

    def texts(self, key: str, *, most: int = LONGEST_EXAMPLE, many: int = MOST) -> tuple[str, ...]:
        """Return the texts of a list, without what is too long or too many."""
        found = list(dict.fromkeys(self._texts(self._fields.pop(key, None))))
        return self.fitting(key, found, most=most, many=many)

    def fitting(self, key: str, found: Sequence[str], *, most: int, many: int = MOST) -> tuple[str, ...]:
        """Return those texts of a field that are short enough, at most so many; what is left out is told."""
        short = [text for text in found if len(text) <= most]
        if len(short) < len(found):
            self.left.append(Left(key, f"{len(found) - len(short)} of {len(found)} are longer than {most} characters"))
        if len(short) > many:
            self.left.append(Left(key, f"the first {many} of {len(short)} were taken"))
        return tuple(short[:many])

    def value(self, key: str) -> Any:
        """Return a field as it is; None where there is none."""
        return self._fields.pop(key, None)

    def cleaned(self, text: str) -> str:
        """Return a text without what no persona file may hold, with the names of its placeholders filled in."""
        text = _ORIGINAL.sub("", plain(text.replace("\r\n", "\n").replace("\t", " ")))
        text = _OF_OTHERS.sub("the other person", _OF_ITSELF.sub(lambda _: self._name, text))
        return "\n".join(line.rstrip() for line in text.strip().split("\n"))

    def leave(self, reasons: Mapping[str, str], otherwise: str) -> tuple[Left, ...]:
        """Return all that found no place: what was noted, and every field that nobody took and that is not empty."""
        for key, value in self._fields.items():
            if value not in (None, "", [], {}, False):
                self.left.append(Left(plain(key, one_line=True)[:60], reasons.get(key, otherwise)))
        return tuple(dict.fromkeys(self.left))

    def _texts(self, value: object) -> Iterator[str]:
        items: Iterable[object] = cast("list[object]", value) if isinstance(value, list) else (value,)
        for item in items:
            if isinstance(item, str) and (text := self.cleaned(item)):
                yield text

    def _bounded(self, key: str, text: str, most: int) -> str:
        if len(text) <= most:
            return text
        self.left.append(Left(key, f"cut from {len(text)} to {most} characters: all of it is paid with every answer"))
        return text[:most].rsplit(maxsplit=1)[0]
