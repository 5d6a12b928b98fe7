"""Finding out what became of a try whose answer was lost."""

import asyncio
from datetime import timedelta

from greenroom.clock import MICROSECOND
from greenroom.delivery.attempts import Attempts
from greenroom.delivery.conclusions import Conclusions, Next
from greenroom.delivery.deadlines import Deadlines, Watched
from greenroom.delivery.means import Means
from greenroom.delivery.payments import given_back
from greenroom.storage import Part, State, StorageError, Turn
from greenroom.telemetry import get_log
from greenroom_adapters.contract import (
    Absent,
    Attempt,
    AuthenticationFailed,
    Found,
    Receipt,
    Unavailable,
    Undecided,
)

__all__ = ["Reconciling"]

PATIENCE = timedelta(minutes=10)
"""How long past the settling time the platform is asked what became of a post, before a person is."""
LOOKED_UP_AT_ONCE = 8
"""Posts of which the platform is asked at the same time; a killed bot may come back with hundreds in doubt."""


class Reconciling:
    """Asks the platform of one account."""

    def __init__(self, means: Means, *, attempts: Attempts, conclusions: Conclusions, deadlines: Deadlines) -> None:
        self._adapter = means.adapter
        self._account = means.account
        self._ledger = means.ledger
        self._clock = means.clock
        self._faults = means.faults
        self._chance = means.chance
        self._attempts = attempts
        self._conclusions = conclusions
        self._deadlines = deadlines
        self._looking_up = asyncio.Semaphore(LOOKED_UP_AT_ONCE)
        self._log = get_log().bind(account=means.account)

    async def reconcile(self, turn: Turn, part: Part, why: str, *, refused: bool = False, heard_of: int = 0) -> Next:
        """Find out what became of the last try: done, to be tried again under the same key, or parked for a person.

        `refused`: this try was refused as a duplicate; if the platform cannot show ours, it is dead, not new.
        `heard_of`: when this process heard of the last try, which another machine may have made; what is absent settles
        from there.
        """
        if self._faults is not None:
            self._faults("before_reconcile")
        settled = max(part.last_tried, heard_of) + self._adapter.capabilities.settles_after // MICROSECOND
        give_up = max(settled, self._clock.micros()) + PATIENCE // MICROSECOND
        turn.reason = f"outcome unknown: {why}"
        attempt = self._attempts.of(turn, part)
        asked = 0
        while True:
            answer = await self._find(turn, attempt)
            if self._faults is not None:
                self._faults("after_reconcile")
            if isinstance(answer, Absent) and heard_of and self._clock.micros() < settled:
                answer = Undecided(reason="another machine tried it, and it may still appear")
            if isinstance(answer, Found) and not await self._is_ours(turn, answer.receipt):
                # the same words to the same place: another turn's post proves nothing about this one
                answer = Undecided(reason="what the platform has belongs to another turn", final=True)
            if isinstance(answer, Found):
                self._ledger.note(turn.seq, "found", f"{why}; the platform has it")
                if not refused:
                    self._conclusions.looked_up(is_out=True)
                return await self._conclusions.paid(turn, part, answer.receipt)
            if isinstance(answer, Absent):
                spend = given_back(part)
                if refused:
                    after = self._conclusions.end(
                        turn, State.DEAD, f"the platform calls it a duplicate of something else: {why}"
                    )
                else:
                    self._conclusions.looked_up(is_out=False)
                    self._ledger.note(turn.seq, "absent", f"{why}; the platform does not have it")
                    after = self._conclusions.again(turn, part, why, in_doubt=False)
                await self._conclusions.settle(spend, 0)
                return after
            if self._attempts.trusts_key(part) and not refused:
                # the first doubt is settled at once; a platform that goes on losing its answers is given time
                turn.not_before = self._conclusions.after_a_pause(part) if part.number > 1 else 0
                return self._conclusions.again(turn, part, why, in_doubt=True)
            if answer.final or self._clock.micros() >= give_up:
                return self._conclusions.park(turn, f"{why}; {answer.reason}")
            asked += 1
            await self._clock.sleep(min(30.0, 0.25 * 2.0 ** min(asked, 8)) * self._chance.uniform(0.5, 1.0))

    async def _is_ours(self, turn: Turn, receipt: Receipt) -> bool:
        """Say whether no other turn has this post as its own; if so, it is this turn's until it is accepted."""
        post = receipt.ref.id
        if self._conclusions.claimed.setdefault(post, turn.seq) != turn.seq:
            return False
        await self._ledger.committed()
        if await self._ledger.turn_of_post(self._account, post) in (None, turn.seq):
            return True
        del self._conclusions.claimed[post]
        return False

    async def _find(self, turn: Turn, attempt: Attempt) -> Found | Absent | Undecided:
        """Ask the platform for the post; a question without an answer decides nothing."""
        try:
            async with self._looking_up:
                with Watched(self._deadlines):
                    return await self._adapter.find(attempt)
        except AuthenticationFailed as refusal:
            self._conclusions.refused(turn, refusal)
            return Undecided(reason=str(refusal))
        except (Unavailable, TimeoutError) as silence:
            return Undecided(reason=str(silence) or "no answer in time")
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - an adapter's own bug says nothing about the post
            self._log.exception("adapter failed", turn=turn.seq)
            return Undecided(reason=f"the adapter failed: {type(error).__name__}")
