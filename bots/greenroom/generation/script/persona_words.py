"""What the script voice takes from the persona file itself: its examples, its topics, what it never talks about."""

import random
import re
from collections.abc import Sequence

from greenroom.generation.script.hearing import Word, hear
from greenroom.personas.persona import Persona

__all__ = ["PersonaWords"]

SENTENCE = re.compile(r"(?<=[.!?…])\s+")
STOP = frozenset(
    "a about advice all and any anything are at by for from in into is matters my of on or other others people's "
    "peoples questions subjects talk the their things to topics with your".split()
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
        posts = [example.strip() for example in persona.examples.post]
        sentences = [sentence.strip() for post in posts for sentence in SENTENCE.split(post)]
        spoken = [
            sentence.strip()
            for exchanges in (persona.examples.reply, persona.examples.chat, persona.examples.direct_message)
            for exchange in exchanges
            for sentence in SENTENCE.split(exchange.say)
        ]
        self._symbols: dict[str, tuple[str, ...]] = {
            "example": tuple(dict.fromkeys(s for s in sentences or spoken if s and len(s) <= 200)),
            "topic": tuple(topic for topic in persona.topics if len(topic) <= 200),
        }
        self._forbidden = _forbidden(persona.never)

    def symbol(self, name: str, dice: random.Random, said: str) -> str | None:
        """Return one of the persona's own words for a built-in symbol, rather one that `said` does not hold."""
        choices = self._symbols.get(name)
        if not choices:
            return None
        fresh = [choice for choice in choices if choice not in said]
        return dice.choice(fresh or choices)

    def is_forbidden(self, words: Sequence[Word]) -> bool:
        """Say whether these words touch what the persona never talks about."""
        if not self._forbidden:
            return False
        heard = [word.heard for word in words]
        text = f" {' '.join(heard)} "
        return any(
            all(f" {stem[:-1]}" in text if stem.endswith("*") else f" {stem} " in text for stem in together)
            for together in self._forbidden
        )


def _forbidden(never: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return groups of words; a text that holds all of one group is about something forbidden."""
    groups: list[tuple[str, ...]] = []
    for phrase in never:
        content = [word.heard for word in hear(phrase).words if word.heard not in STOP]
        families = [words for keys, words in FAMILIES if any(word.startswith(keys) for word in content)]
        for words in families:
            groups.extend((word,) for word in words)
        if content and not families:
            # "the lottery", "lotteries": the beginning of the word decides.
            groups.append(tuple(word[:-1] + "*" if len(word) > 4 and word.endswith("s") else f"{word}*" if len(word) > 3 else word for word in content))
    return tuple(dict.fromkeys(groups))
