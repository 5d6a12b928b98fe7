"""What a bot will post: what somebody put down, and what its file plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from greenroom.clock import from_micros, to_micros
from greenroom.origins import read_calendar
from greenroom.scheduling import Schedule
from greenroom.settings import BotFile, PostEntry
from greenroom.settings.loader import body_of
from greenroom.settings.spelling import PLACE
from greenroom.storage import HAND, AgendaItem, Ledger

__all__ = ["Coming", "coming_up"]


ALL = 1_000_000


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
    beside: tuple[str, ...] = ()
    """What goes with the words."""


async def coming_up(
    file: BotFile,
    ledger: Ledger | None,
    *,
    now: datetime,
    limit: int,
    times: int = 1,
    until: datetime | None = None,
) -> list[Coming]:
    """Return what comes next, earliest first: up to `limit` posts that were put down, and the next `times` of each
    entry of the file; with `until` nothing that is due later.

    :raises ConfigurationError: an entry of the file never comes
    """
    items = [] if ledger is None else await ledger.agenda(limit=ALL, until=None if until is None else to_micros(until))
    drafted = {(item.event.id, _place(item)) for item in items if item.event.written is not None}
    found = [
        Coming(
            due=from_micros(item.due),
            item=item.id,
            name=item.event.name,
            places=(_place(item),),
            words=_words(item),
            is_fixed=item.event.say is not None,
            beside=_beside(
                pictures=len(item.event.media) + (item.event.picture is not None),
                warning=item.event.warning,
                poll=None if item.event.poll is None else item.event.poll.options,
                visibility=item.event.visibility,
                written=item.event.written,
            ),
        )
        for item in items[:limit]
    ]
    for entry in file.post:
        if entry.origin is not None:
            # what it has brought stands in the agenda, which has no ledger before the first start
            found += _rows(entry, file, now)[:times] if ledger is None else ()
            continue
        schedule, moment, count = Schedule.of(entry, timezone=file.timezone), now, 0
        places = tuple(map(str, map(PLACE.write, entry.places))) or tuple(file.accounts)
        while count < times:
            if (occurrence := schedule.next_after(moment)) is None or (until is not None and occurrence.due > until):
                break
            moment = occurrence.due
            if ledger is not None and await _is_served(ledger, occurrence.event_id, places):
                continue
            left = tuple(place for place in places if (occurrence.event_id, place) not in drafted)
            if not left:
                continue
            count += 1
            found.append(
                Coming(
                    due=moment,
                    item=None,
                    name=entry.name,
                    places=left,
                    words=entry.say or entry.about or "one of the persona's topics",
                    is_fixed=entry.say is not None,
                    beside=_beside(
                        pictures=int(entry.picture is not None),
                        warning=entry.warning,
                        poll=None if entry.poll is None else entry.poll.options,
                        visibility=entry.visibility,
                    ),
                )
            )
    return sorted((one for one in found if until is None or one.due <= until), key=lambda one: (one.due, one.item or 0))


def _place(item: AgendaItem) -> str:
    """Return where an item of the agenda is to be posted."""
    return item.account if item.event.room is None else f"{item.account}/{item.event.room}"


async def _is_served(ledger: Ledger, event_id: str, places: Sequence[str]) -> bool:
    """Say whether a post is in the inbox wherever it belongs: its time was edited after it was served."""
    for place in places:
        account, _, room = place.partition("/")
        if await ledger.seq_of_event(account, f"{event_id}#{room}" if room else event_id) is None:
            return False
    return True


def _beside(
    *,
    pictures: int,
    warning: str | None,
    poll: Sequence[str] | None,
    visibility: str | None,
    written: str | None = None,
) -> tuple[str, ...]:
    """Return in words what goes with a post."""
    drafted = "" if written is None else f"drafted ahead, {'by you' if written == HAND else f'by {written}'}"
    found = (drafted, "a picture" if pictures else "", f"warning: {warning}" if warning else "")
    return tuple(filter(None, (*found, f"poll: {' / '.join(poll)}" if poll else "", visibility or "")))


def _words(item: AgendaItem) -> str:
    """Return what a post of the agenda says, or what it is about."""
    event = item.event
    if event.say is None and event.material is not None:
        return f"{event.about}: {event.material.partition(chr(10))[0]}"
    return event.say or event.about or "one of the persona's topics"


def _rows(entry: PostEntry, file: BotFile, now: datetime) -> list[Coming]:
    """Return what comes of the calendar of an entry, if it has one."""
    if entry.origin is None or entry.origin.calendar is None:
        return []
    rows = read_calendar(entry.origin.calendar, body_of(entry.origin.calendar), file=file)
    places = tuple(map(str, map(PLACE.write, entry.places))) or tuple(file.accounts)
    return [
        Coming(
            due=row.when,
            item=None,
            name=entry.name,
            places=tuple(map(str, map(PLACE.write, row.places))) or places,
            words=row.text,
            is_fixed=True,
        )
        for row in rows
        if row.when is not None and row.when >= now
    ]
