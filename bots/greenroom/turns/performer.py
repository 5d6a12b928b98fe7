"""One turn's way on one account: from the inbox through the voice to the door."""

import asyncio
from collections.abc import Callable

from greenroom.delivery import Dispatcher, Means
from greenroom.storage import Draft, State, StorageError, Turn
from greenroom.telemetry import get_log
from greenroom.turns.asking import Asking
from greenroom.turns.beginning import Beginning
from greenroom.turns.deciding import Decisions
from greenroom.turns.drafting import Drafting
from greenroom.turns.gate import Gate
from greenroom.turns.intake import Intake
from greenroom.turns.intending import Intending
from greenroom.turns.lanes import Lanes
from greenroom.turns.obedience import Obedience
from greenroom.turns.others import Others
from greenroom.turns.outcomes import Outcomes
from greenroom.turns.picturing import Picturing
from greenroom.turns.shared import Shared
from greenroom.turns.taking_back import TakingBack
from greenroom.turns.typing import Typing
from greenroom_adapters.contract import CommandGiven

__all__ = ["Performer"]

# Bound once: the members of an enumeration are looked up by a descriptor each time, and every turn asks for some.
RECEIVED, DRAFTED, HELD = State.RECEIVED, State.DRAFTED, State.HELD


class Performer:
    """Brings the turns of one account from where they stand to where they rest.

    `perform` may be called for many turns at once, but only once for each. The order of effects: the start is
    counted, then the engine works; what it returns is stored, then it is looked at; delivery does the rest.
    """

    def __init__(
        self,
        means: Means,
        shared: Shared,
        *,
        dispatcher: Dispatcher,
        intake: Intake,
        lanes: Lanes,
        decisions: Decisions,
        others: Others,
        gate: Gate,
        typing: Typing,
        taking_back: TakingBack,
        dismiss: Callable[[CommandGiven], None],
        live: bool,
    ) -> None:
        self._dispatcher = dispatcher
        self._ledger = means.ledger
        self._policy = shared.policy
        self._gate = gate
        self._dismiss = dismiss
        self._outcomes = outcomes = Outcomes(means, shared, put=intake.put, live=live)
        self.beginning = Beginning(means, shared, lanes=lanes, decisions=decisions, outcomes=outcomes)
        self._asking = Asking(means, shared, lanes=lanes, beginning=self.beginning, outcomes=outcomes, typing=typing)
        picturing = Picturing(means)
        self._drafting = Drafting(
            means,
            shared,
            decisions=decisions,
            others=others,
            typing=typing,
            beginning=self.beginning,
            asking=self._asking,
            obedience=Obedience(
                means,
                shared,
                lanes=lanes,
                outcomes=outcomes,
                may_write=intake.may_write,
                taking_back=taking_back,
            ),
            outcomes=outcomes,
            picturing=picturing,
        )
        self._intending = Intending(means, shared, picturing=picturing, outcomes=outcomes)
        self._log = get_log().bind(account=means.account)

    def use(self, *, live: bool) -> None:
        """Publish from now on, or rehearse."""
        if live is not self._outcomes.live:
            self._outcomes.live = live
            self._log.info("is live" if live else "rehearses")

    def set_aside(self, turn: Turn) -> None:
        """Let a turn that waits to go out not go out: the account rehearses. What was tried already is seen through."""
        if turn.state is State.INTENDED and not any(part.number for part in turn.outbox):
            self._rehearse(turn)

    async def write_ahead(self, turn: Turn) -> Draft:
        """Return what an engine writes for a post that is in no ledger yet, which is paid as all is.

        :raises GenerationError: none can now, or what it wrote may not be said
        """
        return await self._asking.write_ahead(turn)

    async def perform(self, turn: Turn) -> None:
        """Work on a turn until it is sent, over or set aside.

        :raises StorageError: the ledger failed; the bot must stop
        """
        try:
            while turn.state < HELD:
                if turn.state is RECEIVED:
                    await self._drafting.draft(turn)
                elif turn.state is DRAFTED:
                    # a thousand engines may answer in the same moment; what they wrote is queued for the disk already
                    if (place := self._gate.enter()) is not None:
                        await place
                    if turn.state is DRAFTED:
                        await self._intending.intend(turn)
                elif not self._outcomes.live:
                    self._rehearse(turn)
                else:
                    await self._dispatcher.deliver(turn)
        except asyncio.CancelledError:
            if turn.state is RECEIVED and turn.starts:
                # a clean stop is no crash
                turn.starts = 0
                self._ledger.save(turn)
            raise
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one turn's bug must not end the account
            self._log.exception("turn failed", turn=turn.seq, event_id=turn.event_id)
            if turn.state is State.SENDING:
                why = f"the program failed while it was being sent: {type(error).__name__}"
                self._outcomes.end(turn, State.UNKNOWN, why)
            else:
                self._outcomes.end(turn, State.DEAD, f"the program failed on it: {type(error).__name__}: {error}")
        self._policy.rested(turn)
        if isinstance(turn.event, CommandGiven) and turn.state.is_over and turn.state is not State.SENT:
            self._dismiss(turn.event)

    def _rehearse(self, turn: Turn) -> None:
        """Set aside what was on its way out when the account was told to rehearse."""
        if turn.state is State.SENDING:
            why = "it was being sent when the account began to rehearse"
            return self._outcomes.end(turn, State.UNKNOWN, why)
        return self._outcomes.end(turn, State.IGNORED, "rehearsing: this would have been said")
