"""What a bot will post: what somebody put down, and what its file plans."""

from dataclasses import dataclass
from datetime import datetime

from greenroom.clock import from_micros
from greenroom.scheduling import Schedule
from greenroom.settings import BotFile
from greenroom.settings.spelling import PLACE
from greenroom.storage import Ledger

__all__ = ["Coming", "coming_up"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """One post to come."""

    due: datetime
    item: int | None
    """Its number in the agenda; None: the file plans it."""
    name: str
    """Of the entry of `post`; of a single post `single`."""
    places: tuple[str, ...]
    words: str
    """What it says or is about."""
    is_fixed: bool
    """It says these words; else the engines write about them."""


async def coming_up(file: BotFile, ledger: Ledger | None, *, now: datetime, limit: int, times: int = 1) -> list[Coming]:
    """Return what comes next, earliest first: up to `limit` posts that were put down, and the next `times` of each
    entry of the file.

    :raises ConfigurationError: an entry of the file never comes
    """
    found = [
        Coming(
            due=from_micros(item.due),
            item=item.id,
            name=item.event.name,
            places=(item.account if item.event.room is None else f"{item.account}/{item.event.room}",),
            words=item.event.say or item.event.about or "one of the persona's topics",
            is_fixed=item.event.say is not None,
        )
        for item in (await ledger.agenda(limit=limit) if ledger is not None else ())
    ]
    for entry in file.post:
        schedule, moment = Schedule.of(entry, timezone=file.timezone), now
        for _ in range(times):
            if (occurrence := schedule.next_after(moment)) is None:
                break
            moment = occurrence.due
            found.append(
                Coming(
                    due=moment,
                    item=None,
                    name=entry.name,
                    places=tuple(map(str, map(PLACE.write, entry.places))) or tuple(file.accounts),
                    words=entry.say or entry.about or "one of the persona's topics",
                    is_fixed=entry.say is not None,
                )
            )
    return sorted(found, key=lambda one: (one.due, one.item or 0))
