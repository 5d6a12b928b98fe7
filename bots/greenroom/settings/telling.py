"""`tell:`, the one person or room where a bot's owner hears of what needs him."""

from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, ValidationInfo
from pydantic.json_schema import WithJsonSchema

from greenroom.settings.document import Items
from greenroom.settings.model import Reading, wrong
from greenroom.settings.spelling import PERSON, PLACE, Person, Place, SpellingError

__all__ = ["TOLD_UP_TO", "UNHEARD", "TellTo", "tell_words"]

TOLD_UP_TO = "told"
"""Name of the fact in the ledger that says up to which entry of the journal everything is told."""
UNHEARD = "tell unheard"
"""Name of the fact in the ledger that says whom of `tell` the platform does not know, as the file spells it."""


def _read(value: Any, info: ValidationInfo) -> Any:
    reading = info.context
    if not isinstance(reading, Reading):
        return value
    room = reading.rooms.get(value) if isinstance(value, str) else None
    written: object = value
    if room is not None:
        # a room with several addresses is one room: its owner hears in the first
        written = room[0] if isinstance(room, Items) and room else room
    try:
        place = PLACE.read(written)
        if place.room is None:
            known = sorted(reading.accounts or ())
            if known and place.account not in known:
                first = known[0]
                raise wrong(
                    f"`{place.account}` is no account of this bot: write where you are told, and who you are there: "
                    f"{first}/@handle, or a room, {first}/room"
                )
            raise wrong(
                f"`{place.account}` alone would tell everybody: write a person, {place.account}/@handle, "
                f"or a room, {place.account}/room"
            )
        return PERSON.read(written) if place.room.startswith("@") else place
    except SpellingError as error:
        raise wrong(str(error)) from error


def tell_words(to: Person | Place) -> str:
    """Return the spelling of a person or a place."""
    return f"{to.account}/{to.who if isinstance(to, Person) else to.room}"


TellTo = Annotated[
    Person | Place,
    BeforeValidator(_read),
    PlainSerializer(tell_words),
    WithJsonSchema(
        {"type": "string", "pattern": r"^[^/]+(/.+)?$", "examples": ["home/@maria", "discord/staff"]},
    ),
]
"""A person, `account/@handle-or-id`, or a room: `account/room` or a name from `rooms`."""
