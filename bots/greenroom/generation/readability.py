"""How old a reader has to be for a text."""

import re

__all__ = ["reading_age"]

LONG = 7
"""Letters from which on a word is long."""
GRADES = (0.2, 0.5, 0.8, 1.3, 1.8, 2.4, 3.0, 3.7, 4.5, 5.3, 6.2, 7.2)
"""Long words for each sentence from which on the next school year is needed: J. Anderson, "Lix and Rix", 1983. Made for
European languages in general, so that one bound holds in all of a persona's."""
FIRST_YEAR = 6
"""Age in the first of them."""

_NO_WORDS = re.compile(r"https?://\S+|(?<!\w)[@#]\S+")
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_ENDS_SENTENCE = re.compile(r"(?<![.!?…:;])[.!?…:;]++(?=\s|$)|\n+")
"""Looked for once in a row of signs: a model can be made to write thousands of them."""


def reading_age(text: str) -> int:
    """Return the age in years, from 6 to 18, at which a reader understands `text`: by how many long words stand in a
    sentence of it. Links, names and hashtags are not counted."""
    speech = _NO_WORDS.sub(" ", text)
    long = sum(len(word) >= LONG for word in _WORD.findall(speech))
    sentences = sum(1 for part in _ENDS_SENTENCE.split(speech) if _WORD.search(part)) or 1
    return FIRST_YEAR + sum(long / sentences >= grade for grade in GRADES)
