"""How the posts of Matrix are named here, and how their names look to the platform and to people."""

import hashlib
from urllib.parse import quote, unquote

from greenroom_adapters.contract import PostRef

__all__ = ["place", "reference", "server_of", "short"]

PLAIN_IN_ROOMS = "!:$@#=.-_~"
PLAIN_IN_EVENTS = "$:"
"""Characters that stay readable in our ids; the slash between room and event must not be among them."""


def reference(room: str, event: str, *, me: str) -> PostRef:
    """Return the identity of an event.

    The client-server API finds an event by its room and its own id together, so our id holds both. Neither is looked
    into: room ids have had no server part since room version 12, and event ids are opaque (Matrix specification,
    appendices, "Identifier Grammar"). The address is of matrix.to, which offers every client
    (appendices, "matrix.to navigation"); the bot's own server is named as one that knows the room.
    """
    known = f"{quote(room, safe=PLAIN_IN_ROOMS)}/{quote(event, safe=PLAIN_IN_EVENTS)}"
    address = f"https://matrix.to/#/{quote(room, safe='')}/{quote(event, safe='')}?via={quote(server_of(me), safe='')}"
    return PostRef(id=known, url=address)


def place(ref: PostRef) -> tuple[str, str] | None:
    """Return the room and the event that a `PostRef` of ours names; None: it is not one of Matrix."""
    room, slash, event = ref.id.partition("/")
    if not (slash and room and event):
        return None
    return unquote(room), unquote(event)


def server_of(user: str) -> str:
    """Return the server part of a user id: all behind the first colon (appendices, "User Identifiers")."""
    return user.partition(":")[2]


def short(name: str) -> str:
    """Return a short stand-in for a room or event id, for cursors."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]
