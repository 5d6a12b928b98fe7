"""Whether a text of the script voice keeps the persona's bounds."""

import re
from functools import lru_cache

from greenroom.generation.readability import reading_age
from greenroom.personas.sound import Bounds
from greenroom_adapters.text import find_links

__all__ = ["keeps"]

HASHTAG = re.compile(r"(?<!\w)#\w")
MAYBE_LINK = re.compile(r"\w\.\w|://")
BEYOND_WORDS = re.compile(r"[^\u0000-\u203b\u2040-\u2048]")


def keeps(text: str, bounds: Bounds) -> bool:
    """Say whether every bound of the persona holds."""
    if len(text) not in bounds.length:
        return False
    if (len(HASHTAG.findall(text)) if "#" in text else 0) not in bounds.hashtags:
        return False
    if (_emoji(text) if BEYOND_WORDS.search(text) else 0) not in bounds.emoji:
        return False
    if bounds.reading_age is not None and reading_age(text) > bounds.reading_age:
        return False
    if bounds.banned and _banned(bounds.banned).search(text) is not None:
        return False
    return (len(find_links(text)) if MAYBE_LINK.search(text) else 0) in bounds.links


def _emoji(text: str) -> int:
    import emoji  # its table costs more to load than this package; most scripts have none

    return emoji.emoji_count(text)


@lru_cache(maxsize=64)
def _banned(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in words), re.IGNORECASE)
