"""One text on its way: taken from an engine, held against every bound, cut or spread, and what comes of it."""

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import msgspec

from greenroom.cleaning import without_unseen
from greenroom.generation.bounds import Bound, Fault, Rules
from greenroom.generation.choosing import choice_of
from greenroom.generation.engine import NOTHING, Brief, Engine, Generated, GenerationError, NothingToAdd
from greenroom.generation.grounding import Grounds, grounds_of
from greenroom.generation.outcome import Held, Silent, Spoken
from greenroom.personas.persona import Persona
from greenroom.personas.silences import Silence
from greenroom_adapters.contract import Surface, Trust
from greenroom_adapters.contract import TooLong as CannotFit
from greenroom_adapters.text import count, cut, split

if TYPE_CHECKING:
    from greenroom.generation.manners import Manners

__all__ = ["Checks", "Writing", "with_room"]

GAP = "\n\n"
"""Between a text and what stands below it."""
LEAST_ROOM = 80
"""Characters of a post that are left for the text above that."""
MOST_PARTS = 25
"""A text that needs more posts than this is no thread but an accident."""


class Writing(msgspec.Struct):
    """What one call of `Voice.speak` has so far."""

    brief: Brief
    checks: "Checks"
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
    trust: Trust = Trust.ANYONE

    def note(self, engine: Engine, error: GenerationError) -> None:
        """Note that an engine found no words, and why."""
        self.notes.append(f"{engine.name}: {error}")

    def take(self, generated: Generated) -> tuple[Fault, ...]:
        """Take a text over and return what it breaks.

        :raises NothingToAdd: it is the one with which a model says that
        """
        self.engine = generated.engine
        self.model = generated.model
        self.trust = generated.trust
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
        """Say whether the text, as it is now, breaks this bound."""
        return any(fault.bound is bound for fault in self.faults)

    @property
    def why(self) -> str:
        """What the text, as it is now, breaks, in words."""
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
        """Return the text as one that may be said."""
        return Spoken(
            parts=self.parts if self.brief.below is None else _with_below(self.parts, self.brief),
            engine=self.engine,
            model=self.model,
            cost=self.cost,
            notes=tuple(self.notes),
            broke=self.broke,
            chosen=self.chosen,
            trust=self.trust,
        )

    def held(self, reason: str) -> Held:
        """Return the text as one that a person decides about."""
        return Held(
            reason=reason,
            parts=_with_below(tuple(part for part in self.parts if part), self.brief),
            engine=self.engine or None,
            model=self.model,
            cost=self.cost,
            notes=tuple(self.notes),
            broke=self.broke,
            chosen=self.chosen,
            trust=self.trust,
        )

    def silent(self, reason: str) -> Silent:
        """Return that nothing is said."""
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


class Checks:
    """What the texts of one persona are looked at for."""

    def __init__(self, persona: Persona) -> None:
        self._persona = persona
        self._rules = {surface: Rules(persona.bounds_on(surface)) for surface in Surface}

    def begin(self, brief: Brief) -> Writing:
        """Return what there is of a text before it is asked for, with the bounds that hold for it."""
        return Writing(brief, self, self._caption if brief.is_caption else self._rules[brief.surface])

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


def with_room(brief: Brief, below: str) -> Brief:
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
