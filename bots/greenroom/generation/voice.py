"""From a brief to words that may be said: engines in order of preference, every text counted, repaired once."""

import enum
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Self, assert_never

import msgspec

from greenroom.cleaning import without_unseen
from greenroom.generation.bounds import Bound
from greenroom.generation.busy import Busy
from greenroom.generation.engine import (
    Brief,
    Engine,
    EngineUnavailable,
    Generated,
    GenerationError,
    NothingToAdd,
    Overlong,
    ShareSpent,
    Sight,
)
from greenroom.generation.outcome import Outcome
from greenroom.generation.writing import Checks, Writing, with_room
from greenroom.memory import Found, Library
from greenroom.personas.persona import Persona
from greenroom.personas.sound import IfBroken, TooLong
from greenroom.tools import Toolbox
from greenroom_adapters.contract import TextLimit
from greenroom_adapters.text import cut

if TYPE_CHECKING:
    pass

__all__ = ["Ending", "Voice"]


class Ending(enum.Enum):
    """What happens when no engine found words and waiting will not help."""

    HOLD = "hold"
    SILENCE = "silence"


class Voice:
    """How one version of a persona finds its words.

    Owns its engines: whoever made the voice closes it, or uses it as an async context manager. `speak` may run for
    thousands of briefs at once; nothing in it is published.
    """

    def __init__(
        self,
        persona: Persona,
        engines: Sequence[Engine],
        *,
        ending: Ending = Ending.HOLD,
        script: Engine | None = None,
        library: Library | None = None,
        lent: Sequence[Engine | Library] = (),
        toolbox: Toolbox | None = None,
    ) -> None:
        """Take the engines in order of preference; `script` speaks for a text that stays broken where the persona
        says `if_broken: script`. It may be one of `engines`. `library` has the persona's documents. What is only `lent`
        stays open when it is closed; the `toolbox` that the engines share is closed with it."""
        self._persona = persona
        self._engines = tuple(engines)
        self._ending = ending
        self._script = script
        self._library = library
        self._lent = frozenset(map(id, lent))
        self._toolbox = toolbox
        self._speaking = Busy()
        self._checks = Checks(persona)

    @property
    def engines(self) -> tuple[str, ...]:
        """Names of the engines in order of preference."""
        return tuple(engine.name for engine in self._engines)

    async def speak(self, brief: Brief) -> Outcome:
        """Find words for `brief`.

        Each engine is asked in turn until one writes a text. A text that breaks a bound is asked for once more with
        the reason; what is still broken becomes what the persona says (`too_long`, `if_broken`).

        :raises EngineUnavailable: no engine found words and at least one may later: ask again after `retry_after`
        :raises ShareSpent: no engine found words, and one would have, had its asker not had his share of the money
        """
        if self._library is not None and brief.persona.knowledge is not None:
            brief = msgspec.structs.replace(brief, documents=_Looking(self._library, brief))
        checks = self._checks if brief.persona is self._persona else Checks(brief.persona)
        writing = checks.begin(brief if brief.below is None else with_room(brief, brief.below))
        later: list[EngineUnavailable] = []
        share: ShareSpent | None = None
        is_unable = False
        with self._speaking:
            for engine in self._engines:
                try:
                    return await self._ask(engine, writing)
                except NothingToAdd as error:
                    return writing.silent(str(error))
                except EngineUnavailable as error:
                    writing.note(engine, error)
                    if error.permanent:
                        is_unable = True
                    else:
                        later.append(error)
                except GenerationError as error:
                    writing.note(engine, error)
                    share = error if isinstance(error, ShareSpent) else share
        why = "; ".join(writing.notes) or "no engine is configured"
        if later:
            raise EngineUnavailable(why, retry_after=_soonest(later)) from later[0]
        if share is not None:
            # whoever asks too much makes no work for the owner
            raise ShareSpent(why) from share
        outcome = writing.held(why) if self._ending is Ending.HOLD else writing.silent(why)
        return replace(outcome, is_unable=is_unable)

    async def describe(self, sight: Sight) -> tuple[Generated | None, tuple[str, ...]]:
        """Return what is to be seen in a picture, in no more characters than `sight` says, and who could not say it;
        None: nobody could."""
        with self._speaking:
            return await self._describe(sight)

    async def _describe(self, sight: Sight) -> tuple[Generated | None, tuple[str, ...]]:
        notes: list[str] = []
        for engine in self._engines:
            try:
                generated = await engine.describe(sight)
            except GenerationError as error:
                notes.append(f"{engine.name}: {error}")
                continue
            words = " ".join(without_unseen(generated.text, joiners=True).split())
            if words := cut(words, (TextLimit(length=sight.most),)):
                return msgspec.structs.replace(generated, text=words), tuple(notes)
        return None, tuple(notes)

    async def finish(self) -> None:
        """Let every brief that is at work end, then close; cancelled, close at once. For a voice that is asked for
        nothing new."""
        try:
            await self._speaking.over()
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Close every engine of its own. Safe to call twice."""
        engines = {id(one): one for one in (*self._engines, self._script, self._library) if one is not None}
        async with AsyncExitStack() as stack:
            for key, engine in engines.items():
                if key not in self._lent:
                    stack.push_async_callback(engine.aclose)
            if self._toolbox is not None:
                stack.push_async_callback(self._toolbox.aclose)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _ask(self, engine: Engine, writing: Writing) -> Outcome:
        """Let one engine write, and write again when that is needed.

        :raises NothingToAdd: it has nothing to say
        :raises GenerationError: it has no text at all
        """
        try:
            generated = await engine.generate(writing.brief)
        except Overlong:
            correction = "it did not come to an end: write much shorter"
        else:
            faults = writing.take(generated)
            if not faults:
                return writing.spoken()
            correction = "; ".join(fault.reason for fault in faults)
        try:
            generated = await engine.generate(msgspec.structs.replace(writing.brief, correction=correction))
        except NothingToAdd:
            raise
        except GenerationError as error:
            if not writing.parts:
                raise
            writing.note(engine, error)
        else:
            writing.notes.append(f"{engine.name}: written again, because {correction}")
            if not writing.take(generated):
                return writing.spoken()
        return await self._as_the_persona_says(engine, writing)

    async def _as_the_persona_says(self, engine: Engine, writing: Writing) -> Outcome:
        """Decide about a text that stays broken."""
        bounds = writing.rules.bounds
        if writing.breaks(Bound.TOO_LONG):
            match bounds.too_long:
                case TooLong.CUT:
                    writing.cut()
                case TooLong.THREAD:
                    writing.spread()
                case TooLong.DROP:
                    return writing.silent(writing.why)
                case _:
                    assert_never(bounds.too_long)
            if not writing.faults:
                return writing.spoken()
        match bounds.if_broken:
            case IfBroken.HOLD:
                return writing.held(writing.why)
            case IfBroken.SCRIPT:
                return await self._by_script(engine, writing)
            case IfBroken.DROP:
                return writing.silent(writing.why)
            case _:
                assert_never(bounds.if_broken)

    async def _by_script(self, engine: Engine, writing: Writing) -> Outcome:
        """Let the scripted voice speak instead; when that is broken too, a person decides about the draft."""
        if self._script is None or self._script is engine:
            return writing.held(writing.why)
        instead = writing.checks.begin(writing.brief)
        instead.cost = writing.cost
        instead.broke = writing.broke
        instead.notes = [*writing.notes, f"{engine.name}: {writing.why}; the script speaks instead"]
        try:
            faults = instead.take(await self._script.generate(writing.brief))
        except GenerationError as error:
            writing.note(self._script, error)
            return writing.held(writing.why)
        if faults and instead.breaks(Bound.TOO_LONG):
            instead.cut()
        return instead.held(instead.why) if instead.faults else instead.spoken()


class _Looking:
    """What the documents have on a brief: looked up when somebody asks, and once."""

    def __init__(self, library: Library, brief: Brief) -> None:
        self._library = library
        self._brief = brief
        self._found: Found | None = None

    async def __call__(self) -> Found:
        if self._found is None:
            brief = self._brief
            text = brief.about if brief.said is None else brief.said
            self._found = await self._library.find(text or "", turn=brief.turn, cause=brief.cause)
        return self._found


def _soonest(errors: Sequence[EngineUnavailable]) -> timedelta | None:
    return min((error.retry_after for error in errors if error.retry_after is not None), default=None)
