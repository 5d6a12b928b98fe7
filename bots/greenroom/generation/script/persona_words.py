"""What the script voice takes from the persona file itself: its examples, its topics, what it never talks about."""

import functools
import random
import re
from collections.abc import Iterator, Sequence
from itertools import takewhile

from greenroom.generation.script.hearing import Heard, Word, hear
from greenroom.memory import terms_of
from greenroom.personas.persona import Persona
from greenroom_adapters.contract import Surface

__all__ = ["PersonaWords"]

SENTENCE = re.compile(r"(?<=[.!?…])\s+")
STOP = frozenset(
    [
        "a",
        "about",
        "advice",
        "all",
        "and",
        "any",
        "anything",
        "are",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "is",
        "matters",
        "my",
        "of",
        "on",
        "or",
        "people's",
        "peoples",
        "questions",
        "subjects",
        "talk",
        "the",
        "their",
        "things",
        "to",
        "topics",
        "with",
        "your",
    ]
)
ABOUT_FROM = 0.6
"""An example is about what somebody asks when so much of it stands in the example."""
SHORTEST_TERM = 3
NARROWING = frozenset(["about", "at", "by", "for", "from", "in", "into", "of", "on", "to", "with"])
"""What comes behind one of these says which of them: "gambling for money"."""
OTHER = frozenset(["another", "different", "else", "other", "others"])
"""What stands for each other in "other mills": without one of them it is about nobody else."""
EVERYBODY = frozenset(["people", "people's", "peoples"])
UNBENT = frozenset(["evening", "evenings", "news"])
"""Words whose ending is none."""
LONG = 6
"""From so many letters on, a word of a topic is met by any that begins with it."""
FAMILIES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (
        ("politic", "election", "party"),
        ("vote", "votes", "voting", "voted", "election", "elections", "politic*", "president", "parliament", "senator",
         "congress", "republican*", "democrat*", "conservatives", "labour", "tories", "left-wing", "right-wing",
         "prime minister", "chancellor", "communis*", "fascis*", "votar", "eleições", "partido"),
    ),
    (
        ("medic", "health", "doctor"),
        ("medicine", "medication", "antibiotic*", "ibuprofen", "paracetamol", "aspirin", "dose", "dosage", "diagnos*",
         "symptom*", "prescri*", "antidepressant*", "vaccin*", "chest pain", "rash", "blood pressure", "medical"),
    ),
    (
        ("legal", "law"),
        ("lawyer", "lawsuit", "sue", "suing", "legally", "legal", "attorney", "custody", "court case"),
    ),
    (
        ("financ", "invest", "money", "crypto"),
        ("invest*", "bitcoin", "crypto*", "stocks", "shares", "mortgage", "ethereum", "dividend*"),
    ),
    (
        ("religio", "faith"),
        ("religio*", "jesus", "allah", "bible", "quran", "koran", "church", "mosque", "atheis*", "god"),
    ),
    (
        ("sex", "erotic", "adult"),
        ("sex", "sexy", "sexual*", "nude", "nudes", "naked", "erotic*", "horny"),
    ),
)  # fmt: skip
"""What an owner calls a field (by the beginning of a word) → words by which people come to speak of it."""


