"""What an account hears, list by list: the rows of a look, and which of them are news."""

import abc
import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from greenroom_adapters.contract import Event, UnknownEvent
from greenroom_adapters.meta.position import Position

__all__ = ["Heard", "Row", "Source", "unknown", "unreadable"]

logger = logging.getLogger(__name__)

RAW = 4000
"""How much of something that cannot be read is passed on, in characters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Something that stands in a list."""

    name: str
    """What tells it from the others of its list, for ever."""
    at: datetime
    event: Callable[[str], Event | None]
    """Returns what it is, with this cursor; None: nothing for us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one look brought."""

    events: Sequence[Event]
    """In the order of their moments."""
    position: Position


class Source(abc.ABC):
    """One list of the account."""

    name: str
    comes_first: bool = False
    """What it tells is told before what the others have found meanwhile."""

    @abc.abstractmethod
    async def rows(self, since: datetime | None) -> Sequence[Row]:
        """Return what the list has from a moment on, and perhaps older ones; of one moment the older first. None: the
        newest are enough.

        :raises AdapterError: it cannot be read now
        """

    async def beginning(self) -> Position:
        """Return the position of this moment: behind all that is there."""
        rows = await self.rows(None)
        return Position.after((row.at, row.name) for row in rows)

    async def news(self, position: Position) -> Heard:
        """Read what is newer than the position."""
        rows = await self.rows(position.since)
        events: list[Event] = []
        for row in sorted(rows, key=lambda one: one.at):
            if position.is_news(row.at, row.name):
                position = position.hears(row.at, row.name)
                if (event := row.event(position.cursor())) is not None:
                    events.append(event)
        return Heard(events=events, position=position)

    async def since(self, moment: datetime) -> Sequence[Event]:
        """Return what came in from a moment until now, oldest first."""
        heard = await self.news(Position(floor=max(0, int(moment.timestamp()))))
        return [event for event in heard.events if event.occurred_at >= moment.replace(microsecond=0)]


def unreadable(raw: bytes, *, source: str, since: datetime | None) -> Row:
    """Return the row that stands for one that cannot be read. It has no moment of its own, so it moves nothing."""
    at = since or Position(floor=0).since

    def event(cursor: str) -> Event:
        return unknown(raw, source=source, cursor=cursor, at=at)

    return Row(name=hashlib.sha256(raw).hexdigest(), at=at, event=event)


def unknown(raw: bytes, *, source: str, cursor: str, at: datetime) -> UnknownEvent:
    """Return the event that stands for something that cannot be read: the same each time it comes."""
    name = f"unreadable-{hashlib.sha256(raw).hexdigest()[:32]}"
    text = raw[: 4 * RAW].decode("utf-8", "replace")[:RAW]
    return UnknownEvent(id=name, source=source, cursor=cursor, occurred_at=at, raw=text)
