"""Turns that rest because nobody knows how they ended, or they cannot go out: what a person decides about them."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from greenroom.clock import MICROSECOND, Clock
from greenroom.delivery import given_back
from greenroom.storage import Ledger, Part, State, Turn
from greenroom.turns import AccountDesk
from greenroom.turns.gathering import reopened
from greenroom_adapters.contract import ConfigurationError, UnknownEvent

__all__ = ["SECOND_CHANCE", "TurnsAside"]

SECOND_CHANCE = timedelta(hours=6)
"""How long a turn that was taken up again by hand has."""


class TurnsAside:
    """The dead and unknown turns of one bot. Changes are queued with the ledger; whoever calls waits for the commit.

    `desks` are those of the running bot: what is tried again goes on there, at the end of its conversation's lane.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        clock: Clock,
        desks: Mapping[str, AccountDesk],
        rested: Callable[[Turn], None],
    ) -> None:
        """Take the bot's parts; `rested` hears of a turn that ends here."""
        self._rested = rested
        self._ledger = ledger
        self._clock = clock
        self._desks = desks

    async def retry(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """A person says that it did not go out: it is tried again, under the same keys. A held one is drafted anew."""
        turn = await self._aside(arguments, State.DEAD, State.UNKNOWN, State.HELD)
        if isinstance(turn.event, UnknownEvent):
            raise ConfigurationError(f"turn {turn.seq} is too old: its texts are gone")
        if turn.state is State.HELD and turn.expires < self._clock.micros():
            raise ConfigurationError(f"turn {turn.seq} was held for too long: say it as something new")
        if turn.state is State.HELD:
            # other words are found: what was ready to go out, before it was held or written by hand, is dropped
            turn.outbox = []
        spends = [given_back(part) for part in turn.outbox if part.spend]
        for part in turn.outbox:
            if part.post_id is None:
                # what was prepared may be why it was refused; it did not go out, so it may be prepared again
                part.number, part.first_tried, part.prepared, part.checkpoint = 0, 0, b"", None
        turn.state = State.INTENDED if turn.outbox else State.RECEIVED
        again = [] if turn.outbox else await reopened(turn, turn.draft, self._ledger)
        turn.reason, turn.starts, turn.not_before = "tried again by hand", 0, 0
        turn.expires = max(turn.expires, self._clock.micros() + SECOND_CHANCE // MICROSECOND)
        self._ledger.work_again(turn)
        self._ledger.note(turn.seq, "tried again", "by hand")
        if (desk := self._desks.get(turn.account)) is not None:
            for one in (turn, *again):
                desk.lanes.resume(one)
        for spend in spends:
            # it did not go out, so it was not paid
            await self._ledger.settle(spend, 0)
        return {"done": "tried again", "turn": turn.seq}

    async def drop(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`turn`. It shall not go out, and rests for good."""
        turn = await self._aside(arguments, State.DEAD, State.UNKNOWN, State.HELD)
        turn.state, turn.reason = State.WITHDRAWN, "dropped by hand"
        self._ledger.save(turn)
        self._ledger.note(turn.seq, "dropped", "by hand")
        self._rested(turn)
        return {"done": "dropped", "turn": turn.seq}

    async def went_out(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """A person says that it did go out; `post` is its id or address on the platform, where known."""
        turn = await self._aside(arguments, State.UNKNOWN, State.DEAD)
        where = str(arguments.get("post") or "")
        if not where and sum(not part.is_over and part.act is None for part in turn.outbox) > 1:
            raise ConfigurationError("say which post it is, by its address or id: the rest of the thread answers it")
        now = self._clock.micros()
        paid: dict[int, int] = {}
        for number, part in enumerate(turn.outbox):
            if not part.is_over:
                paid[part.spend], part.spend, part.price = part.price, 0, 0
                _believe(part, where, now)
                if where:
                    self._ledger.receipt(turn, number)
                break
        remaining = any(not part.is_over for part in turn.outbox)
        turn.state, turn.reason = (State.INTENDED if remaining else State.SENT), "went out, says its owner"
        turn.expires = max(turn.expires, now + SECOND_CHANCE // MICROSECOND)
        if remaining:
            self._ledger.work_again(turn)
        else:
            self._ledger.save(turn)
            self._rested(turn)
        self._ledger.note(turn.seq, "went out", where or "says its owner")
        if remaining and (desk := self._desks.get(turn.account)) is not None:
            desk.lanes.resume(turn)
        for spend, price in paid.items():
            if spend:
                await self._ledger.settle(spend, price)
        return {"done": "noted as sent", "turn": turn.seq}

    async def _aside(self, arguments: Mapping[str, Any], *states: State) -> Turn:
        seq = int(arguments["turn"])
        turn = await self._ledger.turn(seq)
        if turn is None:
            raise ConfigurationError(f"there is no turn {seq}; `greenroom dead` lists what waits")
        if turn.state not in states:
            words = " or ".join(state.word for state in states)
            why = f" ({turn.reason})" if turn.reason else ""
            raise ConfigurationError(f"turn {seq} is {turn.state.word}{why}, not {words}")
        return turn


def _believe(part: Part, where: str, now: int) -> None:
    """Note a post that its owner has seen; an address stands for its id where that is all he knows."""
    part.post_id = where.rstrip("/").rpartition("/")[2] if where else f"seen-by-owner-{part.key}"
    part.url = where if where.startswith(("http://", "https://")) else None
    part.published = now
