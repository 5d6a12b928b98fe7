"""The one door out: publishes the parts of a turn, each once, and finds out what became of a lost answer."""

import math
from collections.abc import Callable
from dataclasses import replace

from greenroom.delivery.acting import do
from greenroom.delivery.attempts import Attempts
from greenroom.delivery.conclusions import AGAIN, OVER, REMEMBERED, Conclusions, Next
from greenroom.delivery.deadlines import Deadlines, Watched
from greenroom.delivery.means import Means
from greenroom.delivery.pacing import note_block
from greenroom.delivery.payments import given_back
from greenroom.delivery.reconciling import Reconciling
from greenroom.policy import ALLOW, OWNERS, Allow, Hold, Later, Refuse, Repair, Verdict
from greenroom.storage import Due, Part, State, StorageError, Turn, note_gone
from greenroom.telemetry import get_log
from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Duplicate,
    MediaRefused,
    OutcomeUnknown,
    PostRef,
    PostRejected,
    RateLimited,
    Receipt,
    SupportsDelete,
    TargetGone,
    Trust,
    Unavailable,
    Unsupported,
    key_digest,
)

__all__ = ["Dispatcher"]


# Bound once: the members of an enumeration are looked up by a descriptor each time, and every turn asks for some.
INTENDED, SENDING, SENT = State.INTENDED, State.SENDING, State.SENT


