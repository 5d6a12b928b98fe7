"""How far one source has been heard: a cursor that forgives a post which becomes visible after a younger one."""

import re
from dataclasses import dataclass
from datetime import timedelta

from greenroom_adapters.x.ids import SHIFT

__all__ = ["WINDOW", "Position"]

WINDOW = timedelta(seconds=30)
"""For so long after something new came, what is a little older is looked for again. X serves its timelines from many
machines and promises no order in which posts come up there."""
REMEMBERED = 64
CURSOR = re.compile(r"[0-9]{1,19}(?:,[0-9]{1,19})*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a source whose rows have growing ids."""

    floor: int
    """Everything up to this id is heard or was before our time."""
    heard: tuple[int, ...] = ()
    """Ids above it that are heard, the smallest first."""

    @classmethod
    def read(cls, cursor: str | None) -> "Position | None":
        """Return the position that a cursor tells; None: it tells none."""
        if cursor is None or not CURSOR.fullmatch(cursor):
            return None
        floor, *heard = map(int, cursor.split(","))
        return cls(floor=floor, heard=tuple(sorted(heard)))

    def cursor(self) -> str:
        """Return what `read` reads."""
        return ",".join(map(str, (self.floor, *self.heard)))

    def is_news(self, number: int) -> bool:
        """Say whether this id has not been heard."""
        return number > self.floor and number not in self.heard

    def hears(self, number: int) -> "Position":
        """Return the position after this id."""
        heard = sorted({*self.heard, number})
        floor = max(self.floor, heard[-1] - (int(WINDOW.total_seconds() * 1000) << SHIFT))
        if len(heard) > REMEMBERED:
            floor = max(floor, heard[-REMEMBERED - 1])
        return Position(floor=floor, heard=tuple(one for one in heard if one > floor))

    def settled(self) -> "Position":
        """Return the position when nothing older can come up any more: reading again what was heard costs money."""
        return Position(floor=max((self.floor, *self.heard)))
