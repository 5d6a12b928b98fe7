"""How fast one account may write: the platform's own limits, pauses, and waiting for both."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from greenroom.clock import MICROSECOND, Clock, to_micros
from greenroom.storage import Ledger
from greenroom_adapters.contract import Quota

__all__ = ["Pacer", "forget_block", "note_block", "recalled"]

_BLOCKED = "blocked:"
"""Beginning of the facts that keep until when a platform asked an account to wait."""

MARGIN = 0.05
"""Share of a platform's limit that is left untouched, so that its own limiter never has to fire."""
GLANCE = 100_000
"""Microseconds between two looks for a place, where it depends on the answers to writes that are under way."""
KEPT = 50
"""Limits that are known at once; of more, those whose windows are over are forgotten: where every room has a limit of
its own, there would be ever more."""
ALONE = 5_000_000
"""Microseconds for which nothing follows the first write of a window before its answer."""


class Pacer:
    """Says when the next write of one account may go out. Knows what the platform said before a restart.

    The first write goes alone, for `ALONE` at most: how many went out before a crash whose answers nobody heard, only
    the platform knows, and its answer tells. So do the first after the end of the last window, for whoever goes on
    after a crash then knows the window that runs from the ledger, and the first after a write whose answer is lost.
    """

    def __init__(
        self, clock: Clock, *, quotas: Iterable[Quota] = (), paused: str | None = None, blocked_until: int = 0
    ) -> None:
        """Take what is known from before: the limits that the platform told, why nothing goes out, and until when
        (microseconds since 1970) it asked to wait."""
        self._clock = clock
        self._quotas: dict[str, Quota] = {}
        self._last_end = 0
        """When the last of the known windows ends (microseconds since 1970); 0: none is known."""
        self._blocked_until = blocked_until
        self._under_way = 0
        self._ended = 0
        """Writes that were made and have ended."""
        self._in_doubt: dict[str, int] = {}
        """Bucket → writes that may have arrived, since the last answer that told what is left of it."""
        self._found: dict[str, int] = {}
        """The same of those that have, as the platform said when they were looked up."""
        self._told_after = 0
        """How many writes have to end before an answer can be one to a write that went out after those in doubt."""
        self._first_at: int | None = None
        """When the last write went out that was sent alone; None: the next is."""
        self._alone_until = 0
        """Until when it is waited for; 0: its answer came."""
        self._paused = paused
        self._woken = asyncio.Event()
        """Set when there is something new, and replaced then: whoever waits for one misses nothing."""
        for quota in quotas:
            self.heard(quota)

    @property
    def paused(self) -> str | None:
        """Why nothing goes out; None: it does."""
        return self._paused

    def pause(self, why: str) -> None:
        """Let nothing more out until `resume`."""
        self._paused = why

    def resume(self) -> None:
        """Go on, at once where no limit stands against it."""
        self._paused = None
        self._blocked_until = 0
        self._wake()

    def doubt(self, writes: int = 1) -> None:
        """Reckon with so many writes whose answers are lost: they count in the windows that run, until the answer to a
        later write tells what is left, or they were looked up."""
        for bucket in self._quotas:
            self._in_doubt[bucket] = self._in_doubt.get(bucket, 0) + writes
        self._told_after = self._ended + self._under_way
        if writes:
            self._first_at = None

    def looked_up(self, *, is_out: bool) -> list[Quota]:
        """One of the writes in doubt was found, or is not there; return what is to be kept of limits from then on."""
        better: list[Quota] = []
        for bucket in [bucket for bucket, writes in self._in_doubt.items() if writes]:
            self._in_doubt[bucket] -= 1
            if is_out:
                self._found[bucket] = self._found.get(bucket, 0) + 1
                better.append(self._known(self._quotas[bucket]))
        self._wake()
        return better

    def _known(self, quota: Quota) -> Quota:
        """Return a limit as it is known to those who do not know what is in doubt here."""
        return replace(quota, remaining=max(0, quota.remaining - self._found.get(quota.bucket, 0)))

    def heard(self, quota: Quota) -> Quota:
        """Take over what the platform's headers said, and return what is to be kept of it for whoever goes on after a
        crash: answers may overtake each other, so of a window it is the least."""
        if self._ended > self._told_after:
            if self._in_doubt.pop(quota.bucket, 0):
                self._wake()
            self._found.pop(quota.bucket, None)
        if self._alone_until and self._first_at is not None and to_micros(quota.resets_at) > self._first_at:
            self._alone_until = 0
            self._wake()
        known = self._quotas.get(quota.bucket)
        if quota.limit <= 0:
            return quota if known is None else self._known(known)
        if known is not None and self._is_overtaken(quota, known):
            return self._known(known)
        self._quotas[quota.bucket] = quota
        if len(self._quotas) > KEPT:
            self._forget_ended()
        self._last_end = max((to_micros(one.resets_at) for one in self._quotas.values()), default=0)
        return self._known(quota)

    def _forget_ended(self) -> None:
        now = self._clock.now()
        for bucket in [bucket for bucket, quota in self._quotas.items() if quota.resets_at <= now]:
            del self._quotas[bucket]
            self._in_doubt.pop(bucket, None)
            self._found.pop(bucket, None)

    def _is_overtaken(self, quota: Quota, known: Quota) -> bool:
        """Say whether more is known than a late answer says: of the same window, or of one that runs since its own is
        over."""
        if known.resets_at == quota.resets_at:
            return known.remaining < quota.remaining
        return quota.resets_at <= self._clock.now() < known.resets_at

    def block(self, wait: timedelta) -> int:
        """Let nothing out for that long; return until when, in microseconds since 1970."""
        until = self._clock.micros() + wait // MICROSECOND
        self._blocked_until = max(self._blocked_until, until)
        return self._blocked_until

    def share_left(self) -> float | None:
        """Return which share of the platform's limits is left, of the one that is nearest to its end; None: the
        platform has told of none."""
        now = self._clock.micros()
        return min((self._left(one, now) / one.limit for one in self._quotas.values()), default=None)

    def _left(self, quota: Quota, now: int) -> int:
        """Return how many writes a limit lets out, those that may have arrived unheard taken off."""
        if to_micros(quota.resets_at) <= now:
            return quota.limit
        unheard = self._in_doubt.get(quota.bucket, 0) + self._found.get(quota.bucket, 0)
        return max(0, quota.remaining - unheard)

    def waits_until(self) -> int:
        """Return when the next write may go out (microseconds since 1970); 0: now."""
        if not (self._quotas or self._blocked_until or self._alone_until):
            return 0
        now = self._clock.micros()
        until = max((moment for moment in (self._blocked_until, self._alone_until) if moment > now), default=0)
        for quota in self._quotas.values():
            left, margin = self._left(quota, now), quota.limit * MARGIN
            if left - self._under_way <= margin:
                until = max(until, to_micros(quota.resets_at) if left <= margin else now + GLANCE)
        return until

    @property
    def is_free(self) -> bool:
        """A write may go out now."""
        return self._lets(past_pause=False)

    def _lets(self, *, past_pause: bool) -> bool:
        return (self._paused is None or past_pause) and self.waits_until() == 0

    def take(self, *, past_pause: bool = False) -> bool:
        """Take a place for one write, where there is one; it is kept until `end`. `past_pause`: a pause does not
        matter to it."""
        if not self._lets(past_pause=past_pause):
            return False
        self._under_way += 1
        now = self._clock.micros()
        if self._first_at is None or self._first_at < self._last_end <= now:
            self._first_at, self._alone_until = now, now + ALONE
        return True

    def end(self, *, was_used: bool = True) -> None:
        """Give the place back, when its answer is about to be `heard`; every `take` that took one has one. Not
        `was_used`: nothing was written, so the first write is still to come."""
        self._under_way -= 1
        self._ended += was_used
        if self._alone_until and not (self._under_way and was_used):
            self._alone_until = 0
            if not was_used:
                self._first_at = None
            self._wake()

    def _wake(self) -> None:
        """Let whoever waits look again."""
        woken, self._woken = self._woken, asyncio.Event()
        woken.set()

    async def wait(self, until: int, *, past_pause: bool = False) -> bool:
        """Wait until there is a place, at most until `until`; say whether there is one now. Others may take it.
        `past_pause` as in `take`."""
        while not self._lets(past_pause=past_pause):
            now = self._clock.micros()
            if now >= until:
                return False
            is_held = self._paused is not None and not past_pause
            free_at = until if is_held else min(self.waits_until(), until)
            sleeper = asyncio.ensure_future(self._clock.sleep_until(free_at))
            waker = asyncio.ensure_future(self._woken.wait())
            try:
                await asyncio.wait((sleeper, waker), return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeper.cancel()
                waker.cancel()
        return True


async def recalled(ledger: Ledger, account: str, *, clock: Clock, paused: str | None = None) -> Pacer:
    """Return the pacer of an account as its ledger knows it from before."""
    name = f"{_BLOCKED}{account}"
    until = (await ledger.facts(name)).get(name, "0")
    return Pacer(clock, quotas=await ledger.quotas(account), paused=paused, blocked_until=int(until))


def note_block(ledger: Ledger, account: str, until: int) -> None:
    """Queue with the ledger that the platform asked the account to wait until then (microseconds since 1970)."""
    ledger.remember(f"{_BLOCKED}{account}", str(until))


async def forget_block(ledger: Ledger, account: str) -> None:
    """Queue that the account need not wait any more, where it had to: a person has said so."""
    name = f"{_BLOCKED}{account}"
    if (await ledger.facts(name)).get(name, "0") != "0":
        ledger.remember(name, "0")
