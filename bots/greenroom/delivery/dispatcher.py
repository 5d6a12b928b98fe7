"""The one door out: publishes the parts of a turn, each once, and finds out what became of a lost answer."""

import asyncio
import enum
import math
import random
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from greenroom.clock import MICROSECOND, Clock, from_micros, to_micros
from greenroom.delivery.acting import do
from greenroom.delivery.deadlines import Deadlines
from greenroom.delivery.pacing import Pacer, note_block
from greenroom.delivery.payments import Payments, given_back
from greenroom.delivery.shelf import Shelf
from greenroom.faults import FaultHook
from greenroom.policy import OWNERS, Allow, Hold, Later, Refuse, Repair, Verdict
from greenroom.storage import Due, Ledger, Part, State, StorageError, Turn, note_gone
from greenroom.telemetry import get_log
from greenroom_adapters.contract import (
    Absent,
    Adapter,
    AdapterError,
    Attempt,
    AuthenticationFailed,
    Capabilities,
    Duplicate,
    Found,
    IdempotencyKind,
    Kind,
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
    Undecided,
    Unsupported,
    key_digest,
)

__all__ = ["Dispatcher"]

MARGIN = timedelta(minutes=1)
"""A key is trusted until its window less this (or less a tenth of the window, whichever is smaller)."""
LONGEST_PAUSE = 300.0
"""Seconds between two tries at the most, unless the platform asks for more."""
PATIENCE = timedelta(minutes=10)
"""How long past the settling time the platform is asked what became of a post, before a person is."""
LOOKED_UP_AT_ONCE = 8
"""Posts of which the platform is asked at the same time; a killed bot may come back with hundreds in doubt."""
REMEMBERED = 20_000
"""Posts and keys of the account that it knows for its own without looking into the ledger."""

# Bound once: the members of an enumeration are looked up by a descriptor each time, and every turn asks for some.
INTENDED, SENDING, SENT = State.INTENDED, State.SENDING, State.SENT


class _Next(enum.Enum):
    """What follows a try."""

    DONE = enum.auto()
    AGAIN = enum.auto()
    OVER = enum.auto()


