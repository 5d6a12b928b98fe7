"""What the bot sees to itself, without an engine: stop and start, commands, the words of moderators."""

from collections.abc import Callable

from greenroom.delivery import Means
from greenroom.policy import Refuse, Word, order_of
from greenroom.storage import Draft, State, Turn
from greenroom.telemetry import get_log
from greenroom.turns.lanes import Lanes
from greenroom.turns.moderating import ORDERED, Moderating, Obeyed, words_for_owner
from greenroom.turns.outcomes import LONGEST_PAUSE, Outcomes
from greenroom.turns.shared import Shared
from greenroom.turns.taking_back import TakingBack
from greenroom_adapters.contract import AdapterError, Surface
from greenroom_adapters.text import split

__all__ = ["Obedience"]

RECEIVED = State.RECEIVED


class Obedience:
    """Obeys on one account, and finds the words for what came of it."""

    def __init__(
        self,
        means: Means,
        shared: Shared,
        *,
        lanes: Lanes,
        outcomes: Outcomes,
        may_write: Callable[[Turn], bool],
        taking_back: TakingBack,
    ) -> None:
        self._adapter = means.adapter
        self._ledger = means.ledger
        self._policy = shared.policy
        self._clock = means.clock
        self._chance = means.chance
        self._lanes = lanes
        self._outcomes = outcomes
        self._may_write = may_write
        self._obey = shared.obey
        self._moderating = Moderating(means, policy=shared.policy, taking_back=taking_back)
        self._log = get_log().bind(account=means.account)

    def confirm(self, turn: Turn) -> None:
        """Tell somebody who said stop or start that he was understood."""
        line = self._policy.consent.confirmation(turn)
        if line is None:
            why = f"has said {turn.rule} before, or otherwise since, or today"
            return self._outcomes.end(turn, State.IGNORED, why)
        if not self._may_write(turn):
            why = f"{turn.rule} is noted, and the bot does not write in that room"
            return self._outcomes.end(turn, State.IGNORED, why)
        if isinstance(verdict := self._policy.may_answer(turn), Refuse):
            return self._outcomes.end(turn, State.IGNORED, verdict.reason)
        self._policy.consent.confirmed(turn)
        return self._outcomes.store(turn, Draft(parts=(line,), engine="lines"))

    async def answer_command(self, turn: Turn) -> None:
        """Obey a command, and say what came of it. One that is given up on the way is obeyed again: each can be."""
        words = await self._obey(turn)
        if turn.state is not RECEIVED:
            return None
        if not words:
            return self._outcomes.end(turn, State.IGNORED, "was told so a moment ago")
        if not self._may_write(turn):
            return self._outcomes.end(turn, State.IGNORED, "obeyed, and the bot does not write in that room")
        parts = split(words, self._adapter.capabilities.limits.text_on(turn.surface))
        return self._outcomes.store(turn, Draft(parts=parts, engine="lines"))

    async def obey_moderator(self, turn: Turn) -> None:
        """Do what a moderator orders, tell the owner, and answer where there is something to say."""
        order = order_of(turn)
        if not self._outcomes.live and order is not None and order.word in (Word.UNDO, Word.LEAVE):
            return self._outcomes.end(turn, State.IGNORED, "rehearsing: this would have been obeyed")
        if (obeyed := await self._done(turn)) is None:
            return None
        if order is not None:
            self._ledger.note(turn.seq, ORDERED, words_for_owner(turn, order, obeyed))
        if turn.state is not RECEIVED:
            # deleted while it was obeyed
            return None
        speaks = Surface.CHAT in self._adapter.capabilities.surfaces
        if obeyed.words is None or not speaks or not self._may_write(turn):
            return self._outcomes.end(turn, State.IGNORED, f"obeyed a moderator: {obeyed.done}")
        return self._outcomes.store(turn, Draft(parts=(obeyed.words,), engine="lines"))

    async def _done(self, turn: Turn) -> Obeyed | None:
        """Return what came of a moderator's order, however long the platform is away; None: the turn is over."""
        failures = 0
        while True:
            try:
                return await self._moderating.obey(turn)
            except AdapterError as absence:
                pause = min(LONGEST_PAUSE, 2.0 ** min(failures, 20)) * self._chance.uniform(1.0, 1.2)
                failures += 1
                if turn.state is not RECEIVED:
                    # its author has deleted it
                    return None
                if self._clock.micros() + pause * 1e6 > turn.expires:
                    self._outcomes.end(turn, State.DEAD, f"a moderator's order could not be obeyed: {absence}")
                    return None
                self._log.warning("a moderator's order has to wait", turn=turn.seq, why=str(absence))
                with self._lanes.asleep():
                    await self._clock.sleep(pause)
                if turn.state is not RECEIVED:
                    return None
