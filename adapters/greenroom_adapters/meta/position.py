"""How far one list has been heard: a cursor for rows whose times are whole seconds and whose ids do not grow."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

__all__ = ["WINDOW", "Position"]

WINDOW = 120
"""For so many seconds after something new came, what is a little older is looked for again: Graph serves its lists from
many machines and promises no order in which rows come up there."""
REMEMBERED = 64
CURSOR = re.compile(r"(?P<floor>[0-9]{1,12});(?P<heard>(?:[0-9]{1,12}\.[0-9a-f]{12}(?:,|\Z))*)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a list."""

    floor: int
    """What is older than this second is heard, or was before our time."""
    heard: frozenset[tuple[int, str]] = frozenset()
    """Seconds and marks of the rows of this second and later ones that are heard."""

    @classmethod
    def read(cls, cursor: str | None) -> "Position | None":
        """Return the position that a cursor tells; None: it tells none."""
        match = CURSOR.fullmatch(cursor) if cursor is not None else None
        if match is None:
            return None
        floor = int(match["floor"])
        pairs = (one.split(".") for one in match["heard"].split(",") if one)
        return cls(floor=floor, heard=frozenset((floor + int(second), mark) for second, mark in pairs))

    @classmethod
    def after(cls, rows: Iterable[tuple[datetime, str]]) -> "Position":
        """Return the position behind these rows."""
        position = cls(floor=0)
        for at, name in rows:
            position = position.hears(at, name)
        return position

    @property
    def since(self) -> datetime:
        """From when on rows may be news."""
        return datetime.fromtimestamp(self.floor, UTC)

    def cursor(self) -> str:
        """Return what `read` reads."""
        heard = sorted((second - self.floor, mark) for second, mark in self.heard)
        return f"{self.floor};{','.join(f'{second}.{mark}' for second, mark in heard)}"

    def is_news(self, at: datetime, name: str) -> bool:
        """Say whether the row of this moment and name has not been heard."""
        second = int(at.timestamp())
        return second >= self.floor and (second, _mark(name)) not in self.heard

    def hears(self, at: datetime, name: str) -> "Position":
        """Return the position after this row. Of one second all that are heard are remembered, however many."""
        heard = {*self.heard, (int(at.timestamp()), _mark(name))}
        seconds = sorted((second for second, _ in heard), reverse=True)
        floor = max(
            self.floor,
            seconds[0] - WINDOW,
            seconds[min(REMEMBERED, len(seconds)) - 1] if len(seconds) > REMEMBERED else 0,
        )
        return Position(floor=floor, heard=frozenset(one for one in heard if one[0] >= floor))


def _mark(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:12]
