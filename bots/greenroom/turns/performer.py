"""One turn's way on one account: from the inbox through the voice to the door."""

import asyncio
import random
from collections.abc import Awaitable, Callable

from greenroom.clock import Clock
from greenroom.delivery import Dispatcher, Shelf
from greenroom.faults import FaultHook
from greenroom.policy import Policy
from greenroom.storage import Draft, Ledger, State, StorageError, Turn
from greenroom.telemetry import get_log
from greenroom.turns.asking import Asking
from greenroom.turns.beginning import Beginning
from greenroom.turns.briefing import Briefing
from greenroom.turns.commissions import Commissions
from greenroom.turns.deciding import Decisions
from greenroom.turns.drafting import Drafting
from greenroom.turns.gate import Gate
from greenroom.turns.intending import Intending
from greenroom.turns.lanes import Lanes
from greenroom.turns.obedience import Obedience
from greenroom.turns.offering import Offering
from greenroom.turns.others import Others
from greenroom.turns.outage import Outage
from greenroom.turns.outcomes import Outcomes
from greenroom.turns.picturing import Picturing
from greenroom.turns.speaking import Floor
from greenroom.turns.taking_back import TakingBack
from greenroom.turns.typing import Typing
from greenroom_adapters.contract import Adapter, CommandGiven

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
        adapter: Adapter,
        *,
        bot: str,
        account: str,
        floor: Floor,
        dispatcher: Dispatcher,
        ledger: Ledger,
        clock: Clock,
        faults: FaultHook | None,
        chance: random.Random,
        others: Others,
        lanes: Lanes,
        policy: Policy,
        live: bool,
        alone: asyncio.Lock,
        gate: Gate,
        outage: Outage,
        put: Callable[[Turn], None],
        decisions: Decisions,
        may_write: Callable[[Turn], bool],
        typing: Typing,
        dismiss: Callable[[CommandGiven], None],
        obey: Callable[[Turn], Awaitable[str]] | None,
        shelf: Shelf | None = None,
        taking_back: TakingBack,
    ) -> None:
        self._dispatcher = dispatcher
        self._ledger = ledger
        self._policy = policy
        self._gate = gate
        self._dismiss = dismiss
        self._outcomes = outcomes = Outcomes(
            adapter,
            account=account,
            ledger=ledger,
            policy=policy,
            clock=clock,
            faults=faults,
            chance=chance,
            outage=outage,
            put=put,
            live=live,
        )
        self.beginning = Beginning(
            floor=floor,
            ledger=ledger,
            policy=policy,
            clock=clock,
            lanes=lanes,
            decisions=decisions,
            outcomes=outcomes,
        )
        self._asking = Asking(
            adapter,
            floor=floor,
            policy=policy,
            lanes=lanes,
            briefing=Briefing(adapter, account=account, ledger=ledger, clock=clock),
            beginning=self.beginning,
            outcomes=outcomes,
            typing=typing,
        )
        picturing = Picturing(adapter, shelf)
        self._drafting = Drafting(
            adapter,
            floor=floor,
            ledger=ledger,
            policy=policy,
            clock=clock,
            faults=faults,
            decisions=decisions,
            others=others,
            outage=outage,
            alone=alone,
            typing=typing,
            beginning=self.beginning,
            asking=self._asking,
            obedience=Obedience(
                adapter,
                account=account,
                ledger=ledger,
                policy=policy,
                clock=clock,
                chance=chance,
                lanes=lanes,
                outcomes=outcomes,
                may_write=may_write,
                obey=obey,
                taking_back=taking_back,
            ),
            outcomes=outcomes,
            offering=Offering(adapter, shelf),
            picturing=picturing,
            commissions=Commissions(adapter, shelf),
        )
        self._intending = Intending(
            adapter,
            bot=bot,
            floor=floor,
            ledger=ledger,
            faults=faults,
            picturing=picturing,
            outcomes=outcomes,
        )
        self._log = get_log().bind(account=account)

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
