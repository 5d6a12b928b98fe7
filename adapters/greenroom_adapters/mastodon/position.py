"""Where listening goes on: the cursors of an account's two lists, its notifications and its own posts."""

import msgspec

__all__ = ["NOTIFICATIONS", "POSTS", "Position", "newer", "place"]

NOTIFICATIONS = "notifications"
POSTS = "posts"
SETTLING_SECONDS = 30.0
"""An id may come into a list after a higher one: ids are given out before they are committed. So far behind the newest
the list is taken for complete."""
MOST_TAKEN = 200
"""Ids that a cursor holds; in a burst of more, the oldest count as settled at once."""


class Stored(msgspec.Struct, array_like=True, omit_defaults=True, frozen=True):
    """A cursor as it is stored."""

    low: str
    taken: tuple[str, ...] = ()


CURSORS = msgspec.json.Decoder(Stored)


def place(name: str) -> tuple[int, str]:
    """Return what ids compare by: they are texts of digits, or of letters that are all of one length (documentation,
    "API guidelines", IDs)."""
    return len(name), name


def newer(name: str, than: str) -> bool:
    """Tell whether an id comes behind another one."""
    return place(name) > place(than)


class Position:
    """A place in a list that grows at its end, and a little before it.

    Everything up to `low` has been taken; behind it, what has been taken is known one by one.
    """

    def __init__(self, low: str, taken: tuple[str, ...] = (), *, since: float = 0.0) -> None:
        """`since` is the moment from which what is in `taken` counts as taken, by the clock of `take`."""
        self.low = low
        self._taken: dict[str, float] = dict.fromkeys(taken, since)

    @classmethod
    def read(cls, cursor: str | None, *, since: float) -> "Position | None":
        """Return the place that a cursor stands for; None: there is none, or it is none of ours."""
        try:
            stored = CURSORS.decode(cursor or "")
        except msgspec.DecodeError:
            return None
        return cls(stored.low, stored.taken, since=since)

    def cursor(self) -> str:
        """Return what `read` reads."""
        return msgspec.json.encode(Stored(low=self.low, taken=tuple(sorted(self._taken, key=place)))).decode()

    def has(self, name: str) -> bool:
        """Tell whether it was taken."""
        return name in self._taken or not newer(name, self.low)

    def take(self, name: str, at: float) -> None:
        """Count it as taken at this moment, by a clock that never goes back."""
        self._taken[name] = at
        if len(self._taken) > MOST_TAKEN:
            self._settle(sorted(self._taken, key=place)[: len(self._taken) - MOST_TAKEN])

    def swept(self, begun: float) -> None:
        """The list was read behind `low` to its end, from this moment on: what was taken well before is settled."""
        self._settle([name for name, at in self._taken.items() if at <= begun - SETTLING_SECONDS])

    def _settle(self, names: list[str]) -> None:
        if not names:
            return
        self.low = max((self.low, *names), key=place)
        self._taken = {name: at for name, at in self._taken.items() if newer(name, self.low)}
