"""A text as the row of its words, in any script, so that looking a word up costs the same for one rule and a thousand.

Rules and texts are cut by the same knife: compatibility forms and letter case are folded, punctuation separates.
Scripts that are written without spaces (Chinese, Japanese, Thai, Lao, Burmese, Khmer) and emoji are cut into single
characters, so that there a word is found wherever its characters stand in a row.
"""

import unicodedata
from collections.abc import Sequence

__all__ = ["contains", "cut"]

ASCII = bytes(code if chr(code).isalnum() or chr(code) == "_" else 0x20 for code in range(128)).lower() + bytes(128)
"""For `bytes.translate`: letters in lower case, digits and underscores as they are, a space for everything else."""

UNSPACED = (
    range(0x0E00, 0x0F00),  # Thai, Lao
    range(0x1000, 0x10A0),  # Burmese
    range(0x1780, 0x1800),  # Khmer
    range(0x3005, 0x3008),  # Han: repetition, zero
    range(0x3040, 0x3100),  # Hiragana, Katakana
    range(0x31F0, 0x3200),  # Katakana, small letters
    range(0x3400, 0x4DC0),  # Han, extension A
    range(0x4E00, 0xA000),  # Han
    range(0x20000, 0x40000),  # Han, further extensions
)
VARIATION_SELECTORS = range(0xFE00, 0xFE10)


class _Knife(dict[int, str]):
    """For `str.translate`: what a code point becomes, found out when it is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        category = unicodedata.category(character)
        if category == "Cf" or code in VARIATION_SELECTORS:
            # Joiners, soft hyphens and emoji styles: invisible, and a way to hide a word.
            piece = ""
        elif category == "So" or (category[0] in "LM" and any(code in block for block in UNSPACED)):
            piece = f" {character} "
        elif category[0] in "LMN" or character == "_":
            piece = character
        else:
            piece = " "
        if len(self) < 10_000:
            # A bound, because strangers choose the characters.
            self[code] = piece
        return piece


_KNIFE = _Knife()


def cut(text: str) -> list[str]:
    """Return the words of `text` in their order, folded; empty for a text without a letter, digit or emoji."""
    if text.isascii():
        return text.encode().translate(ASCII).decode().split()
    # Folding case can leave what is not normalised, and the other way round.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return folded.translate(_KNIFE).split()


def contains(words: Sequence[str], phrase: Sequence[str]) -> bool:
    """Tell whether the words of `phrase` stand in `words` in a row; both as `cut` returns them."""
    length = len(phrase)
    return any(words[at : at + length] == phrase for at in range(len(words) - length + 1))
