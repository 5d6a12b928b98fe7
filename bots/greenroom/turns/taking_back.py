"""Taking back what the bot has said: one way for its owner and for moderators."""

from greenroom.delivery import Dispatcher, Means
from greenroom.policy import Policy, is_command, is_stop_or_start, is_word
from greenroom.storage import TELL, State, Turn
from greenroom.turns.lanes import Lanes
from greenroom_adapters.contract import CommandGiven, PostRef, SupportsDelete, Unsupported

__all__ = ["TakingBack", "is_speech"]

_TOO_LATE = frozenset({State.SENDING, State.UNKNOWN, *(one for one in State if one.is_over)} - {State.DEAD})


def is_speech(turn: Turn) -> bool:
    """Say whether something of a turn went out that the bot said to others: nothing that its owner was told, and no
    answer to a word or command that the bot itself obeys."""
    return (
        any(part.post_id is not None for part in turn.outbox)
        and turn.rule != TELL
        and not is_word(turn)
        # the answer to a command that the bot itself obeys stands before whoever gave it alone
        and not is_command(turn)
        and not (is_stop_or_start(turn) and isinstance(turn.event, CommandGiven))
    )


class TakingBack:
    """Takes back on one account. Done again after a crash, it has the same effect."""

    def __init__(self, means: Means, *, policy: Policy, dispatcher: Dispatcher, lanes: Lanes) -> None:
        self._adapter = means.adapter
        self._ledger = means.ledger
        self._policy = policy
        self._dispatcher = dispatcher
        self._lanes = lanes

    @property
    def is_possible(self) -> bool:
        """The platform lets posts be deleted."""
        return isinstance(self._adapter, SupportsDelete)

    async def delete(self, said: Turn, why: str) -> Turn:
        """Delete every post of a turn, and withdraw it; what it answers is not answered again. The change is queued
        with the ledger. Return the turn as it is then.

        :raises AdapterError: a post of it is still there, for all that is known
        """
        if not self.is_possible:
            raise Unsupported("nothing can be deleted there", platform=self._adapter.platform)
        for part in said.outbox:
            if part.post_id is not None:
                await self._dispatcher.take_down(PostRef(id=part.post_id, url=part.url))
        # it may have been emptied meanwhile
        said = await self._ledger.turn(said.seq) or said
        self._withdraw(said, why)
        return said

    async def stop(self, seq: int, why: str) -> Turn | None:
        """Withdraw a turn of which nothing is out, so that nothing of it goes out; None: something is, or may be, or it
        is over already. Commits before it returns."""
        # a turn that was taken from the disk before the change is on it would not know of it
        async with self._lanes.disk:
            stored = await self._ledger.turn(seq)
            turn = next((one for one in self._lanes.in_memory() if one.seq == seq), stored)
            if turn is None or turn.state in _TOO_LATE or any(part.is_over for part in turn.outbox):
                return None
            self._withdraw(turn, why)
            self._policy.rested(turn)
            await self._ledger.committed()
        return turn

    def _withdraw(self, turn: Turn, why: str) -> None:
        turn.state, turn.reason = State.WITHDRAWN, why
        self._ledger.save(turn)
        self._ledger.note(turn.seq, turn.state.word, why)
