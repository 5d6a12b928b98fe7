"""Mentions in a text by what cannot be forged: by ids, where clients write the names that people give themselves."""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from itertools import islice
from urllib.parse import unquote

from greenroom_adapters.matrix.addressing import QUOTED_REPLY
from greenroom_adapters.matrix.wire import WireMessage, WireNewContent

__all__ = ["with_ids"]

PILL = re.compile(
    r"""<a\s[^<>]*?href\s*=\s*["'](?:https://matrix\.to/\#/|matrix:(u|r|roomid)/)([^/?"'<>]++)[^"'<>]*+["'][^<>]*+>"""
    r"""((?:[^<]|<(?!/?a\b))*+)""",
    re.IGNORECASE,
)
"""A link to a person or a room, and what stands in it ("matrix.to navigation", "Matrix URI scheme"). It gives nothing
back that it has read: looking for the end of a link from each of its letters would take half a minute."""
MOST = 50
"""So many of them are looked at in one message, and what mentions more people than that is no order."""
TAG = re.compile(r"<[^<>]*>")
SIGILS = {"": "", "u": "@", "r": "#", "roomid": "!"}
"""How the ids begin that an address names by their kind; one of matrix.to has them whole."""


def with_ids(text: str, message: WireMessage | WireNewContent, names: Mapping[str, str], *, me: str) -> str:
    """Return what the sender of a message wrote, with ids in the place of the names of others whom it mentions.

    Such a name is a stranger's choice, and who mentions him does not say what it says. It is replaced wherever it
    stands by itself, for the plain text does not tell where the mention is. `names` are those that are known of people,
    by their ids; the name of `me` stays, also where somebody else goes by it.
    """
    mentioned = message.mentions.user_ids if message.mentions is not None else ()
    found = {names.get(user, ""): user for user in mentioned[:MOST]}
    found |= {name: one for one, name in _pills(QUOTED_REPLY.sub("", message.formatted_body))}
    ours = names.get(me, "").casefold()
    others = {
        " ".join(name.split()): one
        for name, one in found.items()
        if one != me and name.strip() and name.casefold() != ours
    }
    if not others:
        return text
    written = re.compile("|".join(map(_alone, sorted(others, key=len, reverse=True))))
    return written.sub(lambda name: others[" ".join(name[0].split())], text)


def _pills(formatted: str) -> Iterator[tuple[str, str]]:
    """Yield the id of whom or what each link leads to, and what stands in it."""
    for link in islice(PILL.finditer(formatted), MOST):
        kind, name, inside = link.groups("")
        yield SIGILS[kind.lower()] + unquote(name), unescape(TAG.sub("", inside))


def _alone(name: str) -> str:
    """Return a pattern of a name that is no part of a word."""
    begins, ends = (r"(?<!\w)" if name[0].isalnum() else "", r"(?!\w)" if name[-1].isalnum() else "")
    return begins + r"\s+".join(map(re.escape, name.split())) + ends