class PersonaWords:
    """What one persona lends to its script."""

    def __init__(self, persona: Persona) -> None:
        who = " ".join(persona.who.split()).rstrip(".")
        self.variables: dict[str, str] = {
            "persona": persona.persona,
            "who": who[:200],
            "who_capital": who[:1].upper() + who[1:200],
        }
        posts = [" ".join(example.split()) for example in persona.examples.post]
        # An example is used whole where it is short, else by its sentences.
        self._symbols: dict[str, tuple[str, ...]] = {
            "example": tuple(part for post in posts for part in ([post] if len(post) <= 120 else SENTENCE.split(post))),
            "topic": tuple(topic for topic in persona.topics if len(topic) <= 120),
        }
        self._about = tuple((frozenset(map(_stem, terms_of(post))), post) for post in posts)
        self._exchanges = {
            surface: tuple((_content(exchange.to), exchange.say) for exchange in persona.exchanges(surface))
            for surface in Surface
        }
        self._forbid(persona.never)

    def symbol(self, name: str, dice: random.Random, said: str, used: Sequence[str], *, again: bool) -> str | None:
        """Return one of the persona's own words for a built-in symbol: none of `used`, rather one that is not in
        `said`, and only with `again` one that is."""
        choices = [choice for choice in self._symbols[name] if choice not in used]
        fresh = [choice for choice in choices if name != "example" or choice not in said]
        if fresh or (again and choices):
            return dice.choice(fresh or choices)
        return None

    def answer(self, surface: Surface, heard: Heard) -> str | None:
        """Return what the examples of this surface say to a text that asks much the same; None when none does."""
        words = frozenset(word.heard for word in heard.words)
        best, say = 0.5, None
        for asked, answer in self._exchanges[surface]:
            alike = len(asked & words) / len(asked) if asked else 0.0
            if alike > best:
                best, say = alike, answer
        return say

    def examples_about(self, asked: str) -> list[str]:
        """Return the examples of posts in which most of what is asked stands, the nearest first."""
        terms = frozenset(_stem(term) for term in terms_of(asked) if term not in STOP and len(term) >= SHORTEST_TERM)
        near = [(len(terms & words) / len(terms), post) for words, post in self._about if terms]
        found = sorted(((alike, post) for alike, post in near if alike >= ABOUT_FROM), key=lambda one: -one[0])
        return [post for _, post in found]

    def is_forbidden(self, words: Sequence[Word]) -> bool:
        """Say whether these words touch what the persona never talks about: all words of a topic but the small ones
        stand there, in any order and with any ending, or one by which people come to speak of its field."""
        heard = {word.heard for word in words}
        if not self._forbidden_words.isdisjoint(heard) or any(word.startswith(self._forbidden_stems) for word in heard):
            return True
        if self._forbidden_phrases:
            text = f" {' '.join(word.heard for word in words)}"
            if any(phrase in text for phrase in self._forbidden_phrases):
                return True
        if not self._topics:
            return False
        stems = {_stem(word) for word in heard}
        return any(all(_is_met(word, heard, stems) for word in topic) for topic in self._topics)

    def _forbid(self, never: Sequence[str]) -> None:
        words: set[str] = set()
        stems: set[str] = set()
        phrases: set[str] = set()
        topics: list[tuple[str, ...]] = []
        for topic in (topic for written in never for topic in _topics_in(written)):
            topics.append(tuple(_content_of(topic)))
            main = _content_of(list(takewhile(lambda word: word not in NARROWING, topic))) or topics[-1]
            families = [known for keys, known in FAMILIES if any(word.startswith(keys) for word in main)]
            for one in (one for known in families for one in known):
                if one.endswith("*"):
                    stems.add(one[:-1])
                elif " " in one:
                    phrases.add(f" {one}")
                else:
                    words.add(one)
        self._forbidden_words = frozenset(words)
        self._forbidden_stems = tuple(stems)
        self._forbidden_phrases = tuple(phrases)
        self._topics = tuple(topics)


def _topics_in(written: str) -> Iterator[list[str]]:
    """Yield the words of each topic in one line: "politics, sharks or wars" are three, "sharks and wars" two."""
    parts: list[list[str]] = [[]]
    for word in hear(written.replace("/", ", ")).words:
        if word.heard == "or":
            parts.append([])
            continue
        parts[-1].append(word.heard)
        if word.closes:
            parts.append([])
    for part in parts:
        sides: list[list[str]] = [[]]
        for one in part:
            if one == "and":
                sides.append([])
            else:
                sides[-1].append(one)
        # "her mother and her father's house" is one topic
        each = sides if all(len(_content_of(side)) <= 1 for side in sides) else [part]
        yield from (side for side in each if _content_of(side))


def _content_of(topic: Sequence[str]) -> list[str]:
    """Return the words of a topic that say what it is about."""
    found = [
        word
        for before, word, after in zip(["", *topic[:-1]], topic, [*topic[1:], ""], strict=True)
        if word not in STOP
        and not (word in OTHER and after in EVERYBODY)
        and not (word in EVERYBODY and before in OTHER)
    ]
    return found if any(word not in OTHER for word in found) else []


def _is_met(word: str, heard: set[str], stems: set[str]) -> bool:
    """Say whether a word of a topic stands among what was heard."""
    if word in OTHER:
        return not OTHER.isdisjoint(heard)
    stem = _stem(word)
    beginning = stem.removesuffix("y")
    return stem in stems or (len(beginning) >= LONG and any(one.startswith(beginning) for one in stems))


def _content(text: str) -> frozenset[str]:
    words = frozenset(word.heard for word in hear(text).words)
    return words - STOP or words


@functools.lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    """Return what "gamble", "gambling" and "gamblers" have in common, as far as endings tell."""
    word = word.removesuffix("'s")
    if word in UNBENT:
        return word
    for ending in ("ies", "ie"):
        if word.endswith(ending):
            return f"{word.removesuffix(ending)}y"
    for ending in ("ings", "ing", "ed", "ers", "er", "es", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            stem = word.removesuffix(ending)
            is_doubled = ending in ("ings", "ing", "ed") and stem[-1] == stem[-2] and stem[-1] not in "ls"
            return stem[:-1] if is_doubled else stem
    return word[:-1] if word.endswith("s") and len(word) > 3 and word[-2] != "s" else word
