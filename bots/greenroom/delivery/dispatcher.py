"""The one door out: publishes the parts of a turn, each once, and finds out what became of a lost answer."""

import enum
import random
from dataclasses import replace
from datetime import timedelta
from functools import partial

from greenroom.clock import Clock, from_micros, to_micros
from greenroom.delivery.deadlines import Deadlines
from greenroom.delivery.pacing import Pacer
from greenroom.faults import FaultHook
from greenroom.storage import Ledger, Part, State, StorageError, Turn
from greenroom.telemetry import get_log
from greenroom_adapters.contract import (
    Absent,
    Adapter,
    Attempt,
    AuthenticationFailed,
    Duplicate,
    Found,
    IdempotencyKind,
    OutcomeUnknown,
    PostRef,
    PostRejected,
    RateLimited,
    Receipt,
    TargetGone,
    Unavailable,
)

__all__ = ["Dispatcher"]

MARGIN = timedelta(minutes=1)
"""A key is trusted until its window less this (or less a tenth of the window, whichever is smaller)."""
LONGEST_PAUSE = 300.0
"""Seconds between two tries at the most, unless the platform asks for more."""
PATIENCE = timedelta(minutes=10)
"""How long past the settling time the platform is asked what became of a post, before a person is."""


class _Next(enum.Enum):
    """What follows a try."""

    DONE = enum.auto()
    AGAIN = enum.auto()
    OVER = enum.auto()


