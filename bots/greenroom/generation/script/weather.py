"""What holds for a while without being stored: values that drift with time, and chapters that follow each other.

Both are computed from the date alone, so every process and every restart sees the same sea.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

__all__ = ["Chapters", "Drift", "Moment", "draw"]


def draw(*names: object) -> float:
    """Return a number in [0, 1) that depends on nothing but the names."""
    digest = hashlib.blake2b("\0".join(str(name) for name in names).encode(errors="replace"), digest_size=7).digest()
    return int.from_bytes(digest) / (1 << 56)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A value that moves along a list: what is near in time is near in the list."""

    name: str
    values: tuple[str, ...]
    over: timedelta
    """After this long it may have got anywhere."""
    ring: bool = False
    """The last value is a neighbour of the first, as among the points of the compass."""

    def at(self, moment: datetime, seed: str) -> str:
        """Return the value that holds then."""
        position = moment.timestamp() / self.over.total_seconds()
        turn = int(position // 1)
        here, there = draw(seed, self.name, turn), draw(seed, self.name, turn + 1)
        if self.ring and there - here > 0.5:
            there -= 1
        elif self.ring and here - there > 0.5:
            there += 1
        share = position - turn
        eased = share * share * (3 - 2 * share)
        return self.values[int((here + (there - here) * eased) * len(self.values)) % len(self.values)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapters:
    """A small story told over days: one chapter after the other, then from the first again."""

    name: str
    days: int
    """How long each chapter lasts."""
    count: int

    def at(self, moment: datetime) -> int:
        """Return the number of the chapter, from 0, that is told on that day (by the moment's own calendar)."""
        return (moment.toordinal() // self.days) % self.count


class Moment:
    """Everything about the time at which something is said. Computed when asked for, once."""

    def __init__(
        self,
        now: datetime,
        *,
        seed: str,
        moods: Sequence[str],
        drifts: Mapping[str, Drift],
        chapters: Mapping[str, Chapters],
    ) -> None:
        self.now = now
        """Aware, in the bot's timezone."""
        self._seed = seed
        self._drifts = drifts
        self._chapters = chapters
        self._values: dict[str, str] = {}
        self.mood = moods[int(draw(seed, "mood", now.date().isoformat()) * len(moods))] if moods else ""
        """The mood of the day; empty when the persona has none."""

    @property
    def minute(self) -> int:
        """Minutes since midnight."""
        return self.now.hour * 60 + self.now.minute

    def value(self, drift: str) -> str:
        """Return what a drift is at."""
        value = self._values.get(drift)
        if value is None:
            value = self._values[drift] = self._drifts[drift].at(self.now, self._seed)
        return value

    def chapter(self, name: str) -> int:
        """Return the number of the chapter that is told now."""
        return self._chapters[name].at(self.now)
