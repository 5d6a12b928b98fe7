"""Asking the voice: for the words of a turn, and for those to what its author wrote straight after it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import msgspec

from greenroom.delivery import Means
from greenroom.generation import (
    Brief,
    EngineUnavailable,
    GenerationError,
    Held,
    Outcome,
    Refused,
    ShareSpent,
    Silent,
    Spoken,
)
from greenroom.policy import ALLOW, Refuse, Repair, Verdict
from greenroom.storage import Draft, State, Turn
from greenroom.turns.acting import ACT
from greenroom.turns.beginning import Beginning
from greenroom.turns.briefing import Briefing
from greenroom.turns.gathering import NOBODY, Followers, followers_of
from greenroom.turns.lanes import Lanes
from greenroom.turns.outcomes import Outcomes
from greenroom.turns.shared import Shared
from greenroom.turns.speaking import Speaker, judged
from greenroom.turns.typing import Typing
from greenroom_adapters.contract import Adapter, OwnPostSeen

__all__ = ["Asking", "Words", "draft_of", "may_go_on", "with_chosen"]

STOPPED = EngineUnavailable("everything was stopped")
"""Stands for words that were not looked for; nobody reads it."""

Words = Draft | Held | Silent | GenerationError
"""What came of asking for words."""

RECEIVED = State.RECEIVED


class Asking:
    """Asks whoever speaks on one account, and the policy what it thinks of his words. Stores nothing."""

    def __init__(
        self,
        means: Means,
        shared: Shared,
        *,
        lanes: Lanes,
        beginning: Beginning,
        outcomes: Outcomes,
        typing: Typing,
    ) -> None:
        self._adapter = means.adapter
        self._floor = shared.floor
        self._policy = shared.policy
        self._lanes = lanes
        self._briefing = Briefing(means, shared.policy)
        self._beginning = beginning
        self._outcomes = outcomes
        self._typing = typing

    async def write_ahead(self, turn: Turn) -> Draft:
        """Return what an engine writes for a post that is in no ledger yet, which is paid as all is.

        :raises GenerationError: none can now, or what it wrote may not be said
        """
        if self._policy.switch.off is not None:
            raise EngineUnavailable(f"everything is stopped: {self._policy.switch.off}")
        words, verdict = await self.speak(turn, self._floor.speaker)
        if isinstance(words, GenerationError):
            raise words
        if not isinstance(words, Draft):
            raise Refused(words.reason)
        if isinstance(verdict, Refuse):
            raise Refused(verdict.reason)
        return words

    async def speak_to_all(self, turn: Turn, speaker: Speaker, gather: timedelta) -> tuple[Followers, Words, Verdict]:
        """Find words for the turn and for what its author wrote straight after it; return that as well."""
        found = followers_of(turn, self._behind(turn), gather=gather)
        known = {behind.seq for behind in self._lanes.behind(turn)}
        revision = turn.revisions
        followers = Followers.of(found)
        words, verdict = await self.speak(turn, speaker, followers)
        more = followers_of(turn, self._behind(turn), gather=None)[len(found) :]
        if more and more[0].seq not in known and may_go_on(turn, revision):
            # something was added while the engine worked: it reads all of it, once
            together = Followers.of([*found, *more])
            again, its_verdict = await self.speak(turn, speaker, together)
            # where his share is too little for that, what is paid already goes out
            if not isinstance(again, ShareSpent):
                followers, words, verdict = together, again, its_verdict
        return followers, words, verdict

    def _behind(self, turn: Turn) -> Iterator[Turn]:
        """Return the turns behind this one in its lane; what the files as they are now leave alone is over."""
        for one in self._lanes.behind(turn):
            if one.state is RECEIVED and not isinstance(one.event, OwnPostSeen):
                self._beginning.is_left_alone(one)
            yield one

    async def speak(self, turn: Turn, speaker: Speaker, followers: Followers = NOBODY) -> tuple[Words, Verdict]:
        """Find words, asked for anew once where the policy wants others; with what it says of them in the end.

        Each time before an engine is asked, everything may have been stopped: then it waits, and where the files are
        others afterwards, or the turn has ended, its revision tells whoever asked that the words are for nobody.
        """
        if self._policy.switch.off is not None and not await self._is_free_to_ask(turn, speaker):
            return STOPPED, ALLOW
        introductions = self._policy.introductions
        below = introductions.line_for(turn) if introductions.are_made else None
        form = speaker.form(turn, self._adapter)
        brief = self._briefing.brief(turn, speaker.persona, followers.texts, below=below, form=form)
        if turn.rule in speaker.acts and (acts := speaker.acts[turn.rule]).chooses:
            brief = msgspec.structs.replace(brief, choices=acts.choices(self._adapter))
        try:
            outcome = await self._ask(turn, speaker, brief)
            if not isinstance(outcome, Spoken):
                return outcome, ALLOW
            draft = draft_of(outcome, outcome.engine, followers)
            if outcome.chosen:
                draft = with_chosen(draft, turn, speaker, outcome.chosen, self._adapter)
            if speaker.moderator is not None:
                draft = await judged(draft, brief, speaker.moderator)
            verdict = self._policy.may_say(turn, draft)
            if verdict is ALLOW or not isinstance(verdict, Repair):
                return draft, verdict
            if self._policy.switch.off is not None and not await self._is_free_to_ask(turn, speaker):
                return STOPPED, ALLOW
            again = await self._ask(turn, speaker, msgspec.structs.replace(brief, correction=verdict.reason))
        except GenerationError as failure:
            return failure, ALLOW
        notes = (*outcome.notes, f"written again, because {verdict.reason}", *again.notes)
        if not isinstance(again, Spoken):
            return replace(again, cost=outcome.cost + again.cost, notes=notes), ALLOW
        again = msgspec.structs.replace(again, cost=outcome.cost + again.cost, notes=notes)
        draft = draft_of(again, again.engine, followers)
        draft = with_chosen(draft, turn, speaker, again.chosen, self._adapter)
        draft = await judged(draft, brief, speaker.moderator)
        verdict = self._policy.may_say(turn, draft)
        if isinstance(verdict, Repair):
            verdict = Refuse(f"written twice, and both times {verdict.reason}")
        return draft, verdict

    async def _ask(self, turn: Turn, speaker: Speaker, brief: Brief) -> Outcome:
        if not self._typing.is_possible:
            return await speaker.voice.speak(brief)
        with self._typing.shown(turn, live=self._outcomes.live):
            return await speaker.voice.speak(brief)

    async def _is_free_to_ask(self, turn: Turn, speaker: Speaker) -> bool:
        """Wait until an engine may be asked, while everything is stopped; say whether it is still to be asked, by this
        speaker."""
        if not await self._beginning.may_begin(turn):
            return False
        if self._floor.speaker is speaker:
            return True
        turn.revisions += 1
        return False


def draft_of(outcome: Spoken | Held, engine: str, followers: Followers) -> Draft:
    """Return the draft that words become."""
    return Draft(
        parts=outcome.parts,
        engine=engine,
        model=outcome.model,
        cost=outcome.cost,
        notes=outcome.notes,
        also=tuple([follower.seq for follower in followers.turns]) if followers.turns else (),
        read=followers.texts,
        trust=outcome.trust,
    )


def with_chosen(draft: Draft, turn: Turn, speaker: Speaker, chosen: tuple[str, ...], adapter: Adapter) -> Draft:
    """Return a draft with what a model chose to have done; without words it is no engine's text."""
    if not chosen or (acts := speaker.acts.get(turn.rule)) is None:
        return draft
    engine = draft.engine if draft.parts else ACT
    done = acts.about(turn, adapter, chosen=chosen)
    notes = (*draft.notes, f"{draft.engine} chose: {', '.join(chosen)}")
    return msgspec.structs.replace(draft, engine=engine, acts=done, notes=notes)


def may_go_on(turn: Turn, revision: int) -> bool:
    """Say whether the turn still is what it was when its engine was asked."""
    return turn.state is RECEIVED and turn.revisions == revision
