"""The day's money, and what of it one person may cause: durable limits that hold before anything is paid.

An amount is reserved before a call and settled after it. A reservation that is never settled (a time-out, a crash, a
cancelled turn) counts as spent, also after a restart. So the limit errs on the side of silence, never of the bill.
"""

import asyncio
import enum
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Protocol

from greenroom.clock import Clock
from greenroom.storage import NOBODYS, Cause

__all__ = ["USD", "Budget", "Lack", "Reserved", "SpendLedger", "start_of_day"]

USD = 1_000_000
"""Millionths in one US dollar: all amounts are whole numbers of them."""


class Lack(enum.Enum):
    """Into what an amount does not fit."""

    DAY = "what is left of the budget"
    PERSON = "what one person may cost on a day"


class SpendLedger(Protocol):
    """The durable record of what was reserved and paid."""

    async def spent_since(self, moment: datetime) -> int:
        """Return the sum, in millionths of a US dollar, of everything reserved at or after `moment`: a settled
        reservation counts with what it cost, any other in full. Sees every reservation that has returned."""
        ...

    async def spent_by(self, platform: str, person: str, *, since: datetime) -> int:
        """Return the same sum, of what this person has asked for."""
        ...

    async def reserve(self, *, at: datetime, turn: str, model: str, micros: int, cause: Cause = NOBODYS) -> int:
        """Record a reservation and return its id when it is committed."""
        ...

    async def settle(self, id: int, micros: int) -> None:
        """Replace the amount of reservation `id` by what was paid. Returns when that is committed."""
        ...


def start_of_day(moment: datetime, zone: tzinfo) -> datetime:
    """Return the first instant, in UTC, of the calendar day that `moment` belongs to in `zone`."""
    local = moment.astimezone(zone)
    # fold=0: of a midnight that comes twice the first, of one that a clock change skips the instant of the change
    return local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


class Reserved:
    """An amount that was set aside; see `Budget.reserve`."""

    __slots__ = ("_ledger", "id", "micros")

    def __init__(self, ledger: SpendLedger, id: int, micros: int) -> None:
        self._ledger = ledger
        self.id = id
        """By which it is found again after a restart; see `Budget.settle`."""
        self.micros = micros
        """What was set aside, in millionths of a US dollar."""

    async def settle(self, micros: int) -> None:
        """Replace the reserved amount by what the call really cost. It counts for the day of the reservation."""
        await self._ledger.settle(self.id, micros)


class Budget:
    """A limit per calendar day of one time zone, shared by all engines of a bot.

    Safe for any number of concurrent callers in one process: they are admitted one after the other, so each sees
    what the ones before it reserved. Text, pictures and paid platform calls draw on the same instance.
    """

    def __init__(
        self, ledger: SpendLedger, *, clock: Clock, zone: tzinfo, limit: int = USD, share: int | None = None
    ) -> None:
        """Take the limit in millionths of a US dollar; zero means that nothing may be paid. `share`: how much of it one
        person may cause; None: all of it."""
        _must_not_be_negative(limit, share)
        self._ledger = ledger
        self._clock = clock
        self._zone = zone
        self._limit = limit
        self._share = share
        # From reading the sum to the committed reservation, or two callers would both see the last cent.
        self._admission = asyncio.Lock()
        self._refused: tuple[datetime, int] | None = None
        """Beginning of the day on which an amount did not fit, and the limit that it did not fit into."""

    def change(self, *, zone: tzinfo, limit: int, share: int | None = None) -> None:
        """Let other limits, and the days of another zone, hold from now on. What was spent today stays spent."""
        _must_not_be_negative(limit, share)
        self._zone, self._limit, self._share = zone, limit, share

    @property
    def limit(self) -> int:
        """What may be spent on one calendar day, in millionths of a US dollar."""
        return self._limit

    @property
    def share(self) -> int | None:
        """What of it one person may cause, in millionths of a US dollar; None: all of it."""
        return self._share

    @property
    def today(self) -> datetime:
        """When the present day began, in UTC."""
        return start_of_day(self._clock.now(), self._zone)

    @property
    def is_exhausted(self) -> bool:
        """An amount did not fit any more into what is left of today's limit."""
        return self._refused == (start_of_day(self._clock.now(), self._zone), self._limit)

    async def spent(self) -> int:
        """Return what today has cost so far, open reservations included, in millionths of a US dollar."""
        return await self._ledger.spent_since(start_of_day(self._clock.now(), self._zone))

    @property
    def tomorrow(self) -> datetime:
        """When the next day begins, in UTC: then the whole limit is there again."""
        today = start_of_day(self._clock.now(), self._zone)
        # the longest day has 25 hours and the shortest 23: this is in the middle of the next one
        return start_of_day(today + timedelta(hours=36), self._zone)

    async def reserve(
        self, micros: int, *, turn: str, model: str, cause: Cause = NOBODYS, beside: int = 0
    ) -> Reserved | Lack:
        """Set `micros` aside for a call of `model` that serves `turn`, because of `cause`; returns when that is
        committed.

        A `Lack` when the amount does not fit into what is left of today, or of what its person may cause: nothing was
        recorded then. Whom the share spares may cause all of it, and one call a day fits into any share but none, since
        more than it can cost has to be set aside. With `beside` that much more has to fit, which is not
        set aside: what will be needed soon for the same turn.
        """
        if micros < 0:
            raise ValueError("a price is not negative")
        async with self._admission:
            now = self._clock.now()
            today = start_of_day(now, self._zone)
            share = self._share if not cause.is_spared else None
            # one that is all of it is the limit itself
            if share is not None and share < self._limit and cause.person is not None:
                caused = await self._ledger.spent_by(cause.platform, cause.person, since=today)
                if caused + micros + beside > share and (caused or not share):
                    return Lack.PERSON
            spent = await self._ledger.spent_since(today)
            if spent + micros + beside > self._limit:
                self._refused = (today, self._limit)
                return Lack.DAY
            id = await self._ledger.reserve(at=now, turn=turn, model=model, micros=micros, cause=cause)
        return Reserved(self._ledger, id, micros)

    async def settle(self, id: int, micros: int) -> None:
        """Replace the amount of a reservation of this or an earlier run by what the call really cost."""
        await self._ledger.settle(id, micros)

    async def charge(self, micros: int, *, turn: str, model: str, cause: Cause = NOBODYS) -> None:
        """Record what is paid already, within the limit or not: what is left of today is less by that."""
        id = await self._ledger.reserve(at=self._clock.now(), turn=turn, model=model, micros=micros, cause=cause)
        await self._ledger.settle(id, micros)


def _must_not_be_negative(limit: int, share: int | None) -> None:
    if limit < 0 or (share is not None and share < 0):
        raise ValueError("a budget is not negative")
