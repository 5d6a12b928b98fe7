"""Where listening goes on at one relay: the cursor of a source."""

from collections import deque
from collections.abc import Iterable

import msgspec

__all__ = ["KEPT", "Position", "short"]

KEPT = 50
"""Events of which a cursor remembers that they were told. Those before them come again after a restart, under their
ids."""


class Stored(msgspec.Struct, array_like=True, frozen=True):
    """A cursor as it is stored."""

    at: int
    begin: int
    told: tuple[str, ...] = ()


CURSORS = msgspec.json.Decoder(Stored)


def short(event: str) -> str:
    """Return what a cursor remembers of an event's id: events of one hour, told apart."""
    return event[-10:]


class Position:
    """A place in the events of one relay.

    Events have the time of their author's clock, and reach a relay whenever their author is connected again; so a place
    is not a moment, behind which all is told. It is the newest moment that was reached, and the last events that were:
    what is older by less than the source's overlap is asked for again, and left out where it is known.
    """

    def __init__(self, at: int, *, begin: int = 0, told: Iterable[str] = ()) -> None:
        """`at` is the moment that was reached, `begin` the one before which nothing is told, in seconds since 1970;
        `told` the last events, by their short ids."""
        self.at = at
        self.begin = begin
        self._told = deque(told, maxlen=KEPT)

    @classmethod
    def read(cls, cursor: str) -> "Position | None":
        """Return the place that a cursor names; None: it names none."""
        try:
            stored = CURSORS.decode(cursor.encode())
        except (msgspec.DecodeError, UnicodeEncodeError):
            return None
        return cls(stored.at, begin=stored.begin, told=stored.told)

    def was_told(self, event: str) -> bool:
        """Tell whether this is one of the last events that were told."""
        return short(event) in self._told

    def take(self, event: str, at: int) -> None:
        """Move behind an event."""
        self.at = max(self.at, at)
        self._told.append(short(event))

    def __len__(self) -> int:
        """Return how many events are remembered as told."""
        return len(self._told)

    def cursor(self) -> str:
        """Return what `read` reads."""
        return msgspec.json.encode(Stored(self.at, self.begin, tuple(self._told))).decode()
