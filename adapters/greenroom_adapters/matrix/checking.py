"""What an owner should know of the account before it runs, each trouble with its mend."""

from collections.abc import Iterator

from greenroom_adapters.contract import Author, PostRejected, Standing
from greenroom_adapters.matrix.invites import Invites, invitations
from greenroom_adapters.matrix.places import Places
from greenroom_adapters.matrix.rooms import Rooms
from greenroom_adapters.matrix.settings import MatrixSettings
from greenroom_adapters.matrix.wire import WireSync

__all__ = ["standing"]

NAMED = 10
"""Rooms that are named; of more, only their number is told."""


async def standing(
    me: Author, everything: WireSync, *, settings: MatrixSettings, rooms: Rooms, invites: Invites, places: Places
) -> Standing:
    """Say what the account may do and what will not work."""
    warnings = [
        *_about_the_name(me),
        *_about_rooms(rooms, me.id),
        *_about_invitations(everything, invites, me.id),
    ]
    may = [
        f"read messages and mentions in {_list([room.shown for room in rooms if not room.is_direct]) or 'no room yet'}",
        "answer where it is asked",
        f"send direct messages ({sum(room.is_direct for room in rooms)} conversations so far)",
        "react to messages, edit and delete its own",
    ]
    if settings.home:
        problem = await _about_home(settings.home, rooms, places)
        if problem is None:
            may.append(f"post in {settings.home}")
        else:
            warnings.append(problem)
    return Standing(me=me, may=tuple(may), warnings=tuple(warnings))


async def _about_home(home: str, rooms: Rooms, places: Places) -> str | None:
    try:
        room = await places.room_called(home)
    except PostRejected as refused:
        return f"its own posts have no place: {refused}. Mend `home` in the bot file."
    if room not in rooms:
        return f"its own posts have no place: the account is not in {home}. Invite it, or join with its own client."
    return None


def _about_the_name(me: Author) -> Iterator[str]:
    if "bot" not in f"{me.name} {me.handle}".casefold():
        yield (
            "nothing in its name says that it is a bot: people should see that. Give the account a display name such "
            "as `Ada (bot)` in any Matrix client."
        )


def _about_rooms(rooms: Rooms, me: str) -> Iterator[str]:
    encrypted = [room.shown for room in rooms if room.encrypted]
    if encrypted:
        yield (
            f"cannot read {_list(encrypted)}: their messages are encrypted, and encryption cannot be switched off "
            "again. Make a new room without encryption and invite the bot there."
        )
    yield from (
        f"{room.shown} was replaced by another room, into which nobody has invited the bot: invite it into the new one."
        for room in rooms
        if room.replaced_by and room.replaced_by not in rooms
    )
    silent = [room.shown for room in rooms if not room.may_write(me) and not room.replaced_by]
    if silent:
        yield f"may not write in {_list(silent)}: ask a moderator there for a higher power level."


def _about_invitations(everything: WireSync, invites: Invites, me: str) -> Iterator[str]:
    for invitation in invitations(everything.rooms.invite, me=me):
        if not invites.accepts(invitation):
            yield (
                f"{invitation.by} invites it into {invitation.room}, which stays open: name the person or their server "
                "under `invites`, or accept it with the account's own client."
            )


def _list(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= NAMED else f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"
