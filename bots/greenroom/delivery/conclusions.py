"""What a try came to, written down, and what follows it."""

import enum

from greenroom.clock import to_micros
from greenroom.delivery.means import Means
from greenroom.storage import Part, State, Turn
from greenroom.telemetry import get_log
from greenroom_adapters.contract import AuthenticationFailed, Capabilities, Kind, Receipt

__all__ = ["AGAIN", "DONE", "OVER", "Conclusions", "Next"]

LONGEST_PAUSE = 300.0
"""Seconds between two tries at the most, unless the platform asks for more."""
REMEMBERED = 20_000
"""Posts and keys of the account that it knows for its own without looking into the ledger."""

# Bound once: the members of an enumeration are looked up by a descriptor each time, and every turn asks for some.
INTENDED, SENDING, SENT = State.INTENDED, State.SENDING, State.SENT


class Next(enum.Enum):
    """What follows a try."""

    DONE = enum.auto()
    AGAIN = enum.auto()
    OVER = enum.auto()


DONE, AGAIN, OVER = Next


class Conclusions:
    """Draws them for one account, in the ledger as well."""

    def __init__(self, means: Means) -> None:
        self._adapter = means.adapter
        self._account = means.account
        self._ledger = means.ledger
        self._pacer = means.pacer
        self._clock = means.clock
        self._faults = means.faults
        self._chance = means.chance
        self._payments = means.payments
        self.claimed: dict[str, int] = {}
        """Post that was looked up → seq of the turn that takes it for its own, until the ledger knows of it."""
        self._published: dict[str, None] = {}
        """Ids of the posts that went out and digests of the keys that were tried, where the platform shows an account
        its own posts; the oldest are forgotten first."""
        self.looked_at: Capabilities | None = None
        """What the account could at the last look."""
        self.shows_own = False
        """The platform shows the account its own posts."""
        self._log = get_log().bind(account=means.account)

    def has_published(self, post_id: str, key: str | None = None) -> bool:
        """Say whether it has published the post, or tried to under the key with this digest, as far as remembered."""
        return post_id in self._published or key in self._published

    async def paid(self, turn: Turn, part: Part, receipt: Receipt) -> Next:
        """Take a receipt of what was paid for."""
        spend, price = part.spend, part.price
        after = self.accept(turn, part, receipt)
        await self.settle(spend, price)
        return after

    async def settle(self, spend: int, price: int) -> None:
        """Settle what was set aside, where something was, after what became of it is queued for the ledger."""
        if self._payments is not None:
            await self._payments.settle(spend, price)

    def refused(self, turn: Turn, refusal: AuthenticationFailed) -> None:
        """Pause the account, over restarts as well, until a person has mended its credentials."""
        if self._pacer.paused is not None:
            return
        why = f"the platform refuses the account's credentials: {refusal}"
        self._pacer.pause(why)
        self._ledger.pause(self._account, why)
        self._ledger.note(turn.seq, "account paused", str(refusal))
        self._log.error("account paused", why=str(refusal))

    def after_a_pause(self, part: Part) -> int:
        """Return when the next try may come, in microseconds since 1970; later after each."""
        pause = min(LONGEST_PAUSE, 2.0 ** min(part.number, 10)) * self._chance.uniform(0.25, 0.5)
        return self._clock.micros() + int(pause * 1e6)

    def accept(self, turn: Turn, part: Part, receipt: Receipt) -> Next:
        """A part is out."""
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
            if self.shows_own:
                self.remember(receipt.ref.id)
            self._ledger.receipt(turn, 0 if part is turn.outbox[0] else turn.outbox.index(part))
        if self.claimed:
            # whoever asks from now on waits for that to be on disk
            self.claimed.pop(receipt.ref.id, None)
        self._ledger.save(turn)
        if receipt.quota is not None:
            self._ledger.pace(self._account, self._pacer.heard(receipt.quota))
        if self._faults is not None:
            self._faults("after_receipt")
        return DONE

    def looked_up(self, *, is_out: bool) -> None:
        """Reckon with what the platform has, or does not have, as part of its limits."""
        for quota in self._pacer.looked_up(is_out=is_out):
            self._ledger.pace(self._account, quota)

    def refused_act(self, turn: Turn, part: Part, why: str) -> Next:
        """Leave an act that the platform does not allow: the words before it, and the acts behind it, are none the
        worse for it."""
        part.refused = why
        self._ledger.note(turn.seq, "not done", f"{part.act}: {why}")
        if part is not turn.outbox[-1]:
            turn.state = INTENDED
            self._ledger.save(turn)
            return DONE
        if all(one.refused for one in turn.outbox):
            return self.end(turn, State.IGNORED, f"the platform does not let it {part.act}: {why}")
        turn.state, turn.reason, turn.not_before = SENT, "", 0
        self._ledger.save(turn)
        return DONE

    def look(self) -> None:
        """Look at what the account can: it may be another than at the last delivery."""
        self.looked_at = self._adapter.capabilities
        self.shows_own = Kind.OWN_POST in self.looked_at.kinds

    def remember(self, name: str) -> None:
        """Know a post, or a key by its digest, for the account's own."""
        self._published[name] = None
        if len(self._published) > REMEMBERED:
            del self._published[next(iter(self._published))]

    def again(self, turn: Turn, part: Part, why: str, in_doubt: bool) -> Next:
        """This try brought nothing: to be tried again under the same key. Without doubt it is only `intended` again."""
        turn.state = SENDING if in_doubt else INTENDED
        turn.reason = f"try {part.number}: {why}"
        self._ledger.save(turn)
        self._log.info("not sent, trying again", turn=turn.seq, why=why)
        return AGAIN

    def end(self, turn: Turn, state: State, why: str) -> Next:
        """Nothing more of the turn is sent."""
        turn.state = state
        turn.reason = why
        self._ledger.save(turn)
        self._ledger.note(turn.seq, state.word, why)
        self._log.warning(state.word, turn=turn.seq, why=why)
        return OVER

    def park(self, turn: Turn, why: str) -> Next:
        """Nobody can know what became of it: a person decides."""
        turn.state = State.UNKNOWN
        turn.reason = why
        self._ledger.save(turn)
        self._ledger.note(turn.seq, "unknown", why)
        self._log.error("outcome unknown, parked for a person", turn=turn.seq, why=why)
        return OVER
