"""The names of things: addresses of records, keys that are times, direct messages."""

import random
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from typing_extensions import override

from greenroom_adapters.contract import PostRef

__all__ = [
    "EPOCH",
    "LIKE",
    "MICROSECOND",
    "POST",
    "PROFILE",
    "REPOST",
    "AtUri",
    "MessageName",
    "Tids",
    "message_reference",
    "reference",
]

POST = "app.bsky.feed.post"
LIKE = "app.bsky.feed.like"
REPOST = "app.bsky.feed.repost"
PROFILE = "app.bsky.actor.profile"

ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
MESSAGE = "chat:"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class AtUri(NamedTuple):
    """The address of one record (AT Protocol, "AT URI scheme")."""

    repo: str
    collection: str
    rkey: str

    @override
    def __str__(self) -> str:
        return f"at://{self.repo}/{self.collection}/{self.rkey}"

    @classmethod
    def read(cls, text: str) -> "AtUri | None":
        """Return the address that a text is; None: it is none of a record."""
        parts = text.removeprefix("at://").split("/")
        if not text.startswith("at://did:") or len(parts) != 3 or not all(parts):
            return None
        return cls(*parts)


class MessageName(NamedTuple):
    """Where one direct message is: its conversation, and its name there."""

    convo: str
    message: str

    @classmethod
    def read(cls, text: str) -> "MessageName | None":
        """Return the message that a reference names; None: it names none."""
        convo, slash, message = text.removeprefix(MESSAGE).partition("/")
        if not text.startswith(MESSAGE) or not slash or not convo or not message:
            return None
        return cls(convo, message)


def reference(uri: AtUri) -> PostRef:
    """Return what a post is called everywhere, with the page on which people see it."""
    url = f"https://bsky.app/profile/{uri.repo}/post/{uri.rkey}" if uri.collection == POST else None
    return PostRef(id=str(uri), url=url)


def message_reference(convo: str, message: str) -> PostRef:
    """Return what a direct message is called."""
    return PostRef(id=f"{MESSAGE}{convo}/{message}")


class Tids:
    """Makes record keys that are times (AT Protocol, "Record key: type tid"): 53 bits of microseconds since 1970 and 10
    bits of chance, in base 32. No two of one maker are alike, and later ones sort after earlier ones."""

    def __init__(self, rng: random.Random | None = None) -> None:
        self._clock_id = (rng or random.SystemRandom()).randrange(1 << 10)
        self._last = 0

    def make(self, now: datetime) -> str:
        """Return the next key."""
        self._last = max((now - EPOCH) // MICROSECOND, self._last + 1)
        number = (self._last << 10) | self._clock_id
        return "".join(ALPHABET[number >> shift & 31] for shift in range(60, -1, -5))
