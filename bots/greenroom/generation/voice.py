"""From a brief to words that may be said: engines in order of preference, every text counted, repaired once."""

import enum
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Self, assert_never

import msgspec

from greenroom.cleaning import without_unseen
from greenroom.generation.bounds import Bound, Fault, Rules
from greenroom.generation.busy import Busy
from greenroom.generation.choosing import choice_of
from greenroom.generation.engine import (
    NOTHING,
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
from greenroom.generation.grounding import Grounds, grounds_of
from greenroom.memory import Found, Library
from greenroom.personas.persona import Persona
from greenroom.personas.silences import Silence
from greenroom.personas.sound import IfBroken, TooLong
from greenroom.tools import Toolbox
from greenroom_adapters.contract import Surface, TextLimit
from greenroom_adapters.contract import TooLong as CannotFit
from greenroom_adapters.text import count, cut, split

if TYPE_CHECKING:
    from greenroom.generation.manners import Manners

__all__ = ["Ending", "Held", "Outcome", "Silent", "Spoken", "Voice"]

GAP = "\n\n"
"""Between a text and what stands below it."""
LEAST_ROOM = 80
"""Characters of a post that are left for the text above that."""
MOST_PARTS = 25
"""A text that needs more posts than this is no thread but an accident."""


class Ending(enum.Enum):
    """What happens when no engine found words and waiting will not help."""

    HOLD = "hold"
    SILENCE = "silence"


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """Words within every bound, ready for approval and delivery."""

    parts: tuple[str, ...]
    """One text for each post, in order; none where something else is done instead (`chosen`). Several only when the
    persona says `too_long: thread`."""
    engine: str
    """Who found them, as the bot file names it."""
    model: str | None
    """The model that the server says answered; None: no model."""
    cost: int
    """Millionths of a US dollar, over all tries that returned a text."""
    notes: tuple[str, ...]
    """What happened on the way, for the record: who refused, what was repaired. Not for the platform."""
    broke: tuple[Bound, ...] = ()
    """Every bound that a text broke on the way, in order."""
    chosen: tuple[str, ...] = ()
    """What the model chose to have done beside the words, or instead of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A person decides. Nothing may be sent as it is."""

    reason: str
    """In words for that person."""
    parts: tuple[str, ...]
    """The draft as far as there is one; empty when no engine found words."""
    engine: str | None
    """Who wrote the draft; None: nobody."""
    model: str | None
    cost: int
    notes: tuple[str, ...]
    is_unable: bool = False
    """No engine found words, and one will not before a person mends it."""
    broke: tuple[Bound, ...] = ()
    chosen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Nothing is said, by the owner's own rule."""

    reason: str
    """In words for the record."""
    cost: int
    notes: tuple[str, ...]
    is_unable: bool = False
    """No engine found words, and one will not before a person mends it."""
    broke: tuple[Bound, ...] = ()


Outcome = Spoken | Held | Silent


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
        self._checks = _Checks(persona)

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
        checks = self._checks if brief.persona is self._persona else _Checks(brief.persona)
        turn = checks.begin(brief if brief.below is None else _with_room(brief, brief.below))
        later: list[EngineUnavailable] = []
        share: ShareSpent | None = None
        is_unable = False
        with self._speaking:
            for engine in self._engines:
                try:
                    return await self._ask(engine, turn)
                except NothingToAdd as error:
                    return turn.silent(str(error))
                except EngineUnavailable as error:
                    turn.note(engine, error)
                    if error.permanent:
                        is_unable = True
                    else:
                        later.append(error)
                except GenerationError as error:
                    turn.note(engine, error)
                    share = error if isinstance(error, ShareSpent) else share
        why = "; ".join(turn.notes) or "no engine is configured"
        if later:
            raise EngineUnavailable(why, retry_after=_soonest(later)) from later[0]
        if share is not None:
            # whoever asks too much makes no work for the owner
            raise ShareSpent(why) from share
        outcome = turn.held(why) if self._ending is Ending.HOLD else turn.silent(why)
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

    async def _ask(self, engine: Engine, turn: "_Turn") -> Outcome:
        """Let one engine write, and write again when that is needed.

        :raises NothingToAdd: it has nothing to say
        :raises GenerationError: it has no text at all
        """
        try:
            generated = await engine.generate(turn.brief)
        except Overlong:
            correction = "it did not come to an end: write much shorter"
        else:
            faults = turn.take(generated)
            if not faults:
                return turn.spoken()
            correction = "; ".join(fault.reason for fault in faults)
        try:
            generated = await engine.generate(msgspec.structs.replace(turn.brief, correction=correction))
        except NothingToAdd:
            raise
        except GenerationError as error:
            if not turn.parts:
                raise
            turn.note(engine, error)
        else:
            turn.notes.append(f"{engine.name}: written again, because {correction}")
            if not turn.take(generated):
                return turn.spoken()
        return await self._as_the_persona_says(engine, turn)

    async def _as_the_persona_says(self, engine: Engine, turn: "_Turn") -> Outcome:
        """Decide about a text that stays broken."""
        bounds = turn.rules.bounds
        if turn.breaks(Bound.TOO_LONG):
            match bounds.too_long:
                case TooLong.CUT:
                    turn.cut()
                case TooLong.THREAD:
                    turn.spread()
                case TooLong.DROP:
                    return turn.silent(turn.why)
                case _:
                    assert_never(bounds.too_long)
            if not turn.faults:
                return turn.spoken()
        match bounds.if_broken:
            case IfBroken.HOLD:
                return turn.held(turn.why)
            case IfBroken.SCRIPT:
                return await self._by_script(engine, turn)
            case IfBroken.DROP:
                return turn.silent(turn.why)
            case _:
                assert_never(bounds.if_broken)

    async def _by_script(self, engine: Engine, turn: "_Turn") -> Outcome:
        """Let the scripted voice speak instead; when that is broken too, a person decides about the draft."""
        if self._script is None or self._script is engine:
            return turn.held(turn.why)
        instead = turn.checks.begin(turn.brief)
        instead.cost = turn.cost
        instead.broke = turn.broke
        instead.notes = [*turn.notes, f"{engine.name}: {turn.why}; the script speaks instead"]
        try:
            faults = instead.take(await self._script.generate(turn.brief))
        except GenerationError as error:
            turn.note(self._script, error)
            return turn.held(turn.why)
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


class _Turn(msgspec.Struct):
    """What one call of `speak` has so far."""

    brief: Brief
    checks: "_Checks"
    rules: Rules
    """What is counted in its texts."""
    notes: list[str] = []
    cost: int = 0
    engine: str = ""
    model: str | None = None
    parts: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    broke: tuple[Bound, ...] = ()
    chosen: tuple[str, ...] = ()

    def note(self, engine: Engine, error: GenerationError) -> None:
        self.notes.append(f"{engine.name}: {error}")

    def take(self, generated: Generated) -> tuple[Fault, ...]:
        """Take a text over and return what it breaks.

        :raises NothingToAdd: it is the one with which a model says that
        """
        self.engine = generated.engine
        self.model = generated.model
        self.cost += generated.cost
        if self.model is not None and self.brief.may_be_silent and _is_nothing(generated.text):
            raise NothingToAdd(f"silent_when: {Silence.NOTHING_TO_ADD}")
        for note in generated.notes:
            if note not in self.notes:
                self.notes.append(note)
        text = without_unseen(generated.text, joiners=True).strip()
        if self.brief.choices:
            # the script, and engines of one's own, do not choose: what they write is an answer
            choice = choice_of(text, self.brief.choices if self.model is not None else self.brief.choices[:1])
            self.chosen = choice.acts
            if choice.text is None and not choice.acts:
                raise NothingToAdd("it chose to do nothing")
            if choice.text is None:
                self.parts, self.faults = (), ()
                return ()
            text = choice.text
        grounds = None if generated.found is None else grounds_of(self.brief, generated.found)
        faults = self._weigh(text) if grounds is None else self._hold_to(grounds, text)
        if faults:
            self.broke = (*self.broke, *(fault.bound for fault in faults))
        return faults

    def breaks(self, bound: Bound) -> bool:
        return any(fault.bound is bound for fault in self.faults)

    @property
    def why(self) -> str:
        return "; ".join(fault.reason for fault in self.faults)

    def cut(self) -> None:
        """Shorten the text to one post."""
        (whole,) = self.parts
        self._weigh(cut(whole, self.rules.limits(self.brief.limits)).strip())
        self.notes.append(f"cut from {len(whole)} to {len(self.parts[0])} characters")

    def spread(self) -> None:
        """Spread the text over several posts."""
        (whole,) = self.parts
        try:
            parts = split(whole, self.rules.limits(self.brief.limits))
        except CannotFit:
            return
        if not 0 < len(parts) <= MOST_PARTS:
            return
        self.parts = parts
        self.faults = tuple(fault for fault in self.faults if fault.bound is not Bound.TOO_LONG)
        self.notes.append(f"spread over {len(parts)} posts")

    def spoken(self) -> Spoken:
        return Spoken(
            parts=self.parts if self.brief.below is None else _with_below(self.parts, self.brief),
            engine=self.engine,
            model=self.model,
            cost=self.cost,
            notes=tuple(self.notes),
            broke=self.broke,
            chosen=self.chosen,
        )

    def held(self, reason: str) -> Held:
        return Held(
            reason=reason,
            parts=_with_below(tuple(part for part in self.parts if part), self.brief),
            engine=self.engine or None,
            model=self.model,
            cost=self.cost,
            notes=tuple(self.notes),
            broke=self.broke,
            chosen=self.chosen,
        )

    def silent(self, reason: str) -> Silent:
        return Silent(reason=reason, cost=self.cost, notes=tuple(self.notes), broke=self.broke)

    def _hold_to(self, grounds: Grounds, text: str) -> tuple[Fault, ...]:
        """Name the document that a text draws on, where there is room, and return what the text breaks."""
        named = grounds.with_source(text)
        self._weigh(named)
        if named != text and self.breaks(Bound.TOO_LONG):
            self._weigh(text)
            self.notes.append("there was no room to name the document")
        if unsupported := ", ".join(grounds.unsupported(text)):
            reason = f"{unsupported} stands in no document: say nothing that is not in them"
            self.faults += (Fault(bound=Bound.SUPPORT, reason=reason),)
        return self.faults

    def _weigh(self, text: str) -> tuple[Fault, ...]:
        self.parts = (text,)
        brief = self.brief
        self.faults = self.rules.broken(text, limits=brief.limits, asked=brief.said)
        if self.model is not None:
            self.faults = (*self.faults, *self.checks.manners.broken(text, self.brief))
        return self.faults


class _Checks:
    """What the texts of one persona are looked at for."""

    def __init__(self, persona: Persona) -> None:
        self._persona = persona
        self._rules = {surface: Rules(persona.bounds_on(surface)) for surface in Surface}

    def begin(self, brief: Brief) -> _Turn:
        """Return what there is of a text before it is asked for, with the bounds that hold for it."""
        return _Turn(brief, self, self._caption if brief.is_caption else self._rules[brief.surface])

    @cached_property
    def manners(self) -> "Manners":
        """What a model's texts are looked at for beside that."""
        from greenroom.generation.manners import Manners

        return Manners(self._persona)

    @cached_property
    def _caption(self) -> Rules:
        return Rules(self._persona.bounds_on(Surface.POST, is_caption=True))


def _is_nothing(text: str) -> bool:
    return text.strip(" .\n").casefold() == NOTHING


def _with_room(brief: Brief, below: str) -> Brief:
    """Leave room for what stands below the text, where there is enough; else that becomes a post of its own."""
    below = f"{GAP}{below}"
    left = tuple(replace(limit, length=limit.length - count(below, limit.rule)) for limit in brief.limits)
    if any(limit.length < LEAST_ROOM for limit in left):
        return brief
    return msgspec.structs.replace(brief, limits=left, below=below)


def _with_below(parts: tuple[str, ...], brief: Brief) -> tuple[str, ...]:
    if brief.below is None or not parts:
        return parts
    if brief.below.startswith(GAP):
        return (*parts[:-1], f"{parts[-1]}{brief.below}")
    return (*parts, brief.below)


def _soonest(errors: Sequence[EngineUnavailable]) -> timedelta | None:
    return min((error.retry_after for error in errors if error.retry_after is not None), default=None)
