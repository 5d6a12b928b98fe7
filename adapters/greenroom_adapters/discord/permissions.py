"""What somebody may do in a channel (API reference, "Permissions", "Permission Overwrites")."""

from collections.abc import Iterable, Mapping

from discord import Permissions

from greenroom_adapters.contract import Kind, Wanted
from greenroom_adapters.discord.wire import WireOverwrite

__all__ = ["NEEDED", "in_channel", "in_server", "lacking", "needed", "sends_away"]

EVERYTHING = Permissions.all()
SENDS_AWAY = Permissions(kick_members=True, manage_guild=True)
NEEDED: Mapping[str, str] = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "send_messages_in_threads": "Send Messages in Threads",
    "read_message_history": "Read Message History",
    "add_reactions": "Add Reactions",
    "attach_files": "Attach Files",
    "embed_links": "Embed Links",
}
"""Permission → what the settings of a server call it: all that a bot may need."""
HEARD_IN_SERVERS = frozenset({Kind.MENTION, Kind.REPLY, Kind.MESSAGE, Kind.JOIN, Kind.REACTION})
"""What a bot answers where others read it."""


def needed(wanted: Wanted | None) -> tuple[str, ...]:
    """Return the permissions that a bot needs for what it does; None: nobody knows yet what that is."""
    if wanted is None:
        return tuple(name for name in NEEDED if name != "embed_links")
    answers = bool(wanted.kinds & HEARD_IN_SERVERS)
    if not answers and not wanted.posts:
        # a direct conversation needs a server that both are in, and no right there
        return ()
    found = ["view_channel", "send_messages", "send_messages_in_threads", "read_message_history"]
    found += ["attach_files"] if wanted.attaches else []
    found += ["add_reactions"] if wanted.reacts else []
    found += ["embed_links"] if wanted.embeds else []
    return tuple(found)


def in_server(
    me: str, *, owner: str | None, roles: Iterable[str], granted: Mapping[str, int], guild: str
) -> Permissions:
    """Return what a member's `roles` give: `granted` is role → its permissions, `guild` the role of everybody."""
    if me == owner:
        return EVERYTHING
    value = granted.get(guild, 0)
    for role in roles:
        value |= granted.get(role, 0)
    found = Permissions(value)
    return EVERYTHING if found.administrator else found


def in_channel(
    base: Permissions, overwrites: Iterable[WireOverwrite], *, me: str, roles: Iterable[str], guild: str
) -> Permissions:
    """Return what is left of `base` in a channel with these overwrites: for everybody, for roles, for the member."""
    if base.administrator:
        return EVERYTHING
    by_id = {overwrite.id: overwrite for overwrite in overwrites}
    value = base.value
    for group in ([guild], [role for role in roles if role != guild], [me]):
        value = _apply(value, [by_id[id] for id in group if id in by_id])
    return Permissions(value)


def sends_away(permissions: Permissions) -> bool:
    """Say whether somebody with these permissions may send others out of the server."""
    return bool(permissions.value & SENDS_AWAY.value)


def lacking(permissions: Permissions, names: Iterable[str]) -> tuple[str, ...]:
    """Return those of the needed permissions that are missing, as people know them."""
    return tuple(NEEDED[name] for name in names if not getattr(permissions, name))


def _apply(value: int, overwrites: Iterable[WireOverwrite]) -> int:
    allow = deny = 0
    for overwrite in overwrites:
        allow |= int(overwrite.allow)
        deny |= int(overwrite.deny)
    return (value & ~deny) | allow
