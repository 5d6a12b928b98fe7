"""Names in a text: those that are addresses on their platform, whose people are told of the post, or get to see it; and
those that stand for the id of somebody whom a text mentions."""

import re
from collections.abc import Iterable

from greenroom_adapters.text.links import find_links

__all__ = ["as_one_word", "defused", "undefused"]

GAP = "\u200b"
"""Zero width space: with it behind the `@`, no platform takes a name for a mention, and no reader sees it."""
NAME = re.compile(r"(?<![=/\w])@([a-z0-9_](?:[\w.-]*\w)?(?:@[\w.-]*\w)?)", re.IGNORECASE)
BETWEEN_WORDS = re.compile(r"[\s,]+")
LONGEST_NAME = 32
DEFUSED = re.compile(rf"@{GAP}(?=\w)")


def defused(text: str, *, spare: Iterable[str]) -> str:
    """Return the text with every `@name` in it as mere words, but for the handles in `spare` (without their `@`, in any
    case). Links stay as they are."""
    if "@" not in text:
        return text
    spared = {handle.lower() for handle in spare}
    links = [(link.start, link.end) for link in find_links(text) if link.has_protocol]

    def name(found: re.Match[str]) -> str:
        is_address = any(start <= found.start() < end for start, end in links)
        return found[0] if is_address or found[1].lower() in spared else f"@{GAP}{found[1]}"

    return NAME.sub(name, text)


def undefused(text: str) -> str:
    """Return the text as it was before `defused`."""
    return DEFUSED.sub("@", text)


def as_one_word(name: str) -> str:
    """Return a display name as it may stand in what somebody else wrote: as one word, not long. So who calls himself
    like a sentence, or a command, puts none into the mouth of whoever mentions him."""
    return BETWEEN_WORDS.sub("_", name.strip())[:LONGEST_NAME]
