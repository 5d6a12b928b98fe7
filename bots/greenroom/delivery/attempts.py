"""What tries are made with, and for how long their keys are trusted."""

from datetime import timedelta
from functools import partial

from greenroom.clock import MICROSECOND, from_micros
from greenroom.delivery.means import Means
from greenroom.storage import Part, Turn
from greenroom_adapters.contract import Attempt, IdempotencyKind

__all__ = ["Attempts"]

MARGIN = timedelta(minutes=1)
"""A key is trusted until its window less this (or less a tenth of the window, whichever is smaller)."""


class Attempts:
    """Knows the tries of one account."""

    def __init__(self, means: Means) -> None:
        self._adapter = means.adapter
        self._ledger = means.ledger
        self._clock = means.clock
        self._faults = means.faults

    def of(self, turn: Turn, part: Part) -> Attempt:
        """Return the latest try of a part, as its adapter takes it."""
        last = from_micros(part.last_tried)
        return Attempt(
            post=part.post,
            key=part.key,
            prepared=part.prepared,
            number=part.number,
            first_tried_at=last if part.first_tried == part.last_tried else from_micros(part.first_tried),
            last_tried_at=last,
            state=part.checkpoint,
            save=partial(self._checkpoint, turn, part),
        )

    async def _checkpoint(self, turn: Turn, part: Part, state: bytes) -> None:
        part.checkpoint = state
        self._ledger.save(turn)
        await self._ledger.committed()
        if self._faults is not None:
            self._faults("after_checkpoint")

    def trusts_key(self, part: Part) -> bool:
        """Say whether a part may be tried again under its key without asking first what became of it."""
        idempotency = self._adapter.idempotency_of(part.post)
        if idempotency.kind is not IdempotencyKind.KEYED:
            return False
        if idempotency.window is None:
            return True
        # what is sent at the last moment may be on its way for as long as a publish may take
        flight = self._adapter.capabilities.publish_deadline
        trusted = idempotency.window - max(flight, min(MARGIN, idempotency.window / 10))
        return self._clock.micros() < part.first_tried + trusted // MICROSECOND
