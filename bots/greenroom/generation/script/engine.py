"""The engine that needs no model: it speaks from patterns and grammars."""

import asyncio
from datetime import UTC, tzinfo
from pathlib import Path

from typing_extensions import override

from greenroom.clock import Clock
from greenroom.generation.engine import Brief, Engine, Generated
from greenroom.generation.script.loader import load_script
from greenroom.generation.script.script import Script
from greenroom.generation.script.speaker import Speaker
from greenroom.memory import NOTHING_FOUND
from greenroom.personas.persona import Persona
from greenroom_adapters.contract import Surface

__all__ = ["ScriptEngine"]

PLAIN = Path(__file__).with_name("plain.script.yaml")
SPEAKERS_KEPT = 32


class ScriptEngine(Engine):
    """Speaks without a model, a network or a cost. Remembers nothing: all it knows of a conversation is its lines.

    For one persona, `brief.seed`, history and time of day there is one text. While there is a saying that fits and
    was not used in this conversation, none is used twice; and of those, while there is one, one that this person has
    not heard elsewhere lately.
    """

    def __init__(self, *, clock: Clock, timezone: tzinfo = UTC, name: str = "script") -> None:
        self._clock = clock
        self._timezone = timezone
        """Of the times of day and dates in scripts."""
        self._name = name
        self._speakers: dict[tuple[str, Path | None, int], Speaker] = {}
        self._plain: Script | None = None

    @property
    @override
    def name(self) -> str:
        return self._name

    def prepare(self, persona: Persona, script: Script | None = None) -> None:
        """Read the persona's script now, so that its mistakes show before the first brief. Reads files, unless the
        `script` was read already.

        :raises Mistakes: the script cannot be used
        """
        self._speaker(persona, script)

    @override
    async def generate(self, brief: Brief) -> Generated:
        speaker = self._speakers.get(_key(brief.persona))
        if speaker is None:
            speaker = await asyncio.to_thread(self._speaker, brief.persona)
        lines = await brief.history()
        now = (brief.at or self._clock.now()).astimezone(self._timezone)
        if brief.surface is Surface.POST:
            return Generated(text=speaker.post(brief, lines, now), engine=self._name, trust=brief.trust)
        found = NOTHING_FOUND if brief.persona.knowledge is None else await brief.documents()
        text, quoted = speaker.reply(brief, lines, now, found.passages, elsewhere=await brief.elsewhere())
        notes = (*found.notes, *(() if quoted is None else (f"out of the document {quoted.named}",)))
        return Generated(text=text, engine=self._name, notes=notes)

    def _speaker(self, persona: Persona, script: Script | None = None) -> Speaker:
        key = _key(persona)
        speaker = self._speakers.get(key)
        if speaker is None:
            plain = self._plain = self._plain or load_script(PLAIN)
            if script is None:
                script = load_script(persona.script) if persona.script is not None else plain
            speaker = Speaker(persona, script, plain)
            while len(self._speakers) >= SPEAKERS_KEPT:
                del self._speakers[next(iter(self._speakers))]
            self._speakers[key] = speaker
        return speaker


def _key(persona: Persona) -> tuple[str, Path | None, int]:
    # A persona that was built in Python has no version: then the object itself is the identity.
    return (persona.version, persona.script, 0 if persona.version else id(persona))
