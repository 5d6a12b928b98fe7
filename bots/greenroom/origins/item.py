"""One thing that a post is made from, and the marks by which it is told again."""

import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from urllib.parse import parse_qsl, urlencode, urlsplit

from greenroom.settings import Place
from greenroom_adapters.contract import Media, Visibility

__all__ = ["Item", "is_of_our_time", "mark", "period_of", "plain_address"]

_TRACKING = re.compile(r"utm_\w+|at_(?:medium|campaign)|(?:fb|g|ms|y)clid|mc_[ce]id|xtor|ref_src", re.IGNORECASE)
"""Parameters of an address that say by which way somebody came, and nothing of where he is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something to be posted, once. What stands in it may be a stranger's."""

    marks: tuple[str, ...]
    """By each of them it is told again, whatever became of the others; the first one is its identity. At least one."""
    title: str = ""
    text: str = ""
    """Plain text, without a title."""
    link: str | None = None
    """Where it comes from."""
    author: str = ""
    published: datetime | None = None
    """When its source says it came out, aware."""
    when: datetime | None = None
    """When it is to be posted, aware; None: as the post says."""
    media: tuple[Media, ...] = ()
    warning: str | None = None
    visibility: Visibility | None = None
    places: tuple[Place, ...] = ()
    """Where; none: as the post says."""


def is_of_our_time(when: datetime) -> bool:
    """Say whether a moment that somebody wrote is one to reckon with: none at the ends of all calendars."""
    return 1970 < when.year < 3000


def mark(kind: str, *parts: str) -> str:
    """Return a mark of this kind over what is the same each time: short, whatever a stranger writes."""
    return f"{kind}:{blake2b(chr(31).join(parts).encode(errors='replace'), digest_size=12).hexdigest()}"


def period_of(item: Item) -> str:
    """Return under which name the inbox takes it, once: the same for ever."""
    return item.marks[0].replace(":", "-")


def plain_address(address: str) -> str:
    """Return an address without what may differ although it leads to the same: http or https, `www.`, the slash at the
    end, the way by which somebody came. What is no address is returned as it is, without white space around it."""
    address = address.strip()
    try:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return address
        host = parts.hostname.removeprefix("www.") + (f":{parts.port}" if parts.port else "")
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return address
    query = urlencode(sorted(pair for pair in pairs if not _TRACKING.fullmatch(pair[0])))
    fragment = "" if _TRACKING.match(parts.fragment) else parts.fragment
    return f"{host}{parts.path.rstrip('/')}{f'?{query}' if query else ''}{f'#{fragment}' if fragment else ''}"
