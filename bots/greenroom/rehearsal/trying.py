"""One occasion, as it would go: what the persona says to it, and what was counted, repaired and paid on the way."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from greenroom.generation import (
    Brief,
    EngineUnavailable,
    Held,
    Line,
    Outcome,
    Silent,
    Spoken,
    Voice,
)
from greenroom.generation.bounds import Bound, count_emoji, count_hashtags, count_links
from greenroom.personas import Persona
from greenroom.settings import Range
from greenroom_adapters.contract import Author, CountingRule, Surface, TextLimit
from greenroom_adapters.text import count

__all__ = ["Become", "Counted", "Occasion", "Tried", "try_out"]

SOMEBODY = Author(id="somebody", handle="somebody")


class Become(enum.StrEnum):
    """What has become of an occasion."""

    SAID = "said"
    """It would go out, unless the bot's policy holds it."""
    HELD = "held"
    """A person would decide about it."""
    SILENT = "silent"
    """Nothing would be said, by the owner's own rule."""
    UNABLE = "unable"
    """No engine can answer now, or before a person mends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Something to say something to."""

    surface: Surface
    seed: str
    text: str | None = None
    """What is answered, or what a post is about; None: a post about whatever there is."""
    platform: str = ""
    limits: tuple[TextLimit, ...] = ()
    """The platform's own; none: the persona's bounds alone hold."""
    author: Author = SOMEBODY
    """Who says what is answered."""
    account: str = ""
    """Where he is met; empty: nowhere in particular."""
    language: str | None = None
    """Of `text`, as its platform tells."""
    is_caption: bool = False
    """A post that shows a picture or a clip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """One thing that was counted in one post."""

    what: str
    found: int
    least: int
    most: int

    @property
    def fits(self) -> bool:
        """It is within the bound."""
        return self.least <= self.found <= self.most


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of an occasion."""

    become: Become
    parts: tuple[str, ...]
    """One text for each post; of what is held the draft, as far as there is one."""
    engine: str | None
    model: str | None
    reason: str
    """Why it is not said; empty: it is."""
    notes: tuple[str, ...]
    """What happened on the way: who refused, what was written again and why."""
    counted: tuple[tuple[Counted, ...], ...]
    """For each post what was counted in it."""
    cost: int = 0
    """Millionths of a US dollar; of answers that were recorded, what they cost then."""
    broke: tuple[Bound, ...] = ()
    """Every bound that a text broke on the way."""


async def try_out(voice: Voice, persona: Persona, occasion: Occasion, history: Sequence[Line] = ()) -> Tried:
    """Return what `voice` says to an occasion after what was said before. Publishes nothing."""
    is_post = occasion.surface is Surface.POST
    if not is_post and (silence := persona.silence(occasion.text or "")) is not None:
        return _silent(f"silent_when: {silence}")

    async def earlier() -> tuple[Line, ...]:
        return tuple(history)

    brief = Brief(
        persona=persona,
        surface=occasion.surface,
        limits=occasion.limits,
        seed=occasion.seed,
        turn=f"try {occasion.seed}",
        about=occasion.text if is_post else None,
        said=None if is_post else occasion.text or "",
        author=None if is_post else occasion.author,
        platform=occasion.platform,
        relation=None if is_post else persona.relation_to(occasion.author, occasion.account),
        language=occasion.language,
        is_caption=occasion.is_caption,
        history=earlier,
    )
    try:
        outcome = await voice.speak(brief)
    except EngineUnavailable as error:
        return _unable(str(error))
    if not isinstance(outcome, Spoken) and outcome.is_unable:
        return _unable(outcome.reason)
    become, reason = _become(outcome)
    parts = () if isinstance(outcome, Silent) else outcome.parts
    return Tried(
        become=become,
        parts=parts,
        engine=None if isinstance(outcome, Silent) else outcome.engine,
        model=None if isinstance(outcome, Silent) else outcome.model,
        reason=reason,
        notes=outcome.notes,
        cost=outcome.cost,
        broke=outcome.broke,
        counted=tuple(_counted(part, persona, occasion, is_whole=len(parts) == 1) for part in parts),
    )


def _silent(why: str) -> Tried:
    return Tried(become=Become.SILENT, parts=(), engine=None, model=None, reason=why, notes=(), counted=())


def _unable(why: str) -> Tried:
    return Tried(become=Become.UNABLE, parts=(), engine=None, model=None, reason=why, notes=(), counted=())


def _become(outcome: Outcome) -> tuple[Become, str]:
    """Return what became of it, and why it is not said."""
    if isinstance(outcome, Spoken):
        return Become.SAID, ""
    return (Become.HELD if isinstance(outcome, Held) else Become.SILENT), outcome.reason


def _counted(text: str, persona: Persona, occasion: Occasion, *, is_whole: bool) -> tuple[Counted, ...]:
    bounds = persona.bounds_on(occasion.surface, is_caption=occasion.is_caption)
    least = bounds.length.least if is_whole else 1
    length = count(text, CountingRule.GRAPHEMES)

    def of(what: str, found: int, bound: Range) -> Counted:
        return Counted(what=what, found=found, least=bound.least, most=bound.most)

    own = (
        Counted(what="characters", found=length, least=least, most=bounds.length.most),
        of("emoji", count_emoji(text), bounds.emoji),
        of("hashtags", count_hashtags(text), bounds.hashtags),
        of("links", count_links(text), bounds.links),
    )
    name = occasion.platform or "the platform"
    theirs = tuple(
        Counted(what=f"{limit.rule} on {name}", found=count(text, limit.rule), least=0, most=limit.length)
        for limit in occasion.limits
    )
    return own + theirs