DONE, AGAIN, OVER = _Next


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
        may_send: Callable[[Turn], Verdict],
        clock: Clock,
        faults: FaultHook,
        chance: random.Random,
        shelf: Shelf | None = None,
        payments: Payments | None = None,
    ) -> None:
        """Take the account and its means; `may_send` is asked before the first try of a turn. On the `shelf` files are
        made to fit the platform; None: they go out as they are. `payments` pay what the platform charges; None: it
        charges nothing."""
        self._adapter = adapter
        self._account = account
        self._ledger = ledger
        self._pacer = pacer
        self._may_send = may_send
        self._clock = clock
        self._faults = faults
        self._chance = chance
        self._shelf = shelf
        self._payments = payments
        self._deadlines = Deadlines(adapter)
        self._looking_up = asyncio.Semaphore(LOOKED_UP_AT_ONCE)
        self._claimed: dict[str, int] = {}
        """Post that was looked up → seq of the turn that takes it for its own, until the ledger knows of it."""
        self._published: dict[str, None] = {}
        """Ids of the posts that went out and digests of the keys that were tried, where the platform shows an account
        its own posts; the oldest are forgotten first."""
        self._looked_at: Capabilities | None = None
        self._shows_own = False
        self._taken_down: dict[str, None] = {}
        """Ids of the posts that were deleted here; the oldest are forgotten first."""
        self._log = get_log().bind(account=account)

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
        return post_id in self._published or key in self._published

    async def deliver(self, turn: Turn) -> None:
        """Bring a turn from `intended` or `sending` to where it rests: sent, unknown, stale, ignored or dead.

        Cancelled, it leaves the ledger as it is: a later `deliver` of the stored turn goes on from there.

        :raises StorageError: the ledger failed; nothing more may go out
        """
        outbox = turn.outbox
        for index, part in enumerate(outbox):
            if part.is_over:
                continue
            if index and part.number == 0 and part.act is None:
                above = outbox[index - 1]
                part.post = replace(part.post, in_reply_to=PostRef(id=above.post_id or "", url=above.url))
            after = AGAIN
            if part.post.media and part.number == 0:
                after = await self._fit(turn, part)
            if after is AGAIN and turn.state is SENDING and part.act is None:
                # where another machine may have tried it, that one's clock says nothing about ours
                since = self._clock.micros() if math.isfinite(self._ledger.act_within) else 0
                why = "the program stopped while it was being sent"
                after = await self._reconcile(turn, part, why, heard_of=since)
            while after is AGAIN:
                if turn.state is SENDING and not self._key_is_trusted(part):
                    after = await self._reconcile(turn, part, turn.reason)
                else:
                    after = await self._try(turn, index, part)
            if after is OVER:
                return

    async def _fit(self, turn: Turn, part: Part) -> _Next:
        """Make what is attached fit the platform, before the first try: it is not changed any more after that."""
        limit = self._adapter.capabilities.limits.media
        if self._shelf is None or limit is None or part.prepared:
            return AGAIN
        try:
            name = turn.event.filter if isinstance(turn.event, Due) else None
            part.post, notes = await self._shelf.fit(part.post, limit, filter_name=name)
        except MediaRefused as refusal:
            return self._end(turn, State.DEAD, f"refused before sending: {refusal}") if _is_on_its_way(turn) else OVER
        for note in notes:
            self._ledger.note(turn.seq, "made to fit", note)
        # it took a while, in which a deletion, an edit or a command may have met the turn
        return AGAIN if _is_on_its_way(turn) else OVER

    async def _try(self, turn: Turn, index: int, part: Part) -> _Next:
        """Make one try. A turn that comes in `sending` was tried before with an unknown outcome, under a key that is
        still trusted: whatever this try brings, only a receipt or a look at the platform may end that doubt."""
        # an act is done again without any doubt: twice is once
        in_doubt = turn.state is SENDING and part.act is None
        now = self._clock.micros()
        if turn.expires < now and index == 0 and not in_doubt:
            return self._end(turn, State.STALE, "it is too late to send it")
        has_place = turn.not_before <= now and self._take_place(turn)
        if not has_place and (after := await self._wait_for_place(turn, index, in_doubt)) is not None:
            return after
        try:
            if in_doubt and not self._key_is_trusted(part):
                # its window ended while the turn waited
                return AGAIN
            if self._payments is not None and self._payments.is_due(part):
                if (why := await self._payments.reserve(turn, part)) is not None:
                    return self._unaffordable(turn, why)
                if not _is_on_its_way(turn):
                    # a deletion, an edit or a command met it meanwhile
                    await self._settle(given_back(part), 0)
                    return OVER
            if not (in_doubt or index) and not isinstance(verdict := self._may_send(turn), Allow):
                spend = given_back(part)
                after = self._stopped(turn, verdict)
                await self._settle(spend, 0)
                return after
            answer = await self._publish(turn, part)
        finally:
            self._pacer.end()
        if isinstance(answer, Receipt):
            self._faults("after_publish_before_receipt")
            return await self._paid(turn, part, answer) if part.spend else self._accept(turn, part, answer)
        spend = given_back(part) if _is_nothing(answer) and not in_doubt else 0
        after = await self._failed(turn, part, answer, in_doubt)
        await self._settle(spend, 0)
        return after

    async def _paid(self, turn: Turn, part: Part, receipt: Receipt) -> _Next:
        """Take a receipt of what was paid for."""
        spend, price = part.spend, part.price
        after = self._accept(turn, part, receipt)
        await self._settle(spend, price)
        return after

    async def _settle(self, spend: int, price: int) -> None:
        """Settle what was set aside, where something was, after what became of it is queued for the ledger."""
        if self._payments is not None:
            await self._payments.settle(spend, price)

    def _unaffordable(self, turn: Turn, why: str) -> _Next:
        """Let a turn wait for money, which is there tomorrow, or when the owner says so."""
        assert self._payments is not None  # noqa: S101 - nobody else finds it too dear
        if turn.reason != why:
            # under a name of its own: the owner is told of the day's money once, not of each post that waits for it
            self._ledger.note(turn.seq, "too dear", why)
            self._log.warning("waits for money", turn=turn.seq, why=why)
        turn.not_before, turn.reason = self._payments.again_at(), why
        self._ledger.save(turn)
        return AGAIN

    def _stopped(self, turn: Turn, verdict: Later | Repair | Hold | Refuse) -> _Next:
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
        return self._end(turn, State.IGNORED, verdict.reason)

    async def _wait_for_place(self, turn: Turn, index: int, in_doubt: bool) -> _Next | None:
        """Wait until the turn may go out; None: it has a place with the pacer, to be given back."""
        # while it waits, the intent is on disk
        await self._ledger.committed()
        if await self._wait(turn):
            return None
        if not _is_on_its_way(turn):
            # a deletion, an edit or a command met it while it waited
            return OVER
        if in_doubt:
            return self._park(turn, f"{turn.reason}; no chance to ask again in time")
        if index:
            # half a thread is out: its owner decides about the rest
            missing = f"part {index + 1} of {len(turn.outbox)}"
            return self._end(turn, State.DEAD, f"{missing} had no chance to go out in time: {self._obstacle(turn)}")
        return self._end(turn, State.STALE, f"no chance to send it in time: {self._obstacle(turn)}")

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
                await self._pacer.wait(turn.expires)

    def _take_place(self, turn: Turn) -> bool:
        """Take a place with the pacer. Who paused the account, and who asks how it is, hears what came of that; once,
        since a pause may also say that nothing can go out."""
        if turn.trust is not Trust.OWNER or turn.rule not in OWNERS:
            return self._pacer.take()
        return self._pacer.take(past_pause=not any(part.number for part in turn.outbox))

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
        began = self._clock.elapsed()
        await self._ledger.committed()
        self._faults("after_sending")
        if self._clock.elapsed() - began > self._ledger.act_within:
            # this process stood still: by now another may be the one who publishes
            return Unavailable("it was held up for too long between noting a try and making it")
        if part.number == 1 and self._sees_itself:
            # the platform may show it before it answers
            self._remember(key_digest(part.key))
        try:
            with self._deadlines.watching():
                if part.act is not None:
                    receipt = await do(self._adapter, part.act, now=self._clock.now(), key=part.key)
                else:
                    receipt = await self._adapter.publish(self._attempt(turn, part))
        except (AdapterError, TimeoutError) as failure:
            return failure
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever broke, a byte may have left
            self._log.exception("adapter failed", turn=turn.seq)
            return OutcomeUnknown(f"the adapter failed: {type(error).__name__}")
        if receipt.quota is not None:
            self._pacer.heard(receipt.quota)
        return receipt

    async def _failed(self, turn: Turn, part: Part, why: AdapterError | TimeoutError, in_doubt: bool) -> _Next:
        """Decide what follows a try that brought no receipt."""
        match why:
            case RateLimited():
                turn.not_before = self._pacer.block(why.retry_after)
                # for the others as well, and over a restart
                note_block(self._ledger, self._account, turn.not_before)
                return self._again(turn, part, str(why), in_doubt)
            case Unavailable():
                turn.not_before = self._after_a_pause(part)
                return self._again(turn, part, str(why), in_doubt)
            case AuthenticationFailed():
                self._refused(turn, why)
                return self._again(turn, part, str(why), in_doubt)
            case PostRejected() | Unsupported() if part.act is not None:
                return self._refused_act(turn, part, str(why))
            case _ if part.act is not None:
                # whether it was done or not, it is done again
                turn.not_before = self._after_a_pause(part)
                return self._again(turn, part, str(why) or "no answer in time", in_doubt=False)
            case Duplicate():
                return await self._reconcile(turn, part, str(why), refused=True)
            case PostRejected() if in_doubt:
                return self._park(turn, f"{turn.reason}; a later try was refused: {why}")
            case TargetGone() if part is turn.outbox[0]:
                above = part.post.in_reply_to
                if above is not None and above.id == turn.post_id:
                    note_gone(self._ledger, self._account, above.id)
                return self._end(turn, State.IGNORED, "source gone")
            case PostRejected():
                whose = "refused before sending" if part.number == 0 else "the platform refused it"
                return self._end(turn, State.DEAD, f"{whose}: {why}")
            case _:
                # the platform may have taken it until this moment: what is absent settles from here
                part.last_tried = self._clock.micros()
                self._ledger.save(turn)
                return await self._reconcile(turn, part, str(why) or "no answer in time")

    def _refused(self, turn: Turn, refusal: AuthenticationFailed) -> None:
        """Pause the account, over restarts as well, until a person has mended its credentials."""
        if self._pacer.paused is not None:
            return
        why = f"the platform refuses the account's credentials: {refusal}"
        self._pacer.pause(why)
        self._ledger.pause(self._account, why)
        self._ledger.note(turn.seq, "account paused", str(refusal))
        self._log.error("account paused", why=str(refusal))

    def _after_a_pause(self, part: Part) -> int:
        """Return when the next try may come, in microseconds since 1970; later after each."""
        pause = min(LONGEST_PAUSE, 2.0 ** min(part.number, 10)) * self._chance.uniform(0.25, 0.5)
        return self._clock.micros() + int(pause * 1e6)

    def _obstacle(self, turn: Turn) -> str:
        return self._pacer.paused or turn.reason or "the platform's limits"

    def _attempt(self, turn: Turn, part: Part) -> Attempt:
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
        self._faults("after_checkpoint")

    def _accept(self, turn: Turn, part: Part, receipt: Receipt) -> _Next:
        if part.act is None:
            part.post_id = receipt.ref.id
            part.url = receipt.ref.url
        part.published = to_micros(receipt.published_at)
        part.spend = part.price = 0
        turn.not_before = 0
        is_last = part is turn.outbox[-1]
        turn.state = SENT if is_last else INTENDED
        turn.reason = ""
        if part.act is None:
            if self._sees_itself:
                self._remember(receipt.ref.id)
            self._ledger.receipt(turn, turn.outbox.index(part) if len(turn.outbox) > 1 else 0)
        # whoever asks from now on waits for that to be on disk
        self._claimed.pop(receipt.ref.id, None)
        self._ledger.save(turn)
        if receipt.quota is not None:
            self._ledger.pace(self._account, receipt.quota)
        self._faults("after_receipt")
        return DONE

    def _refused_act(self, turn: Turn, part: Part, why: str) -> _Next:
        """Leave an act that the platform does not allow: the words before it, and the acts behind it, are none the
        worse for it."""
        part.refused = why
        self._ledger.note(turn.seq, "not done", f"{part.act}: {why}")
        if part is not turn.outbox[-1]:
            turn.state = INTENDED
            self._ledger.save(turn)
            return DONE
        if all(one.refused for one in turn.outbox):
            return self._end(turn, State.IGNORED, f"the platform does not let it {part.act}: {why}")
        turn.state, turn.reason, turn.not_before = SENT, "", 0
        self._ledger.save(turn)
        return DONE

    @property
    def _sees_itself(self) -> bool:
        """The platform shows the account its own posts."""
        capabilities = self._adapter.capabilities
        if capabilities is not self._looked_at:
            self._looked_at, self._shows_own = capabilities, Kind.OWN_POST in capabilities.kinds
        return self._shows_own

    def _remember(self, name: str) -> None:
        self._published[name] = None
        if len(self._published) > REMEMBERED:
            del self._published[next(iter(self._published))]

    def _again(self, turn: Turn, part: Part, why: str, in_doubt: bool) -> _Next:
        """This try brought nothing: to be tried again under the same key. Without doubt it is only `intended` again."""
        turn.state = SENDING if in_doubt else INTENDED
        turn.reason = f"try {part.number}: {why}"
        self._ledger.save(turn)
        self._log.info("not sent, trying again", turn=turn.seq, why=why)
        return AGAIN

    def _end(self, turn: Turn, state: State, why: str) -> _Next:
        turn.state = state
        turn.reason = why
        self._ledger.save(turn)
        self._ledger.note(turn.seq, state.word, why)
        self._log.warning(state.word, turn=turn.seq, why=why)
        return OVER

    def _key_is_trusted(self, part: Part) -> bool:
        idempotency = self._adapter.idempotency_of(part.post)
        if idempotency.kind is not IdempotencyKind.KEYED:
            return False
        if idempotency.window is None:
            return True
        # what is sent at the last moment may be on its way for as long as a publish may take
        flight = self._adapter.capabilities.publish_deadline
        trusted = idempotency.window - max(flight, min(MARGIN, idempotency.window / 10))
        return self._clock.micros() < part.first_tried + trusted // MICROSECOND

    async def _reconcile(self, turn: Turn, part: Part, why: str, *, refused: bool = False, heard_of: int = 0) -> _Next:
        """Find out what became of the last try: done, to be tried again under the same key, or parked for a person.

        `refused`: this try was refused as a duplicate; if the platform cannot show ours, it is dead, not new.
        `heard_of`: when this process heard of the last try, which another machine may have made; what is absent settles
        from there.
        """
        self._faults("before_reconcile")
        settled = max(part.last_tried, heard_of) + self._adapter.capabilities.settles_after // MICROSECOND
        give_up = max(settled, self._clock.micros()) + PATIENCE // MICROSECOND
        turn.reason = f"outcome unknown: {why}"
        attempt = self._attempt(turn, part)
        asked = 0
        while True:
            answer = await self._find(turn, attempt)
            self._faults("after_reconcile")
            if isinstance(answer, Absent) and heard_of and self._clock.micros() < settled:
                answer = Undecided(reason="another machine tried it, and it may still appear")
            if isinstance(answer, Found) and not await self._is_ours(turn, answer.receipt):
                # the same words to the same place: another turn's post proves nothing about this one
                answer = Undecided(reason="what the platform has belongs to another turn", final=True)
            if isinstance(answer, Found):
                self._ledger.note(turn.seq, "found", f"{why}; the platform has it")
                return await self._paid(turn, part, answer.receipt)
            if isinstance(answer, Absent):
                spend = given_back(part)
                if refused:
                    after = self._end(turn, State.DEAD, f"the platform calls it a duplicate of something else: {why}")
                else:
                    self._ledger.note(turn.seq, "absent", f"{why}; the platform does not have it")
                    after = self._again(turn, part, why, in_doubt=False)
                await self._settle(spend, 0)
                return after
            if self._key_is_trusted(part) and not refused:
                # the first doubt is settled at once; a platform that goes on losing its answers is given time
                turn.not_before = self._after_a_pause(part) if part.number > 1 else 0
                return self._again(turn, part, why, in_doubt=True)
            if answer.final or self._clock.micros() >= give_up:
                return self._park(turn, f"{why}; {answer.reason}")
            asked += 1
            await self._clock.sleep(min(30.0, 0.25 * 2.0 ** min(asked, 8)) * self._chance.uniform(0.5, 1.0))

    async def _is_ours(self, turn: Turn, receipt: Receipt) -> bool:
        """Say whether no other turn has this post as its own; if so, it is this turn's until it is accepted."""
        post = receipt.ref.id
        if self._claimed.setdefault(post, turn.seq) != turn.seq:
            return False
        await self._ledger.committed()
        if await self._ledger.turn_of_post(self._account, post) in (None, turn.seq):
            return True
        del self._claimed[post]
        return False

    async def _find(self, turn: Turn, attempt: Attempt) -> Found | Absent | Undecided:
        """Ask the platform for the post; a question without an answer decides nothing."""
        try:
            async with self._looking_up:
                with self._deadlines.watching():
                    return await self._adapter.find(attempt)
        except AuthenticationFailed as refusal:
            self._refused(turn, refusal)
            return Undecided(reason=str(refusal))
        except (Unavailable, TimeoutError) as silence:
            return Undecided(reason=str(silence) or "no answer in time")
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - an adapter's own bug says nothing about the post
            self._log.exception("adapter failed", turn=turn.seq)
            return Undecided(reason=f"the adapter failed: {type(error).__name__}")

    def _park(self, turn: Turn, why: str) -> _Next:
        turn.state = State.UNKNOWN
        turn.reason = why
        self._ledger.save(turn)
        self._ledger.note(turn.seq, "unknown", why)
        self._log.error("outcome unknown, parked for a person", turn=turn.seq, why=why)
        return OVER


def _is_on_its_way(turn: Turn) -> bool:
    return turn.state in (INTENDED, SENDING)


def _is_nothing(failure: AdapterError | TimeoutError) -> bool:
    """Say whether a try that failed so surely brought nothing out."""
    refused = isinstance(failure, PostRejected) and not isinstance(failure, Duplicate)
    return refused or isinstance(failure, Unavailable | AuthenticationFailed)
