"""Where reading the stream of posts goes on, as a cursor."""

from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.bluesky.identifiers import EPOCH, MICROSECOND

__all__ = ["STREAM", "Place"]

STREAM = "stream"
"""The source of what the stream brings."""
EARLIEST = 10**15
"""Microseconds since 1970: a smaller number is no time to the server, but one of its own sequence."""
OVERLAP = timedelta(seconds=5)
"""Each server has witnessed what happened at a time of its own: with another one, reading goes on so much earlier."""


class Place(msgspec.Struct, array_like=True, frozen=True):
    """Everything up to here has been read."""

    time: int
    """When the server witnessed it, in microseconds since 1970."""
    number: int = 0
    """Its place in the sequence of the server: several have one time."""
    server: str = ""
    """Whose time and sequence these are."""

    @classmethod
    def of(cls, moment: datetime) -> "Place":
        """Return the place of a moment, wherever it is read on."""
        return cls((moment - EPOCH) // MICROSECOND)

    @classmethod
    def read(cls, cursor: str | bytes | None) -> "Place | None":
        """Return the place that a cursor stands for; None: there is none, or it is none of ours."""
        try:
            place = PLACES.decode(cursor or "")
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        return place if place.time >= EARLIEST else None

    def cursor(self) -> str:
        """Return what `read` reads."""
        return msgspec.json.encode(self).decode()

    def begin(self, server: str) -> int:
        """Return the time from which `server` is to tell; what it tells of that very moment comes again."""
        return self.time if self.server in ("", server) else self.time - OVERLAP // MICROSECOND

    def covers(self, other: "Place") -> bool:
        """Say whether what stands at `other` has been read. What the server tells out of its order has not."""
        return (self.time, self.server) == (other.time, other.server) and other.number <= self.number


PLACES = msgspec.json.Decoder(Place)
