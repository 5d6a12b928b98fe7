"""What somebody wrote, as words to match: bounded in length, plainly spelt, free of links, mentions and hashtags."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from greenroom.personas.decency import is_indecent

__all__ = ["LONGEST", "TRAITS", "Heard", "Word", "hear"]

LONGEST = 500
"""So many characters of a text are looked at; what comes after them cannot make a reply slow."""

TRAITS: tuple[str, ...] = ("empty", "foreign", "gibberish", "indecent", "long", "question", "shouting", "wordless")
"""What can be noticed about a text besides its words (`repeated` is added by the conversation)."""

# No quantifier here stands inside another one, so each is linear in the text.
NOT_SPEECH = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|\S+\.(?:com|net|org|info|biz|io|dev|app|ai|co|me|gg|ly|ru|cn|de|pt|uk|xyz|site|shop|store|online|top)(?![^\W_])\S*"
    r"|\S*@\S*"
    r"|#\S+",
    re.IGNORECASE,
)
WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
ENDS_CLAUSE = re.compile(r"\s*[,;:.!?\n()…\"]")
QUOTES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "‐": "-", "‑": "-"})  # noqa: RUF001  they are meant
ONE_FORM = {
    "aren't": "are not",
    "arent": "are not",
    "can't": "can not",
    "cannot": "can not",
    "cant": "can not",
    "didnt": "did not",
    "doesnt": "does not",
    "dont": "do not",
    "gimme": "give me",
    "gonna": "going to",
    "hes": "he is",
    "howre": "how are",
    "hows": "how is",
    "im": "i am",
    "isnt": "is not",
    "ive": "i have",
    "lemme": "let me",
    "pls": "please",
    "plz": "please",
    "shes": "she is",
    "thats": "that is",
    "theyre": "they are",
    "thx": "thanks",
    "u": "you",
    "ur": "your",
    "wanna": "want to",
    "wasnt": "was not",
    "whatcha": "what are you",
    "whats": "what is",
    "wheres": "where is",
    "whos": "who is",
    "wont": "will not",
    "won't": "will not",
    "ya": "you",
    "youre": "you are",
    "youve": "you have",
}
ENDINGS = (("n't", " not"), ("'m", " am"), ("'re", " are"), ("'ll", " will"), ("'ve", " have"), ("'d", " would"))
IS_AFTER = frozenset(["how", "he", "here", "it", "name", "she", "that", "there", "what", "when", "where", "who", "why"])
ASKS = frozenset(
    [
        "am",
        "are",
        "can",
        "could",
        "did",
        "do",
        "does",
        "has",
        "have",
        "how",
        "is",
        "may",
        "shall",
        "should",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "would",
        "como",
        "onde",
        "porque",
        "quando",
        "quem",
        "qual",
    ]
)
MASHED = ("asdf", "sdfg", "dfgh", "fghj", "ghjk", "hjkl", "qwert", "wert", "zxcv", "xcvb", "lkjh", "jkjk", "fdsa")
NO_VOWEL = re.compile(r"[bcdfghjklmnpqrstvwxz]{5}")
SAME_AGAIN = re.compile(r"([^\W\d_])\1{4}")
VOICED = re.compile(r"[aeiouyáàâãéêíóôõúäöüåæø]")


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text."""

    heard: str
    """Casefolded, contractions written out: what patterns meet."""
    shown: str
    """As it was written, for repeating it."""
    closes: bool = False
    """A comma, full stop or the like follows: a capture never runs past it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One text of somebody else."""

    words: tuple[Word, ...]
    traits: frozenset[str]
    key: str
    """The same for two texts that say the same words."""


def hear(text: str, *, called: Collection[tuple[str, ...]] = ()) -> Heard:
    """Read a text. Takes any text whatever; costs no more for a long one than for `LONGEST` characters.

    `called`: names by which it may begin to whom it is said, each as its words are heard. Like a mention that is no
    part of what is said: "Ada, hello" is a greeting.
    """
    cut = text[:LONGEST]
    if not cut.isascii():
        cut = unicodedata.normalize("NFKC", cut)[:LONGEST].translate(QUOTES)
        cut = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c for c in cut if not _invisible(c))
    speech = NOT_SPEECH.sub(" ", cut)
    words = _without_call(tuple(_words(speech)), called)
    return Heard(
        words=words,
        traits=frozenset(_traits(text, speech, words)),
        key=" ".join(word.heard for word in words),
    )


def _invisible(character: str) -> bool:
    return unicodedata.category(character) in {"Cf", "Cs", "Co", "Cn"}


def _words(speech: str) -> Iterable[Word]:
    for found in WORD.finditer(speech):
        written = found.group()
        closes = ENDS_CLAUSE.match(speech, found.end()) is not None
        folded = written.casefold()
        plain = _written_out(folded)
        if " " not in plain:
            yield Word(plain, written if plain == folded else plain, closes)
            continue
        first, *rest = plain.split(" ")
        yield Word(first, first)
        for index, word in enumerate(rest):
            yield Word(word, word, closes and index == len(rest) - 1)


def _without_call(words: tuple[Word, ...], called: Collection[tuple[str, ...]]) -> tuple[Word, ...]:
    for name in called:
        end = len(name)
        if 0 < end < len(words) and words[end - 1].closes and tuple(word.heard for word in words[:end]) == name:
            return words[end:]
    return words


def _written_out(word: str) -> str:
    plain = ONE_FORM.get(word)
    if plain is not None:
        return plain
    if "'" in word:
        for ending, full in ENDINGS:
            if word.endswith(ending):
                return word[: -len(ending)] + full
        stem, _, last = word.rpartition("'")
        if last == "s" and stem in IS_AFTER:
            return f"{stem} is"
        if stem == "let" and last == "s":
            return "let us"
    return word


def _traits(text: str, speech: str, words: tuple[Word, ...]) -> Iterable[str]:
    if not text.strip():
        yield "empty"
        return
    if not words:
        yield "wordless" if any(unicodedata.category(c)[0] in "SPZ" and not c.isspace() for c in speech) else "empty"
        return
    if len(text) > LONGEST - 100:
        yield "long"
    if "?" in speech or "؟" in speech or "？" in speech or words[0].heard in ASKS:  # noqa: RUF001  question marks of others
        yield "question"
    if any(is_indecent(word.heard) for word in words):
        yield "indecent"
    if len(words) > 1 and len(speech) > 6 and speech.isupper():
        yield "shouting"
    if not speech.isascii():
        letters = [c for c in speech if c.isalpha()]
        if 2 * sum(1 for c in letters if ord(c) > 0x24F) > len(letters):
            yield "foreign"
            return
    mashed = sum(1 for word in words if _is_mashed(word.heard))
    if mashed and 2 * mashed >= len(words):
        yield "gibberish"


def _is_mashed(word: str) -> bool:
    if len(word) < 4 or not word.isalpha():
        return False
    if any(run in word for run in MASHED) or SAME_AGAIN.search(word) or NO_VOWEL.search(word):
        return True
    return word.isascii() and not VOICED.search(word) and len(word) > 4
