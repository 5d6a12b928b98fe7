"""What of a message is said to the bot: apart from its name, and by nobody who speaks to somebody else."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from greenroom.policy.guard import FORGET_ME, START, STOP, WHAT_YOU_KNOW

__all__ = ["Addressed"]

_AT_NAME = re.compile(r"@[^\s,]+")
_AROUND = " \t\n,:.!?"
_SEPARATORS = re.compile(r"[\s,:]*")


class Addressed:
    """Tells what is said to the bot under one handle. Takes case-folded texts, in time that grows with their length
    alone, whatever the bot is called."""

    def __init__(self, meanings: Mapping[str, str], names: Sequence[str], handle: str, display: str) -> None:
        self._meanings = meanings
        called = [name.casefold() for name in (*names, display) if name.strip()]
        handle = handle.casefold()
        self._local = _local_part(handle)
        self._is_whole = self._local != handle
        """The handle names its server, so that one of another server is somebody else's."""
        self._own = {"".join(name.split()) for name in called} | {handle, self._local} - {""}
        spoken = [_alternatives([name]) for name in dict.fromkeys(called)]
        self._before = [re.compile(rf"{name}[\s,:]+") for name in spoken]
        self._behind = [re.compile(rf"[\s,]+{name}") for name in spoken]
        self._at_the_end = [re.compile(rf"[\s,]{name}$") for name in spoken]
        self._mine = re.compile(rf"@(?:{_alternatives([*called, handle])})[.:!?]*(?![^\s,])")
        """The bot's names behind an @, spaces in them included; a name of the platform's own has none."""
        words = _alternatives(meanings)
        self._word = re.compile(rf"({words})(?![^\s.!,])")

    def rest(self, text: str) -> str | None:
        """Return a text without the bot's names around it; None: somebody else is spoken to."""
        stripped = self._without_handles(text)
        if stripped is None:
            return None
        rest = stripped.strip(_AROUND)
        while (found := next(filter(None, (before.match(rest) for before in self._before)), None)) is not None:
            rest = rest[found.end() :]
        while (found := next(filter(None, (name.search(rest) for name in self._at_the_end)), None)) is not None:
            rest = rest[: found.start()].rstrip(_AROUND)
        return rest

    def _without_handles(self, text: str) -> str | None:
        text = self._mine.sub(" ", text)
        return _AT_NAME.sub(" ", text) if all(map(self._is_own, _names_in(text))) else None

    def word(self, text: str) -> str | None:
        """Return what is said to the bot, else None."""
        stripped = self._without_handles(text)
        if stripped is None:
            return None
        text = stripped
        beginning = _SEPARATORS.match(text)
        begins = _along(self._before, text, {0 if beginning is None else beginning.end()})
        end = _end_of(text)
        said = [found for at in begins if (found := self._word.match(text, at)) is not None]
        for meaning in (STOP, START, FORGET_ME, WHAT_YOU_KNOW):
            ends = {found.end() for found in said if self._meanings[found[1]] == meaning}
            if any(at >= end for at in _along(self._behind, text, ends)):
                return meaning
        return None

    def _is_own(self, name: str) -> bool:
        return name in self._own or (not self._is_whole and self._local != "" and _local_part(name) == self._local)


def _alternatives(names: Iterable[str]) -> str:
    """Return a pattern of any of these, as much as can be; spaces in them are any."""
    longest = sorted(filter(str.strip, names), key=len, reverse=True)
    return "|".join(r"\s+".join(map(re.escape, name.split())) for name in longest)


def _along(steps: Sequence[re.Pattern[str]], text: str, starts: set[int]) -> set[int]:
    """Return where one comes to in the text from any of `starts`, by any number of `steps`, none as well.

    Every place is left once, so that names which are rows of other names cost no more than others.
    """
    reached, ahead = set(starts), list(starts)
    while ahead:
        at = ahead.pop()
        for step in steps:
            if (found := step.match(text, at)) is not None and found.end() not in reached:
                reached.add(found.end())
                ahead.append(found.end())
    return reached


def _end_of(text: str) -> int:
    """Return where what ends a message begins: spaces, dots, commas and exclamation marks."""
    end = len(text)
    while end and (text[end - 1] in ".!," or text[end - 1].isspace()):
        end -= 1
    return end


def _names_in(text: str) -> Iterator[str]:
    """Return who is called by an @ in the text, without it."""
    return (name[1:].rstrip(".:!?") for name in _AT_NAME.findall(text))


def _local_part(handle: str) -> str:
    """Return a handle without its server: `ada` of `ada@example.social` and of `ada:example.org`."""
    return re.split("[@:]", handle, maxsplit=1)[0]
