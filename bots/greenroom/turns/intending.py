"""From words to what is to go out: the form that the account can show, and the pictures that are drawn for it."""

from greenroom.delivery import Means
from greenroom.storage import CLOCK, Due, State, Turn
from greenroom.turns.form import Misfit
from greenroom.turns.intent import language_of, parts_of
from greenroom.turns.outcomes import Outcomes
from greenroom.turns.picturing import Picturing
from greenroom.turns.shared import Shared
from greenroom_adapters.contract import Media, MediaRefused

__all__ = ["Intending"]

DRAFTED, INTENDED = State.DRAFTED, State.INTENDED


class Intending:
    """Makes the intents of one account."""

    def __init__(self, means: Means, shared: Shared, *, picturing: Picturing, outcomes: Outcomes) -> None:
        self._adapter = means.adapter
        self._bot = shared.bot
        self._floor = shared.floor
        self._ledger = means.ledger
        self._faults = means.faults
        self._picturing = picturing
        self._outcomes = outcomes

    async def intend(self, turn: Turn) -> None:
        """Bring a turn from `drafted` to `intended`: what it has to say, part by part, each with its key."""
        if not self._outcomes.live:
            return self._outcomes.end(turn, State.IGNORED, "rehearsing: this would have been said")
        speaker = self._floor.speaker
        try:
            form = speaker.form(turn, self._adapter)
        except Misfit as misfit:
            return self._outcomes.end(turn, State.DEAD, f"it cannot be posted there: {misfit}")
        made: tuple[Media, ...] = ()
        if isinstance(turn.event, Due):
            try:
                made = await self._picturing.drawn_for(turn, speaker.persona, speaker.studio)
            except MediaRefused as refusal:
                return self._outcomes.end(turn, State.DEAD, f"no picture could be made for it: {refusal}")
            if turn.state is not DRAFTED:
                # a command has met it meanwhile
                return None
        is_answer = turn.rule in speaker.answers and turn.kind != CLOCK
        language = language_of(turn, speaker.persona, is_answer=is_answer)
        turn.outbox = parts_of(turn, bot=self._bot, form=form, language=language, made=made)
        turn.state = INTENDED
        self._ledger.save(turn)
        if self._faults is not None:
            self._faults("after_intent")
        return None
