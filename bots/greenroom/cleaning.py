"""Characters that nobody sees, taken out of a text before a model reads it or a person does."""

import unicodedata

__all__ = ["without_unseen"]

JOINERS = frozenset("\u200c\u200d")
"""They shape Persian and Indic words and hold emoji together; harmless to a reader."""

UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co"})
"""Control and format characters, half surrogates, private use: terminals, bidi tricks, hidden instructions."""


def without_unseen(text: str, *, joiners: bool) -> str:
    """Return `text` without control, format, surrogate and private-use characters.

    Every kind of line break becomes a newline, a tab a space; `joiners` keeps what joins letters and emoji. Costs
    next to nothing for a plain text in one line.
    """
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    return "".join(_shown(character, joiners) for character in text)


def _shown(character: str, joiners: bool) -> str:
    if character.isprintable() or character == "\n":
        return character
    if character in "\r\v\f\x85\u2028\u2029":
        return "\n"
    if character == "\t":
        return " "
    if unicodedata.category(character) not in UNSEEN or (joiners and character in JOINERS):
        return character
    return ""
