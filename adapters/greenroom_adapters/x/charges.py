"""Adds up what X charges for reading, once for each thing and day."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

from greenroom_adapters.transport import system_now
from greenroom_adapters.x.prices import Priced, Prices

__all__ = ["Charges"]

REMEMBERED = 100_000
"""Things read on one day that are remembered; what comes again beyond that counts again."""


class Charges:
    """What reading has cost. X charges a thing once a day of UTC, however often it is read ("Pricing")."""

    def __init__(self, prices: Prices, *, now: Callable[[], datetime] = system_now) -> None:
        """`now` says the time, aware and in UTC."""
        self._prices = prices
        self._now = now
        self._day: date | None = None
        self._read: set[str] = set()
        self._sum = 0

    def read(self, kind: Priced, names: Iterable[str]) -> None:
        """Note that these things were read: a post by its id, others with their kind before it."""
        if (today := self._now().date()) != self._day or len(self._read) > REMEMBERED:
            self._day = today
            self._read.clear()
        for name in names:
            if name not in self._read:
                self._read.add(name)
                self._sum += self._prices.of(kind)

    def did(self, kind: Priced) -> None:
        """Note one call that costs, whatever it is about."""
        self._sum += self._prices.of(kind)

    def take(self) -> int:
        """Return what has come together, in millionths of a US dollar, and begin anew."""
        total, self._sum = self._sum, 0
        return total
