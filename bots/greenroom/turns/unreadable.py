"""Rooms whose messages the account cannot read: told once, in the room and to the owner, never left in silence."""

from datetime import timedelta

from greenroom.clock import MICROSECOND, Clock, from_micros
from greenroom.storage import CLOCK, Due, Turn
from greenroom_adapters.contract import RoomUnreadable, Surface, Trust

__all__ = ["UNREADABLE", "turn_in", "words_for_owner"]

UNREADABLE = "unreadable"
"""Rule and name of a turn that says so in the room, kind of the entry in the journal, and beginning of the fact."""
WORTH = timedelta(hours=6) // MICROSECOND
"""Microseconds in which it is still worth saying."""


def turn_in(event: RoomUnreadable, *, account: str, clock: Clock) -> Turn:
    """Return the turn that says so in the room; the same for ever, so that the inbox takes it once."""
    now = clock.micros()
    due = Due(
        name=UNREADABLE,
        period=event.id,
        due=from_micros(now),
        say=f"I cannot read here: {event.why}.",
        room=event.room.id,
    )
    lane = f"{account}/{UNREADABLE}"
    return Turn(account, due.id, lane, CLOCK, due, Surface.CHAT, UNREADABLE, Trust.OWNER, now, now + WORTH)


def words_for_owner(event: RoomUnreadable, *, account: str) -> str:
    """Return what the owner reads."""
    return f"cannot read {event.room.name or event.room.id} on {account}: {event.why}"
