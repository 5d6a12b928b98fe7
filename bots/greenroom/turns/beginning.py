"""Whether work on a turn begins, and when: by the files as they are now, by the policy, by the hour."""

from greenroom.delivery import Means
from greenroom.policy import STOP, Allow, Later, Refuse, Verdict, is_stop_or_start, is_word
from greenroom.storage import CLOCK, State, Turn
from greenroom.turns.deciding import Decisions
from greenroom.turns.gathering import worth_waiting_until
from greenroom.turns.lanes import Lanes
from greenroom.turns.outcomes import Outcomes
from greenroom.turns.shared import Shared
from greenroom_adapters.contract import OwnPostSeen

__all__ = ["PASSED_ON", "WORDS_OF_PASSED_ON", "Beginning"]

PASSED_ON = "left to its owner: `greenroom held` lists it"
"""Why a turn is left alone that a rule with `tell` passes on; its owner may answer it by hand."""
WORDS_OF_PASSED_ON = frozenset({PASSED_ON, "passed to its owner"})
"""What stands as that reason in ledgers, of earlier versions as well."""

RECEIVED = State.RECEIVED


class Beginning:
    """Asks whether the turns of one account are worked on, and waits where they have to."""

    def __init__(self, means: Means, shared: Shared, *, lanes: Lanes, decisions: Decisions, outcomes: Outcomes) -> None:
        self._floor = shared.floor
        self._ledger = means.ledger
        self._policy = shared.policy
        self._clock = means.clock
        self._lanes = lanes
        self._decisions = decisions
        self._outcomes = outcomes

    def why_not(self, turn: Turn) -> str | None:
        """Return why the files as they are now leave a turn alone, or to its owner, who is told so; None: they do not.

        Asked before an engine is, and before the first try: what the owner wrote last decides.
        """
        if turn.decided_by != self._decisions.version and (why := self._decisions.why_not(turn)) is not None:
            return why
        if turn.rule not in self._floor.speaker.passed_on or turn.kind == CLOCK:
            return None
        if turn.draft is not None and turn.draft.approved:
            # a person has let it out
            return None
        self._ledger.note(turn.seq, "passed on", "its owner answers")
        return PASSED_ON

    def is_left_alone(self, turn: Turn) -> bool:
        """End a turn that is only to be known of, or that the files as they are now leave alone; say whether it is."""
        if isinstance(turn.event, OwnPostSeen):
            # its row is what the conversation is remembered by
            self._outcomes.end(turn, State.IGNORED, "written by hand from the bot's account")
            return True
        if (why := self.why_not(turn)) is None:
            return False
        self._outcomes.end(turn, State.IGNORED, why)
        return True

    async def wait_its_time(self, turn: Turn) -> None:
        """Wait as long as the turn has to, and for more from the same author as long as that is worth it."""
        while (begins := self._begins(turn)) and (pause := begins - self._clock.micros()) > 0:
            with self._lanes.asleep():
                await self._clock.sleep(pause / 1e6)

    def _begins(self, turn: Turn) -> int:
        gather = self._policy.terms.gather(turn)
        return worth_waiting_until(turn, self._lanes.behind(turn), gather=gather) if gather else turn.not_before

    async def may_begin(self, turn: Turn, said: Verdict | None = None) -> bool:
        """Ask the policy, before a start is counted and an engine is paid; what has to wait waits here. It may have
        `said` already what it thinks of it."""
        if is_word(turn):
            return True
        if is_stop_or_start(turn):
            # a crash may have come before its note
            self._policy.consent.note(turn)
            if turn.rule == STOP:
                return True
        while True:
            verdict, said = said or self._policy.may_answer(turn), None
            match verdict:
                case Allow():
                    return True
                case Later() if verdict.until < turn.expires:
                    await self._wait_until(turn, verdict.until)
                case Later():
                    # what it waits for comes too late for it
                    await self._wait_until(turn, turn.expires)
                    if turn.state is RECEIVED:
                        why = f"no chance to say it in time: {verdict.reason}"
                        self._outcomes.end(turn, State.STALE, why)
                    return False
                case Refuse():
                    self._outcomes.end(turn, State.IGNORED, verdict.reason)
                    return False
                case _:
                    return True
            if turn.state is not RECEIVED or self.is_left_alone(turn):
                # a limit or a stop has kept it waiting
                return False

    async def _wait_until(self, turn: Turn, moment: int) -> None:
        if turn.starts and not turn.suspect:
            # it was counted with the insert, and waiting is no start
            turn.starts = 0
            self._ledger.save(turn)
        with self._lanes.asleep():
            await self._clock.sleep_until(moment)
