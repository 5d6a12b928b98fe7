"""The tags of a forum: which of those that the owner names its posts get there."""

from collections.abc import Collection, Iterable, Sequence

from greenroom_adapters.discord.wire import WireForumTag

__all__ = ["MOST", "applied", "lacking_tag"]

MOST = 5
"""Tags of one post in a forum ("Start Thread in Forum or Media Channel")."""
REQUIRES_TAG = 1 << 4
"""Flag of a forum that takes no post without a tag ("Channel Flags")."""


def applied(has: Iterable[WireForumTag], wanted: Collection[str]) -> list[WireForumTag]:
    """Return those of a forum's tags that are wanted, by id or by name, in the order in which the forum has them; at
    most `MOST`. One forum has one tag of a name."""
    names = {name.casefold() for name in wanted}
    return [tag for tag in has if tag.id in names or tag.name.casefold() in names][:MOST]


def lacking_tag(name: str, flags: int, has: Sequence[WireForumTag], wanted: Collection[str]) -> str | None:
    """Say why a forum takes no post with the wanted tags, and how to mend it; None: it does."""
    if not flags & REQUIRES_TAG or applied(has, wanted):
        return None
    choice = ", ".join(f"`{tag.name}`" for tag in has) or "none: make one in its settings"
    named = "and none of `tags` is one of its own" if wanted else "and `tags` names none"
    return f"#{name} takes no post without a tag, {named}; it has {choice}"
