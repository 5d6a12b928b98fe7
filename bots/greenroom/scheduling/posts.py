"""A scheduled post as it is made: from an entry of the file, or an item of the agenda, to the turn that it becomes."""

import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from greenroom.clock import from_micros
from greenroom.scheduling.identity import numbered
from greenroom.scheduling.schedule import Occurrence, Schedule
from greenroom.settings.bot import BotFile
from greenroom.settings.picture import CardEntry, Picture, Shape
from greenroom.settings.posting import PostEntry
from greenroom.settings.spelling import Place
from greenroom.storage import CLOCK, AgendaItem, Card, Due, Turn, Wish
from greenroom_adapters.contract import ConfigurationError, Embed, Media, Poll, Surface, Trust, Visibility

__all__ = ["SINGLE", "Entry", "due_of", "entry_of", "picture", "turn_of", "turn_of_item", "wish_of"]

SINGLE = "single"
"""Name of the posts that somebody put down by hand; the period is the number of the command or agenda item. What an
entry of the file brought has the name of that entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry of `post` in the bot file: when it is due, where, and what goes out with each of its posts."""

    schedule: Schedule
    about: str | None
    say: str | None
    media: tuple[Media, ...]
    filter: str | None
    picture: Wish | None
    visibility: Visibility | None
    warning: str | None
    poll: Poll | None
    embed: Embed | None
    places: tuple[Place, ...]


def turn_of(account: str, due: Due, *, deadline: int, now: int, not_before: int = 0, lane: str = "") -> Turn:
    """Return the turn of a due post on one account; moments are microseconds since 1970."""
    event_id = due.id if due.room is None else f"{due.id}#{due.room}"
    return Turn(
        account,
        event_id,
        f"{account}/post:{lane or due.name}",
        CLOCK,
        due,
        Surface.POST,
        due.name,
        Trust.OWNER,
        now,
        deadline,
        None,
        not_before,
    )


def picture(file: Path, alt: str) -> Media:
    """Return a picture as it goes with a post.

    :raises ConfigurationError: the file is not there, or its name does not tell what it is
    """
    if not file.is_file():
        raise ConfigurationError(f"{file}: there is no such picture")
    return attached(file, alt)


def attached(file: Path, alt: str) -> Media:
    """As `picture`, for one that was there when the file that names it was read: one that has gone since costs its own
    post when that is due, and no other.

    :raises ConfigurationError: its name does not tell what it is
    """
    media_type, _ = mimetypes.guess_type(file.name)
    if media_type is None or not media_type.startswith(("image/", "video/")):
        raise ConfigurationError(f"{file}: its name does not tell what kind of picture it is; call it .png or .jpg")
    return Media(path=str(file.resolve()), media_type=media_type, alt=alt)


def wish_of(entry: Picture) -> Wish | None:
    """Return what is to be made for a post; None: nothing, its picture is a file that is described."""
    if entry.file is not None:
        return None if entry.alt is not None else Wish(file=attached(entry.file, "").path)
    card = None if entry.card is None else card_of(entry.card)
    return Wish(card=card, about=entry.about, alt=entry.alt, shape=str(entry.shape or Shape.SQUARE))


def card_of(entry: CardEntry) -> Card:
    """Return a card as the ledger has it."""
    return Card(
        show=str(entry.show),
        say=entry.say,
        by=entry.by,
        title=entry.title,
        rows=tuple((entry.rows or {}).items()),
        table=None if entry.table is None else str(entry.table.resolve()),
    )


def _media(entry: Picture | None) -> tuple[Media, ...]:
    if entry is None or entry.file is None or entry.alt is None:
        return ()
    return (attached(entry.file, entry.alt),)


def turn_of_item(item: AgendaItem, ledger: str, *, now: int, not_before: int) -> Turn:
    """Return the turn of an agenda item of the ledger with this id."""
    period = item.event.period or numbered(item.id, ledger=ledger)
    event = replace(item.event, period=period, due=from_micros(item.due))
    # each has a lane of its own: one that cannot go out now must not hold up the others
    lane = f"{event.name}@{period}"
    return turn_of(item.account, event, deadline=item.due + item.late, now=now, not_before=not_before, lane=lane)


def due_of(entry: Entry, occurrence: Occurrence, place: Place) -> Due:
    """Return an occurrence as the event that it is in one place."""
    return Due(
        name=occurrence.name,
        period=occurrence.period,
        due=occurrence.due,
        about=entry.about,
        say=entry.say,
        media=entry.media,
        filter=entry.filter,
        picture=entry.picture,
        room=place.room,
        visibility=entry.visibility,
        warning=entry.warning,
        poll=entry.poll,
        embed=entry.embed,
    )


def entry_of(entry: PostEntry, file: BotFile) -> Entry:
    """Return an entry of a bot file, its files looked at and its accounts named."""
    places: Sequence[Place] = entry.places or tuple(Place(account=name) for name in file.accounts)
    return Entry(
        schedule=Schedule.of(entry, timezone=file.timezone),
        about=entry.about,
        say=entry.say,
        media=_media(entry.picture),
        filter=None if entry.picture is None else entry.picture.filter,
        picture=None if entry.picture is None else wish_of(entry.picture),
        visibility=entry.visibility,
        warning=entry.warning,
        poll=None if entry.poll is None else entry.poll.poll,
        embed=None if entry.embed is None else entry.embed.embed,
        places=tuple(places),
    )