class Dispatcher:
    """Publishes for one account. Nothing else calls `Adapter.publish`.

    The order of effects is the promise: the attempt is committed, then the first byte leaves; an outcome that is
    unknown is looked up, then decided. `deliver` may be called for many turns at once.
    """

    def __init__(self, means: Means, *, may_send: Callable[[Turn], Verdict]) -> None:
        """Take the means of an account; `may_send` is asked before the first try of a turn."""
        self._adapter = means.adapter
        self._account = means.account
        self._ledger = means.ledger
        self._pacer = means.pacer
        self._may_send = may_send
        self._clock = means.clock
        self._faults = means.faults
        self._shelf = means.shelf
        self._payments = means.payments
        self._deadlines = Deadlines(means.adapter)
        self._attempts = Attempts(means)
        self._conclusions = Conclusions(means)
        self._reconciling = Reconciling(
            means, attempts=self._attempts, conclusions=self._conclusions, deadlines=self._deadlines
        )
        self._is_fenced = math.isfinite(means.ledger.act_within)
        """Another machine may take over while this process stands still."""
        self._taken_down: dict[str, None] = {}
        """Ids of the posts that were deleted here; the oldest are forgotten first."""
        self._log = get_log().bind(account=means.account)

    async def take_down(self, post: PostRef) -> None:
        """Delete a post of the account. One that is gone already is no error.

        :raises AdapterError: it is still there, for all that is known
        """
        adapter = self._adapter
        if not isinstance(adapter, SupportsDelete):
            raise Unsupported("nothing can be deleted here", platform=adapter.platform, account=self._account)
        # the platform may tell of it before it answers
        self._taken_down[post.id] = None
        if len(self._taken_down) > REMEMBERED:
            del self._taken_down[next(iter(self._taken_down))]
        await adapter.delete(post)

    def has_taken_down(self, post_id: str) -> bool:
        """Say whether this account has deleted the post since the start, as far as it is remembered."""
        return post_id in self._taken_down

    def has_published(self, post_id: str, key: str | None = None) -> bool:
        """Say whether this account has published the post since the start, or tried to under the key with this digest,
        as far as it is remembered."""
        return self._conclusions.has_published(post_id, key)

    async def deliver(self, turn: Turn) -> None:
        """Bring a turn from `intended` or `sending` to where it rests: sent, unknown, stale, ignored or dead.

        Cancelled, it leaves the ledger as it is: a later `deliver` of the stored turn goes on from there.

        :raises StorageError: the ledger failed; nothing more may go out
        """
        if self._adapter.capabilities is not self._conclusions.looked_at:
            self._conclusions.look()
        outbox = turn.outbox
        for index, part in enumerate(outbox):
            if part.post_id is not None or (part.act is not None and part.is_over):
                continue
            if index and part.number == 0 and part.act is None:
                above = outbox[index - 1]
                part.post = replace(part.post, in_reply_to=PostRef(id=above.post_id or "", url=above.url))
            after = AGAIN
            if part.post.media and part.number == 0:
                after = await self._fit(turn, part)
            if after is AGAIN and turn.state is SENDING and part.act is None:
                # where another machine may have tried it, that one's clock says nothing about ours
                since = self._clock.micros() if self._is_fenced else 0
                why = "the program stopped while it was being sent"
                after = await self._reconciling.reconcile(turn, part, why, heard_of=since)
            while after is AGAIN:
                if turn.state is SENDING and not self._attempts.trusts_key(part):
                    after = await self._reconciling.reconcile(turn, part, turn.reason)
                else:
                    after = await self._try(turn, index, part)
            if after is OVER:
                return

    async def _fit(self, turn: Turn, part: Part) -> Next:
        """Make what is attached fit the platform, before the first try: it is not changed any more after that."""
        limit = self._adapter.capabilities.limits.media
        if self._shelf is None or limit is None or part.prepared:
            return AGAIN
        try:
            name = turn.event.filter if isinstance(turn.event, Due) else None
            part.post, notes = await self._shelf.fit(part.post, limit, filter_name=name)
        except MediaRefused as refusal:
            return (
                self._conclusions.end(turn, State.DEAD, f"refused before sending: {refusal}")
                if _is_on_its_way(turn)
                else OVER
            )
        for note in notes:
            self._ledger.note(turn.seq, "made to fit", note)
        # it took a while, in which a deletion, an edit or a command may have met the turn
        return AGAIN if _is_on_its_way(turn) else OVER

    async def _try(self, turn: Turn, index: int, part: Part) -> Next:
        """Make one try. A turn that comes in `sending` was tried before with an unknown outcome, under a key that is
        still trusted: whatever this try brings, only a receipt or a look at the platform may end that doubt."""
        # an act is done again without any doubt: twice is once
        in_doubt = turn.state is SENDING and part.act is None
        now = self._clock.micros()
        if turn.expires < now and index == 0 and not in_doubt:
            return self._conclusions.end(turn, State.STALE, "it is too late to send it")
        has_place = turn.not_before <= now and (
            self._pacer.take() if turn.trust is not Trust.OWNER else self._take_place(turn)
        )
        if not has_place and (after := await self._wait_for_place(turn, index, in_doubt)) is not None:
            return after
        tried = part.number
        try:
            if in_doubt and not self._attempts.trusts_key(part):
                # its window ended while the turn waited
                return AGAIN
            if self._payments is not None and self._payments.can_be_due and self._payments.is_due(part):
                if (why := await self._payments.reserve(turn, part)) is not None:
                    return self._unaffordable(turn, why)
                if not _is_on_its_way(turn):
                    # a deletion, an edit or a command met it meanwhile
                    await self._conclusions.settle(given_back(part), 0)
                    return OVER
            if not (in_doubt or index):
                verdict = self._may_send(turn)
                if verdict is not ALLOW and not isinstance(verdict, Allow):
                    spend = given_back(part)
                    after = self._stopped(turn, verdict)
                    await self._conclusions.settle(spend, 0)
                    return after
            answer = await self._publish(turn, part)
        finally:
            self._pacer.end(was_used=part.number > tried)
        if isinstance(answer, Receipt):
            if self._faults is not None:
                self._faults("after_publish_before_receipt")
            return (
                await self._conclusions.paid(turn, part, answer)
                if part.spend
                else self._conclusions.accept(turn, part, answer)
            )
        spend = given_back(part) if _is_nothing(answer) and not in_doubt else 0
        after = await self._failed(turn, part, answer, in_doubt)
        await self._conclusions.settle(spend, 0)
        return after

    def _unaffordable(self, turn: Turn, why: str) -> Next:
        """Let a turn wait for money, which is there tomorrow, or when the owner says so."""
        assert self._payments is not None  # noqa: S101 - nobody else finds it too dear
        if turn.reason != why:
            # under a name of its own: the owner is told of the day's money once, not of each post that waits for it
            self._ledger.note(turn.seq, "too dear", why)
            self._log.warning("waits for money", turn=turn.seq, why=why)
        turn.not_before, turn.reason = self._payments.again_at(), why
        self._ledger.save(turn)
        return AGAIN

    def _stopped(self, turn: Turn, verdict: Later | Repair | Hold | Refuse) -> Next:
        """Do with a turn of which nothing has gone out yet what the policy says at the last moment."""
        if isinstance(verdict, Later):
            turn.not_before, turn.reason = verdict.until, verdict.reason
            self._ledger.save(turn)
            return AGAIN
        if isinstance(verdict, Hold):
            self._ledger.note(turn.seq, "held", verdict.reason)
            turn.state, turn.reason = State.HELD, verdict.reason
            self._ledger.save(turn)
            return OVER
        return self._conclusions.end(turn, State.IGNORED, verdict.reason)

    async def _wait_for_place(self, turn: Turn, index: int, in_doubt: bool) -> Next | None:
        """Wait until the turn may go out; None: it has a place with the pacer, to be given back."""
        # while it waits, the intent is on disk
        await self._ledger.committed()
        if await self._wait(turn):
            return None
        if not _is_on_its_way(turn):
            # a deletion, an edit or a command met it while it waited
            return OVER
        if in_doubt:
            return self._conclusions.park(turn, f"{turn.reason}; no chance to ask again in time")
        if index:
            # half a thread is out: its owner decides about the rest
            missing = f"part {index + 1} of {len(turn.outbox)}"
            return self._conclusions.end(
                turn, State.DEAD, f"{missing} had no chance to go out in time: {self._obstacle(turn)}"
            )
        return self._conclusions.end(turn, State.STALE, f"no chance to send it in time: {self._obstacle(turn)}")

    async def _wait(self, turn: Turn) -> bool:
        """Wait for the turn's own pause and the account's; say whether it has its place now."""
        while True:
            pause = min(turn.not_before, turn.expires) - self._clock.micros()
            if pause > 0:
                await self._clock.sleep_until(min(turn.not_before, turn.expires))
            if not _is_on_its_way(turn) or self._clock.micros() >= turn.expires:
                return False
            if turn.not_before <= self._clock.micros():
                if self._take_place(turn):
                    return True
                await self._pacer.wait(turn.expires, past_pause=_is_past_pause(turn))

    def _take_place(self, turn: Turn) -> bool:
        return self._pacer.take(past_pause=_is_past_pause(turn))

    async def _publish(self, turn: Turn, part: Part) -> Receipt | AdapterError | TimeoutError:
        """Make one try, committed before its first byte; return the receipt, or how it failed."""
        if part.number == 0 and not part.prepared and part.act is None:
            try:
                part.prepared = self._adapter.prepare(part.post, key=part.key)
            except PostRejected as refusal:
                return refusal
        now = self._clock.micros()
        part.number += 1
        part.last_tried = now
        if part.first_tried == 0:
            part.first_tried = now
        turn.state = SENDING
        self._ledger.save(turn)
        began = self._clock.elapsed() if self._is_fenced else 0.0
        await self._ledger.committed()
        if self._faults is not None:
            self._faults("after_sending")
        if self._is_fenced and self._clock.elapsed() - began > self._ledger.act_within:
            # this process stood still: by now another may be the one who publishes
            return Unavailable("it was held up for too long between noting a try and making it")
        if part.number == 1 and self._conclusions.shows_own:
            # the platform may show it before it answers
            self._conclusions.remember(key_digest(part.key))
        try:
            with Watched(self._deadlines):
                if part.act is not None:
                    receipt = await do(self._adapter, part.act, now=self._clock.now(), key=part.key)
                else:
                    receipt = await self._adapter.publish(self._attempts.of(turn, part))
        except (AdapterError, TimeoutError) as failure:
            return failure
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, a byte may have left
            self._log.exception("adapter failed", turn=turn.seq)
            return OutcomeUnknown(f"the adapter failed: {type(error).__name__}")
        return receipt

    async def _failed(self, turn: Turn, part: Part, why: AdapterError | TimeoutError, in_doubt: bool) -> Next:
        """Decide what follows a try that brought no receipt."""
        match why:
            case RateLimited():
                turn.not_before = self._pacer.block(why.retry_after)
                # for the others as well, and over a restart
                note_block(self._ledger, self._account, turn.not_before)
                return self._conclusions.again(turn, part, str(why), in_doubt)
            case Unavailable():
                turn.not_before = self._conclusions.after_a_pause(part)
                return self._conclusions.again(turn, part, str(why), in_doubt)
            case AuthenticationFailed():
                self._conclusions.refused(turn, why)
                return self._conclusions.again(turn, part, str(why), in_doubt)
            case PostRejected() | Unsupported() if part.act is not None:
                return self._conclusions.refused_act(turn, part, str(why))
            case _ if part.act is not None:
                self._pacer.doubt()
                # whether it was done or not, it is done again
                turn.not_before = self._conclusions.after_a_pause(part)
                return self._conclusions.again(turn, part, str(why) or "no answer in time", in_doubt=False)
            case Duplicate():
                return await self._reconciling.reconcile(turn, part, str(why), refused=True)
            case PostRejected() if in_doubt:
                return self._conclusions.park(turn, f"{turn.reason}; a later try was refused: {why}")
            case TargetGone() if part is turn.outbox[0]:
                above = part.post.in_reply_to
                if above is not None and above.id == turn.post_id:
                    note_gone(self._ledger, self._account, above.id)
                return self._conclusions.end(turn, State.IGNORED, "source gone")
            case PostRejected():
                whose = "refused before sending" if part.number == 0 else "the platform refused it"
                return self._conclusions.end(turn, State.DEAD, f"{whose}: {why}")
            case _:
                self._pacer.doubt()
                # the platform may have taken it until this moment: what is absent settles from here
                part.last_tried = self._clock.micros()
                self._ledger.save(turn)
                return await self._reconciling.reconcile(turn, part, str(why) or "no answer in time")

    def _obstacle(self, turn: Turn) -> str:
        return self._pacer.paused or turn.reason or "the platform's limits"


def _is_on_its_way(turn: Turn) -> bool:
    return turn.state in (INTENDED, SENDING)


def _is_past_pause(turn: Turn) -> bool:
    """Say whether a pause does not matter to a turn. Who paused the account, and who asks how it is, hears what came of
    that; once, since a pause may also say that nothing can go out."""
    if turn.trust is not Trust.OWNER or turn.rule not in OWNERS:
        return False
    return not any(part.number for part in turn.outbox)


def _is_nothing(failure: AdapterError | TimeoutError) -> bool:
    """Say whether a try that failed so surely brought nothing out."""
    refused = isinstance(failure, PostRejected) and not isinstance(failure, Duplicate)
    return refused or isinstance(failure, Unavailable | AuthenticationFailed)
