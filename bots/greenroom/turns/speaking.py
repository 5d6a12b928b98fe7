"""Who speaks on all accounts of a bot at the moment, and who judges what a model writes."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import msgspec

from greenroom.generation import Brief, FixedWords, Moderator, Studio, Voice
from greenroom.personas import Persona
from greenroom.settings import Paints, WithoutModel
from greenroom.storage import CLOCK, Draft, Due, Turn
from greenroom.turns.acting import Acts
from greenroom.turns.form import PLAIN, Form, beside_media, form_of_due, form_with_embed
from greenroom_adapters.contract import Adapter, Embed

__all__ = ["Floor", "Speaker", "judged"]

MOST_NOTED = 5
"""Scores in the note of a judgement, the highest ones; with the draft all are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """Who speaks at the moment: replaced as a whole when the persona changes, so a turn never mixes two."""

    persona: Persona
    voice: Voice
    studio: Studio = field(default_factory=lambda: Studio((), instead=WithoutModel.CARD))
    """Who makes the pictures that posts ask for."""
    moderator: Moderator | None = None
    """Who judges what a model wrote; None: nobody does."""
    fixed: Mapping[str, FixedWords] = field(default_factory=dict[str, FixedWords])
    """Identity of a rule → the words that it always says."""
    patient: frozenset[str] = frozenset()
    """Identities of the rules that answer only when nobody else has."""
    passed_on: frozenset[str] = frozenset()
    """Identities of the rules that leave the answer to the bot's owner."""
    offers: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Identity of a rule → the filters that people may ask for."""
    acts: Mapping[str, Acts] = field(default_factory=dict[str, Acts])
    """Identity of a rule → what is done beside an answer, or instead of one."""
    embeds: Mapping[str, Embed] = field(default_factory=dict[str, Embed])
    """Identity of a rule → what its answers show below their words."""
    paints: Mapping[str, tuple[Paints, ...]] = field(default_factory=dict[str, tuple[Paints, ...]])
    """Identity of a rule → what people may ask a model for."""
    answers: frozenset[str] = frozenset()
    """Identities of all rules of the file."""
    plain: frozenset[str] = field(init=False)
    """Those that none of these names: they answer in words of the voice, as soon as it has some, and with nothing
    beside them."""

    def __post_init__(self) -> None:
        named = (self.fixed, self.patient, self.passed_on, self.offers, self.acts, self.embeds, self.paints)
        object.__setattr__(self, "plain", self.answers.difference(*named))

    def form(self, turn: Turn, adapter: Adapter) -> Form:
        """Return the form in which a turn's words go out on its account.

        :raises Misfit: the account cannot show them so
        """
        if turn.rule in self.plain and turn.kind != CLOCK:
            return PLAIN
        if isinstance(turn.event, Due):
            return form_of_due(turn.event, adapter.capabilities)
        embed, abilities = self.embeds.get(turn.rule), adapter.capabilities
        form = PLAIN if embed is None else form_with_embed(embed, abilities)
        has_media = turn.rule in self.paints or turn.rule in self.offers
        return beside_media(form, abilities.limits) if has_media else form

    async def finish(self) -> None:
        """Let everything that is at work end, then close; cancelled, close at once."""
        async with AsyncExitStack() as stack:
            if self.moderator is not None:
                stack.push_async_callback(self.moderator.finish)
            stack.push_async_callback(self.studio.finish)
            stack.push_async_callback(self.voice.finish)

    async def aclose(self) -> None:
        """Close its engines. Safe to call twice."""
        async with AsyncExitStack() as stack:
            if self.moderator is not None:
                stack.push_async_callback(self.moderator.aclose)
            stack.push_async_callback(self.studio.aclose)
            stack.push_async_callback(self.voice.aclose)


@dataclass(slots=True)
class Floor:
    """Has whoever speaks at the moment, for all accounts of a bot."""

    speaker: Speaker


async def judged(draft: Draft, brief: Brief, moderator: Moderator | None) -> Draft:
    """Return a draft with what the owner's moderation says of it, where a model wrote it."""
    if moderator is None or draft.model is None or not draft.parts:
        return draft
    judgement = await moderator.judge("\n".join(draft.parts), turn=brief.turn, cause=brief.cause)
    found = ", ".join(f"{name} {score:.2f}" for name, score in list(judgement.scores.items())[:MOST_NOTED])
    note = f"{judgement.by}: {judgement.missing or found or 'nothing'}"
    return msgspec.structs.replace(draft, judgement=judgement, notes=(*draft.notes, note))
