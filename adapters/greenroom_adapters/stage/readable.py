"""Texts as the Stage takes them: what a reader can see and a file can store."""

import re

from greenroom_adapters.stage.objects import Refusal, Refused

__all__ = ["check_readable", "one_line", "readable"]

UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def check_readable(what: str, text: str) -> None:
    """Refuse what no reader could see or no file could store: control characters and halves of characters."""
    if UNPRINTABLE.search(text) is not None:
        raise Refused(Refusal.INVALID, f"{what} has control characters; only newline and tab are accepted")


def readable(what: str, text: str, longest: int) -> str:
    """Return a text of several lines, or refuse it."""
    check_readable(what, text)
    if len(text) > longest:
        raise Refused(Refusal.INVALID, f"{what} has at most {longest} characters")
    return text


def one_line(what: str, text: str, longest: int) -> str:
    """Return a text of one line without space around it, or refuse it."""
    text = readable(what, text.strip(), longest)
    if "\n" in text or "\t" in text:
        raise Refused(Refusal.INVALID, f"{what} is one line")
    return text
