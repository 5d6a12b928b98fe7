"""What becomes of a turn, written down: its words, its end, or that it is put off."""

from collections.abc import Callable

import msgspec

from greenroom.delivery import Means
from greenroom.generation import EngineUnavailable
from greenroom.personas import Persona
from greenroom.policy import ALLOW, Allow, Hold, Verdict
from greenroom.storage import Draft, State, Turn
from greenroom.telemetry import get_log
from greenroom.turns.acting import Acts
from greenroom.turns.share import Shares, why_share
from greenroom.turns.shared import Shared

__all__ = ["LONGEST_PAUSE", "Outcomes"]

LONGEST_PAUSE = 900.0
"""Seconds between two tries of an engine at the most, unless its server asks for more."""

# Bound once: the members of an enumeration are looked up by a descriptor each time, and every turn asks for some.
DRAFTED = State.DRAFTED


class Outcomes:
    """Brings the turns of one account to their next state, in the ledger as well, and says why."""

    def __init__(self, means: Means, shared: Shared, *, put: Callable[[Turn], None], live: bool) -> None:
        self.live = live
        """What is said is published; else it is rehearsed."""
        self._adapter = means.adapter
        self._ledger = means.ledger
        self._policy = shared.policy
        self._clock = means.clock
        self._faults = means.faults
        self._chance = means.chance
        self._outage = shared.outage
        self._put = put
        self._shares = Shares(means.ledger, means.clock, platform=means.adapter.realm)
        self._log = get_log().bind(account=means.account)

    def end(self, turn: Turn, state: State, why: str) -> None:
        """End a turn, or park it."""
        turn.state, turn.reason, turn.starts = state, why, 0
        self._ledger.save(turn)
        self._ledger.note(turn.seq, state.word, why)
        self._log.info(state.word, turn=turn.seq, why=why)

    def weigh(self, turn: Turn, draft: Draft, verdict: Verdict, acts: Acts | None = None) -> None:
        """Store words as the policy says: ready to go out, held for a person, or not to be said; with the `acts` of
        the turn's rule beside them."""
        if verdict is ALLOW:
            return self.store(turn, draft, acts=acts)
        match verdict:
            case Allow():
                self.store(turn, draft, acts=acts)
            case Hold() if self.live:
                self._ledger.note(turn.seq, "held", verdict.reason)
                self.store(turn, draft, State.HELD, verdict.reason, acts=acts)
            case Hold():
                noted = (*draft.notes, f"to be held: {verdict.reason}")
                self.store(turn, msgspec.structs.replace(draft, notes=noted), acts=acts)
            case _:
                turn.draft = draft
                self.end(turn, State.IGNORED, verdict.reason)

    def store(
        self, turn: Turn, draft: Draft, state: State = DRAFTED, reason: str = "", *, acts: Acts | None = None
    ) -> None:
        """Queue what was generated, and may have been paid for, in one change with its state."""
        if acts is not None and not draft.acts:
            draft = msgspec.structs.replace(draft, acts=acts.about(turn, self._adapter))
        turn.draft, turn.state, turn.reason = draft, state, reason
        turn.starts = turn.not_before = 0
        self._ledger.save(turn)
        if self._faults is not None:
            self._faults("after_draft")

    def wait_for_engine(self, turn: Turn, absence: EngineUnavailable, persona: Persona) -> None:
        """Put the turn off durably: it keeps its lane until the engine answers or it is stale. Who asked directly is
        told so once."""
        asked = absence.retry_after.total_seconds() if absence.retry_after is not None else 0.0
        waited = max(0.0, (self._clock.micros() - turn.received) / 1e6)
        left = (turn.expires - self._clock.micros()) / 1e6
        # towards the end it is tried more often, so that an engine that comes back in time is used
        pause = max(asked, min(LONGEST_PAUSE, 2.0 + waited, max(2.0, left / 2))) * self._chance.uniform(1.0, 1.2)
        turn.starts = 0
        turn.not_before = self._clock.micros() + int(pause * 1e6)
        turn.reason = f"no engine can answer: {absence}"
        self._ledger.save(turn)
        if (words := self._outage.words(turn, persona)) is not None:
            self._put(words)
        self._log.warning(
            "no engine can answer, trying again", turn=turn.seq, seconds=round(pause, 1), why=str(absence)
        )

    def leave_for_tomorrow(self, turn: Turn, persona: Persona) -> None:
        """Leave a turn alone whose author has had his share of the money. Who asked directly is told so once a day."""
        terms = self._policy.terms
        if (words := self._shares.words(turn, persona, terms)) is not None:
            self._put(words)
        self.end(turn, State.IGNORED, why_share(turn, terms))
