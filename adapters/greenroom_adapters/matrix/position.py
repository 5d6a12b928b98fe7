"""Where listening goes on: the cursor of the one source that an account on Matrix has."""

import msgspec

from greenroom_adapters.matrix.references import short

__all__ = ["SOURCE", "Position"]

SOURCE = "sync"


class Stored(msgspec.Struct, array_like=True, omit_defaults=True, frozen=True):
    """A cursor as it is stored."""

    since: str
    taken: dict[str, str] = {}


CURSORS = msgspec.json.Decoder(Stored)


class Position:
    """A place in the stream of `/sync`.

    A batch of `/sync` tells of several rooms, and only its end has a token. A place within a batch is therefore the
    token from which it was asked for, with the last event taken from each of its rooms so far: asked for again, the
    batch has grown at its ends, but each room still tells the same events in the same order.
    """

    def __init__(self, since: str, taken: dict[str, str] | None = None) -> None:
        self.since = since
        self._taken = taken or {}

    @classmethod
    def read(cls, cursor: str | None) -> "Position | None":
        """Return the place that a cursor stands for; None: there is none, or it is none of ours."""
        try:
            stored = CURSORS.decode(cursor or "")
        except msgspec.DecodeError:
            return None
        return cls(stored.since, dict(stored.taken))

    def cursor(self) -> str:
        """Return what `read` reads."""
        return msgspec.json.encode(Stored(since=self.since, taken=self._taken)).decode()

    def take(self, room: str, event: str) -> None:
        """Move behind this event of this room."""
        self._taken[short(room)] = short(event)

    def was_taken(self, room: str) -> str | None:
        """Return the short name of the last event taken from the room; None: nothing of it in this batch."""
        return self._taken.get(short(room))

    def end_batch(self, since: str) -> None:
        """Move to the end of the batch."""
        self.since = since
        self._taken = {}
