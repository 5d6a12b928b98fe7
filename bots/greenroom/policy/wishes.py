"""How people say what they want of a bot: stop, start, forget me, and what do you know of me, in each language."""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["LANGUAGES", "Language"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """What counts in one language, whole messages, and what is answered."""

    stop: tuple[str, ...]
    start: tuple[str, ...]
    stopped: str
    """Confirms a stop where the persona has no line of its own."""
    started: str
    """Confirms a start."""
    forget: tuple[str, ...]
    asks: tuple[str, ...]
    """Asks what is known of whoever says it."""


LANGUAGES: Mapping[str, Language] = {
    "en": Language(
        stop=("stop", "unsubscribe"),
        start=("start",),
        stopped='Understood, I leave you alone. Say "start" should you want me again.',
        started="Good. I answer you again.",
        forget=("forget me", "forget about me"),
        asks=("what do you know about me", "what do you remember about me", "what do you know of me"),
    ),
    "de": Language(
        stop=("stopp", "stop", "halt"),
        start=("start",),
        stopped="Verstanden, ich lasse dich in Ruhe. Sag „start“, wenn du mich wieder möchtest.",
        started="Gut. Ich antworte dir wieder.",
        forget=("vergiss mich", "vergiss mich bitte"),
        asks=("was weißt du über mich", "was weisst du über mich", "was weißt du von mir"),
    ),
    "es": Language(
        stop=("para", "basta", "stop"),
        start=("empieza", "start"),
        stopped="Entendido, te dejo en paz. Di «start» si me quieres de vuelta.",
        started="Bien. Vuelvo a responderte.",
        forget=("olvídame", "olvidame"),
        asks=("qué sabes de mí", "que sabes de mi", "qué sabes sobre mí"),
    ),
    "fr": Language(
        stop=("arrête", "arrete", "stop"),
        start=("reprends", "start"),
        stopped="Compris, je te laisse tranquille. Dis « start » si tu veux que je revienne.",
        started="Bien. Je te réponds de nouveau.",
        forget=("oublie-moi", "oublie moi"),
        asks=("que sais-tu de moi", "que sais tu de moi", "qu'est-ce que tu sais de moi"),
    ),
    "it": Language(
        stop=("basta", "smettila", "stop"),
        start=("riprendi", "start"),
        stopped="Capito, ti lascio in pace. Scrivi «start» se mi vuoi di nuovo.",
        started="Bene. Ti rispondo di nuovo.",
        forget=("dimenticami",),
        asks=("cosa sai di me", "che cosa sai di me"),
    ),
    "nl": Language(
        stop=("stop", "hou op"),
        start=("start",),
        stopped='Begrepen, ik laat je met rust. Zeg "start" als je me weer wilt.',
        started="Goed. Ik antwoord je weer.",
        forget=("vergeet me", "vergeet mij"),
        asks=("wat weet je over mij", "wat weet je van mij"),
    ),
    "pt": Language(
        stop=("pare", "para", "parar", "stop"),
        start=("volta", "start"),
        stopped='Entendido, deixo-te em paz. Diz "start" se me quiseres de novo.',
        started="Bem. Volto a responder-te.",
        forget=("esquece-me", "esqueça-me", "me esqueça"),
        asks=("o que sabes de mim", "o que sabes sobre mim", "o que você sabe sobre mim"),
    ),
}
"""By the tag of the language."""
