"""What only the words of a model are looked at for: the script has no others than those its owner wrote."""

import re
from collections.abc import Iterator

from greenroom.generation.bounds import Bound, Fault
from greenroom.generation.engine import Brief
from greenroom.personas.persona import Persona
from greenroom.personas.tongues import base_of, foreign_tongue

__all__ = ["Manners", "declines"]

LONGEST_REFUSAL = 240
"""Characters; who declines does so in one or two short sentences."""

_NO = re.compile(
    r"\b(?:no|not|never|nothing|none|nor|neither|cannot|can't|won't|don't|isn't|doesn't|wouldn't|rather|sorry|leave"
    r"|não|nunca|nada|prefiro|kein\w*|nicht|nie|lieber|pas|jamais|rien|nunca|jamás|mai|niente|niet|geen|liever)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?…])\s+")


def declines(persona: Persona, text: str) -> bool:
    """Say whether a text declines: by the persona's line `refused`, or in one or two short sentences with a no."""
    lines = (persona.lines.refused or {}).values()
    if any(text.strip() == line.strip() for line in lines):
        return True
    is_short = len(text) <= LONGEST_REFUSAL and len(_SENTENCE.split(text.strip())) <= 2
    return is_short and _NO.search(text.replace("\u2019", "'")) is not None


class Manners:
    """The manners of one persona."""

    def __init__(self, persona: Persona) -> None:
        # imported only for bots with a model
        from greenroom.generation.script.hearing import hear
        from greenroom.generation.script.persona_words import PersonaWords

        self._persona = persona
        self._hear = hear
        self._words = PersonaWords(persona) if persona.never else None
        self._examples = frozenset(map(_plain, _examples(persona)))

    def broken(self, text: str, brief: Brief) -> Iterator[Fault]:
        """Yield what a model's text does that the persona does not."""
        is_about = self._words is not None and self._words.is_forbidden(self._hear(text).words)
        if is_about and not declines(self._persona, text):
            never = ", ".join(self._persona.never)
            reason = f"it talks about what you never talk about ({never}): decline in one short sentence"
            yield Fault(bound=Bound.NEVER, reason=reason)
        if (tag := foreign_tongue(text, self._expected(brief))) is not None:
            spoken = " or ".join(self._expected(brief))
            yield Fault(bound=Bound.LANGUAGE, reason=f"it is in `{tag}`: write in {spoken}")
        if _plain(text) in self._examples:
            reason = "it repeats an example word for word: find words of your own"
            yield Fault(bound=Bound.EXAMPLE, reason=reason)

    def _expected(self, brief: Brief) -> tuple[str, ...]:
        """Return the languages that the text may be in."""
        spoken = tuple(map(base_of, self._persona.languages))
        if brief.said is None:
            return spoken[:1]
        asked = base_of(brief.language or "")
        return (asked,) if asked in spoken else spoken


def _examples(persona: Persona) -> Iterator[str]:
    examples = persona.examples
    yield from (*examples.post, *examples.caption)
    for exchange in (*examples.reply, *examples.chat, *examples.direct_message):
        yield exchange.say


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
