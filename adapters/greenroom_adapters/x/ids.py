"""Ids of posts and messages on X: numbers that grow with time, and what time they tell."""

import re
from datetime import UTC, datetime, timedelta

from greenroom_adapters.contract import PostRef

__all__ = ["id_at", "is_id", "message_number", "message_ref", "moment_of", "number_of", "post_ref"]

EPOCH = datetime(2010, 11, 4, 1, 42, 54, 657000, tzinfo=UTC)
"""From which the first 41 bits of an id count milliseconds ("Twitter snowflake"; ids before November 2010 do not)."""
SHIFT = 22
LARGEST = 2**63 - 1
ID = re.compile(r"[0-9]{1,19}", re.ASCII)
MESSAGE = "dm/"
"""Before the id of a direct message in a `PostRef`: posts and messages are different things with ids of one kind."""


def is_id(text: str) -> bool:
    """Say whether X could have given this id."""
    return ID.fullmatch(text) is not None


def moment_of(number: int) -> datetime:
    """Return when an id was given, to the millisecond."""
    return EPOCH + timedelta(milliseconds=min(number, LARGEST) >> SHIFT)


def id_at(moment: datetime) -> int:
    """Return the smallest id that can be given at this moment or later; 0 before there were any."""
    return max(0, (moment - EPOCH) // timedelta(milliseconds=1)) << SHIFT


def post_ref(post_id: str, *, handle: str = "i") -> PostRef:
    """Return the reference of a post. X finds it under any handle."""
    return PostRef(id=post_id, url=f"https://x.com/{handle}/status/{post_id}")


def message_ref(event_id: str) -> PostRef:
    """Return the reference of a direct message; nobody can look at it from outside."""
    return PostRef(id=f"{MESSAGE}{event_id}")


def number_of(ref: PostRef) -> str | None:
    """Return the id of a post; None: the reference is none of a post here."""
    return ref.id if is_id(ref.id) else None


def message_number(ref: PostRef) -> str | None:
    """Return the id of a direct message; None: the reference is none of a message here."""
    number = ref.id.removeprefix(MESSAGE)
    return number if ref.id.startswith(MESSAGE) and is_id(number) else None
