"""Names in a text: those that are addresses on their platform, whose people are told of the post, or get to see it; and
those that stand for the id of somebody whom a text mentions."""

import re
from collections.abc import Iterable

from greenroom_adapters.text.links import find_links

__all__ = ["NAME", "SIGNS", "USUAL", "as_one_word", "defused", "nameless", "undefused"]

SIGNS = "@\uff20"
"""What a name begins with; X takes the wide one as well."""
GAP = "\u200b"
"""Zero width space: with it behind the `@`, no platform takes a name for a mention, and no reader sees it."""
NAME = r"([a-zA-Z0-9_](?:[a-zA-Z0-9_.-]*[a-zA-Z0-9_])?(?:@[\w.-]*\w)?)"
"""A handle, with its server where it has one, as the one group of a pattern."""
USUAL = re.compile(rf"(?<![=/\w])(@){NAME}")
"""Names as most platforms see them: not in a word, which is an address of mail then, and not in a path."""
IN_A_PATH = "=/"
BETWEEN_WORDS = re.compile(r"[\s,]+")
LONGEST_NAME = 32
DEFUSED = re.compile(rf"([{SIGNS}]){GAP}(?=\w)")


def defused(text: str, *, spare: Iterable[str], names: re.Pattern[str] = USUAL) -> str:
    """Return the text with every `@name` in it as mere words, but for the handles in `spare` (without their `@`, in any
    case). Links stay as they are. `names` is how the platform sees them: a pattern whose groups are the `@` and the
    handle; what it matches without them is an address there."""
    if not any(sign in text for sign in SIGNS):
        return text
    spared = {handle.lower() for handle in spare}
    links = find_links(text)

    def is_address(at: int) -> bool:
        return any(link.start < at < link.end and (link.has_protocol or text[at - 1] in IN_A_PATH) for link in links)

    def name(found: re.Match[str]) -> str:
        stays = found[1] is None or found[2].lower() in spared or is_address(found.start())
        return found[0] if stays else f"{found[1]}{GAP}{found[2]}"

    return names.sub(name, text)


def undefused(text: str) -> str:
    """Return the text as it was before `defused`."""
    return DEFUSED.sub(r"\1", text)


def nameless(text: str) -> str:
    """Return a text that was `defused` with the names in it as words without an `@`, which are shorter."""
    return DEFUSED.sub("", text)


def as_one_word(name: str) -> str:
    """Return a display name as it may stand in what somebody else wrote: as one word, not long. So who calls himself
    like a sentence, or a command, puts none into the mouth of whoever mentions him."""
    return BETWEEN_WORDS.sub("_", name.strip())[:LONGEST_NAME]