class Dispatcher:
    """Publishes for one account. Nothing else calls `Adapter.publish`.

    The order of effects is the promise: the attempt is committed, then the first byte leaves; an outcome that is
    unknown is looked up, then decided. `deliver` may be called for many turns at once.
    """

    def __init__(
        self,
        adapter: Adapter,
        *,
        account: str,
        ledger: Ledger,
        pacer: Pacer,
        clock: Clock,
        faults: FaultHook,
        chance: random.Random,
    ) -> None:
        self._adapter = adapter
        self._account = account
        self._ledger = ledger
        self._pacer = pacer
        self._clock = clock
        self._faults = faults
        self._chance = chance
        self._deadlines = Deadlines(adapter)
        self._log = get_log().bind(account=account)

    async def deliver(self, turn: Turn) -> None:
        """Bring a turn from `intended` or `sending` to where it rests: sent, unknown, stale, ignored or dead.

        Cancelled, it leaves the ledger as it is: a later `deliver` of the stored turn goes on from there.

        :raises StorageError: the ledger failed; nothing more may go out
        """
        outbox = turn.outbox
        for index, part in enumerate(outbox):
            if part.post_id is not None:
                continue
            if index and part.number == 0:
                above = outbox[index - 1]
                part.post = replace(part.post, in_reply_to=PostRef(id=above.post_id or "", url=above.url))
            after = _Next.AGAIN
            if turn.state is State.SENDING:
                after = await self._reconcile(turn, part, "the program stopped while it was being sent")
            while after is _Next.AGAIN:
                if turn.state is State.SENDING and not self._key_is_trusted(part):
                    after = await self._reconcile(turn, part, turn.reason)
                else:
                    after = await self._try(turn, index, part)
            if after is _Next.OVER:
                return

    async def _try(self, turn: Turn, index: int, part: Part) -> _Next:
        """Make one try. A turn that comes in `sending` was tried before with an unknown outcome, under a key that is
        still trusted: whatever this try brings, only a receipt or a look at the platform may end that doubt."""
        pacer, ledger = self._pacer, self._ledger
        in_doubt = turn.state is State.SENDING
        if turn.not_before > self._clock.micros() or not pacer.is_free:
            # while it waits, the intent is on disk
            await ledger.committed()
            if not await self._wait(turn):
                if in_doubt:
                    return self._park(turn, f"{turn.reason}; no chance to ask again in time")
                return self._end(turn, State.STALE, f"no chance to send it in time: {self._obstacle(turn)}")
        elif turn.expires < self._clock.micros() and index == 0 and not in_doubt:
            return self._end(turn, State.STALE, "it is too late to send it")
        if turn.state.is_over or turn.state is State.HELD:
            # a command or a deletion met it while it waited
            return _Next.OVER
        if turn.revisions and index == 0 and part.number == 0:
            return self._draft_anew(turn)
        if part.number == 0 and not part.prepared:
            try:
                part.prepared = self._adapter.prepare(part.post, key=part.key)
            except PostRejected as refusal:
                return self._end(turn, State.DEAD, f"refused before sending: {refusal}")
        now = self._clock.micros()
        part.number += 1
        part.last_tried = now
        if part.first_tried == 0:
            part.first_tried = now
        turn.state = State.SENDING
        ledger.save(turn)
        await ledger.committed()
        self._faults("after_sending")
        attempt = self._attempt(turn, part)
        pacer.begin()
        try:
            with self._deadlines.watching():
                receipt = await self._adapter.publish(attempt)
        except RateLimited as refusal:
            turn.not_before = pacer.block(refusal.retry_after)
            return self._again(turn, part, str(refusal), in_doubt)
        except Unavailable as refusal:
            pause = min(LONGEST_PAUSE, 2.0 ** min(part.number, 10)) * self._chance.uniform(0.25, 0.5)
            turn.not_before = self._clock.micros() + int(pause * 1e6)
            return self._again(turn, part, str(refusal), in_doubt)
        except AuthenticationFailed as refusal:
            pacer.pause(f"the platform refuses the account's credentials: {refusal}")
            ledger.note(turn.seq, "account paused", str(refusal))
            self._log.error("account paused", why=str(refusal))
            return self._again(turn, part, str(refusal), in_doubt)
        except Duplicate as refusal:
            return await self._reconcile(turn, part, str(refusal), refused=True)
        except PostRejected as refusal:
            if in_doubt:
                return self._park(turn, f"{turn.reason}; a later try was refused: {refusal}")
            if isinstance(refusal, TargetGone):
                return self._end(turn, State.IGNORED, "source gone")
            return self._end(turn, State.DEAD, f"the platform refused it: {refusal}")
        except (OutcomeUnknown, TimeoutError) as lost:
            return await self._reconcile(turn, part, str(lost) or "no answer in time")
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, a byte may have left
            self._log.exception("adapter failed", turn=turn.seq)
            return await self._reconcile(turn, part, f"the adapter failed: {type(error).__name__}")
        finally:
            pacer.end()
        self._faults("after_publish_before_receipt")
        return self._accept(turn, part, receipt)

    async def _wait(self, turn: Turn) -> bool:
        """Wait for the turn's own pause and the account's; say whether it may go out now."""
        limit = turn.expires
        while True:
            pause = min(turn.not_before, limit) - self._clock.micros()
            if pause > 0:
                await self._clock.sleep(pause / 1e6)
            if turn.state.is_over or turn.state is State.HELD:
                return True
            if self._clock.micros() >= limit or not await self._pacer.wait(limit):
                return False
            if turn.not_before <= self._clock.micros():
                return True

    def _draft_anew(self, turn: Turn) -> _Next:
        """What it answers was edited before anything was tried: the draft answers a text that is gone."""
        turn.revisions = 0
        turn.state, turn.reason = State.RECEIVED, "what it answers was edited"
        turn.draft, turn.outbox = None, []
        self._ledger.save(turn)
        self._ledger.note(turn.seq, "drafted anew", turn.reason)
        return _Next.OVER

    def _obstacle(self, turn: Turn) -> str:
        return self._pacer.paused or turn.reason or "the platform's limits"

    def _attempt(self, turn: Turn, part: Part) -> Attempt:
        last = from_micros(part.last_tried)
        return Attempt(
            post=part.post,
            key=part.key,
            prepared=part.prepared,
            number=part.number,
            first_tried_at=last if part.number == 1 else from_micros(part.first_tried),
            last_tried_at=last,
            state=part.checkpoint,
            save=partial(self._checkpoint, turn, part),
        )

    async def _checkpoint(self, turn: Turn, part: Part, state: bytes) -> None:
        part.checkpoint = state
        self._ledger.save(turn)
        await self._ledger.committed()
        self._faults("after_checkpoint")

    def _accept(self, turn: Turn, part: Part, receipt: Receipt) -> _Next:
        part.post_id = receipt.ref.id
        part.url = receipt.ref.url
        part.published = to_micros(receipt.published_at)
        turn.not_before = 0
        is_last = part is turn.outbox[-1]
        turn.state = State.SENT if is_last else State.INTENDED
        turn.reason = ""
        self._ledger.receipt(turn, turn.outbox.index(part) if len(turn.outbox) > 1 else 0)
        self._ledger.save(turn)
        if receipt.quota is not None:
            self._pacer.heard(receipt.quota)
            self._ledger.pace(self._account, receipt.quota)
        self._faults("after_receipt")
        return _Next.DONE

    def _again(self, turn: Turn, part: Part, why: str, in_doubt: bool) -> _Next:
        """This try brought nothing: to be tried again under the same key. Without doubt it is only `intended` again."""
        turn.state = State.SENDING if in_doubt else State.INTENDED
        turn.reason = f"try {part.number}: {why}"
        self._ledger.save(turn)
        self._log.info("not sent, trying again", turn=turn.seq, why=why)
        return _Next.AGAIN

    def _end(self, turn: Turn, state: State, why: str) -> _Next:
        turn.state = state
        turn.reason = why
        self._ledger.save(turn)
        self._ledger.note(turn.seq, state.word, why)
        self._log.warning(state.word, turn=turn.seq, why=why)
        return _Next.OVER

    def _key_is_trusted(self, part: Part) -> bool:
        idempotency = self._adapter.capabilities.idempotency
        if idempotency.kind is not IdempotencyKind.KEYED:
            return False
        if idempotency.window is None:
            return True
        trusted = idempotency.window - min(MARGIN, idempotency.window / 10)
        return self._clock.micros() < part.first_tried + trusted // timedelta(microseconds=1)

    async def _reconcile(self, turn: Turn, part: Part, why: str, *, refused: bool = False) -> _Next:
        """Find out what became of the last try: done, to be tried again under the same key, or parked for a person.

        `refused`: this try was refused as a duplicate; if the platform cannot show ours, it is dead, not new.
        """
        self._faults("before_reconcile")
        capabilities = self._adapter.capabilities
        give_up = part.last_tried + (capabilities.settles_after + PATIENCE) // timedelta(microseconds=1)
        turn.reason = f"outcome unknown: {why}"
        attempt = self._attempt(turn, part)
        asked = 0
        while True:
            try:
                answer = await self._adapter.find(attempt)
            except (Unavailable, AuthenticationFailed, TimeoutError) as silence:
                verdict, final = str(silence) or "no answer in time", False
            else:
                if isinstance(answer, Found):
                    self._ledger.note(turn.seq, "found", f"{why}; the platform has it")
                    self._faults("after_reconcile")
                    return self._accept(turn, part, answer.receipt)
                if isinstance(answer, Absent):
                    if refused:
                        return self._end(
                            turn, State.DEAD, f"the platform calls it a duplicate of something else: {why}"
                        )
                    self._ledger.note(turn.seq, "absent", f"{why}; the platform does not have it")
                    self._faults("after_reconcile")
                    return self._again(turn, part, why, in_doubt=False)
                verdict, final = answer.reason, answer.final
                if self._key_is_trusted(part) and not refused:
                    self._faults("after_reconcile")
                    return self._again(turn, part, why, in_doubt=True)
            if final or self._clock.micros() >= give_up:
                return self._park(turn, f"{why}; {verdict}")
            asked += 1
            await self._clock.sleep(min(30.0, 0.25 * 2.0 ** min(asked, 8)) * self._chance.uniform(0.5, 1.0))

    def _park(self, turn: Turn, why: str) -> _Next:
        turn.state = State.UNKNOWN
        turn.reason = why
        self._ledger.save(turn)
        self._ledger.note(turn.seq, "unknown", why)
        self._log.error("outcome unknown, parked for a person", turn=turn.seq, why=why)
        return _Next.OVER
