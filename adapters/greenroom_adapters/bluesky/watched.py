"""The words that an owner watches for, found in what anybody writes: a cheap look first, then a true one."""

import re
import unicodedata
from collections.abc import Iterable

from greenroom_adapters.contract import ConfigurationError

__all__ = ["Watched"]

UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
"""Scripts that are written without spaces (Thai, Lao, Burmese, Khmer, Japanese, Han): there a word is found wherever
its characters stand in a row."""
BEGINS_A_WORD = re.compile(rf"(?![{UNSPACED}])\w")
ESCAPED = re.compile(r'[\s"\\/<>&]+')
"""What JSON may spell in several ways."""


class Watched:
    """Words and phrases, each of which is found where it stands by itself: `ink` is not in `drinking`. Case and
    compatibility forms do not matter, nor what spaces there are in a phrase. One that begins with `#` is a hashtag."""

    def __init__(self, words: Iterable[str]) -> None:
        """
        :raises ConfigurationError: a word has nothing that could be found
        """
        folded = [_folded(word).strip() for word in words]
        self._needles = tuple(dict.fromkeys(_needle(word) for word in folded))
        self._tags = frozenset(word.removeprefix("#") for word in folded if word.startswith("#"))
        self._pattern = re.compile("|".join(_pattern(word) for word in folded))

    def may_be_in(self, frame: str) -> bool:
        """Say whether a JSON text is worth reading: False only where nothing in it can have a word."""
        if not self._needles:
            return False
        if "\\u" in frame:
            return True
        text = frame.lower() if frame.isascii() else _folded(frame)
        return any(needle in text for needle in self._needles)

    def are_in(self, text: str, tags: Iterable[str]) -> bool:
        """Say whether one of the words is in a text, or among the hashtags beside it (without their `#`)."""
        if not self._needles:
            return False
        if self._pattern.search(_folded(text)) is not None:
            return True
        return bool(self._tags) and any(_folded(tag) in self._tags for tag in tags)


def _folded(text: str) -> str:
    # Folding case can leave what is not normalised, and the other way round.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _needle(word: str) -> str:
    """Return the longest piece of a folded word that stands in every JSON text with it as it is."""
    # beside a text, hashtags stand without their sign
    needle = max(ESCAPED.split(word.removeprefix("#")), key=len)
    if not needle:
        raise ConfigurationError(f"bluesky: `watch`: there is nothing to be found in {word!r}")
    return needle


def _pattern(word: str) -> str:
    found = r"\s+".join(re.escape(piece) for piece in word.split())
    before = r"(?<!\w)" if BEGINS_A_WORD.match(word[0]) or word[0] == "#" else ""
    after = r"(?!\w)" if BEGINS_A_WORD.match(word[-1]) else ""
    return f"{before}{found}{after}"
