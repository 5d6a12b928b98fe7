"""Where listening to notifications goes on: which of them are known, as a cursor."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta

import msgspec

__all__ = ["SOURCE", "Position"]

SOURCE = "notifications"
LOOK_BACK = timedelta(hours=24)
"""A notification is dated by its post's author where that is earlier than its arrival, so it can come up below others
that came before: it is still heard when it does so within this time."""
REMEMBERED = 300
"""So many notifications are remembered one by one; of more, the oldest bound what is still heard."""
DIGEST = 6
"""Bytes by which a notification is remembered."""
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Stored(msgspec.Struct, array_like=True, frozen=True):
    """A cursor as it is stored: milliseconds since 1970, and digests in one text."""

    floor: int
    newest: int
    known: str


CURSORS = msgspec.json.Decoder(Stored)


class Position:
    """A place among notifications, which are sorted by their dates and do not arrive in that order.

    Everything dated at or before `floor` is done with; above it, a notification is done with when it is known.
    """

    def __init__(self, floor: datetime, *, newest: datetime | None = None) -> None:
        self.floor = floor
        self._newest = newest or floor
        self._known: dict[bytes, datetime] = {}

    @classmethod
    def read(cls, cursor: str | None) -> "Position | None":
        """Return the place that a cursor stands for; None: there is none, or it is none of ours."""
        try:
            stored = CURSORS.decode(cursor or "")
            position = cls(EPOCH + stored.floor * MILLISECOND, newest=EPOCH + stored.newest * MILLISECOND)
            digests = base64.b64decode(stored.known, validate=True)
        except (msgspec.DecodeError, ValueError, OverflowError):
            return None
        for start in range(0, len(digests), DIGEST):
            # when it was is learnt again at the next look; until then it counts as the newest
            position._known[digests[start : start + DIGEST]] = position._newest
        return position

    def cursor(self) -> str:
        """Return what `read` reads."""
        known = base64.b64encode(b"".join(self._known)).decode()
        stored = Stored(_milliseconds(self.floor), _milliseconds(self._newest), known)
        return msgspec.json.encode(stored).decode()

    def is_done(self, name: str, at: datetime) -> bool:
        """Tell whether a notification was taken; `name` is its address."""
        if at <= self.floor:
            return True
        digest = _digest(name)
        if digest not in self._known:
            return False
        self._known[digest] = at
        return True

    def take(self, name: str, at: datetime) -> None:
        """Count a notification as taken."""
        self._known[_digest(name)] = at
        self._newest = max(self._newest, at)
        self.floor = max(self.floor, self._newest - LOOK_BACK)
        if len(self._known) > REMEMBERED:
            self.floor = max(self.floor, min(self._known.values()))
        self._known = {digest: when for digest, when in self._known.items() if when > self.floor}


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()[:DIGEST]


def _milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // MILLISECOND
