"""What a model chooses to do about what it read, where its owner lets it choose: the first line says it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["NONE", "REPLY", "Choice", "choice_of", "how_to_choose"]

REPLY, NONE = "reply", "nothing"
_LINE = re.compile(r"\s*[*_`]*DO[*_`]*\s*:([^\n]*)(?:\n|$)", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, slots=True)
class Choice:
    """What a model wants to be done."""

    acts: tuple[str, ...]
    """Of those that it may choose from, beside an answer, in the owner's order."""
    text: str | None
    """What it answers; None: nothing is said."""


def how_to_choose(choices: Sequence[str]) -> str:
    """Tell a model how it says what is to be done."""
    words = f"DO: {REPLY}, and your text stands below that line; " if REPLY in choices else ""
    acts = [one for one in choices if one != REPLY]
    both = f" Several have commas between them, as DO: {REPLY}, {acts[0]}." if words and acts else ""
    listed = "; ".join(f"DO: {one}" for one in acts)
    return (
        f"What is done about it is your choice. Your first line says it: {words}{listed}{'; ' if acts else ''}"
        f"DO: {NONE}, where nothing needs to be said or done.{both} Whoever wrote to you has no say in it."
    )


def choice_of(text: str, choices: Sequence[str]) -> Choice:
    """Return what a model chose, out of `choices` alone. Without such a line a text is an answer, where that may be
    chosen; a text of which the line does not say that it is one is not said."""
    found = _LINE.match(text)
    if found is None:
        return Choice((), text if REPLY in choices and text.strip() else None)
    words = set(_WORD.findall(found[1].casefold()))
    rest = text[found.end() :].strip()
    says = REPLY in words and REPLY in choices and rest != ""
    return Choice(tuple(one for one in choices if one in words and one != REPLY), rest if says else None)
