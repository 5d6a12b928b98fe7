"""What the script voice takes from the persona file itself: its examples, its topics, what it never talks about."""

import random
import re
from collections.abc import Sequence

from greenroom.generation.script.hearing import Heard, Word, hear
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
        "other",
        "others",
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

    def is_forbidden(self, words: Sequence[Word]) -> bool:
        """Say whether these words touch what the persona never talks about."""
        heard = {word.heard for word in words}
        if not self._forbidden_words.isdisjoint(heard) or any(word.startswith(self._forbidden_stems) for word in heard):
            return True
        if not self._forbidden_groups:
            return False
        text = f" {' '.join(word.heard for word in words)}"
        return any(all(f" {start}" in text for start in group) for group in self._forbidden_groups)

    def _forbid(self, never: Sequence[str]) -> None:
        words: set[str] = set()
        stems: set[str] = set()
        groups: list[tuple[str, ...]] = []
        for phrase in never:
            content = [word.heard for word in hear(phrase).words if word.heard not in STOP]
            families = [known for keys, known in FAMILIES if any(word.startswith(keys) for word in content)]
            for one in (one for known in families for one in known):
                if one.endswith("*"):
                    stems.add(one[:-1])
                elif " " in one:
                    groups.append((one,))
                else:
                    words.add(one)
            if content and not families:
                groups.append(tuple(_beginning(word) for word in content))
        self._forbidden_words = frozenset(words)
        self._forbidden_stems = tuple(stems)
        self._forbidden_groups = tuple(groups)


def _content(text: str) -> frozenset[str]:
    words = frozenset(word.heard for word in hear(text).words)
    return words - STOP or words


def _beginning(word: str) -> str:
    """Return what "the lottery" and "lotteries" have in common."""
    return word.removesuffix("ies").removesuffix("es").removesuffix("s").removesuffix("y") if len(word) > 4 else word
