"""What passes between a client and a relay: events, filters, messages (NIP-01)."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from greenroom_adapters.nostr.keys import Keys, is_signed_by
from greenroom_adapters.nostr.references import is_hex

__all__ = [
    "UNBELIEVABLE",
    "UNREADABLE",
    "Filter",
    "Tags",
    "WireEvent",
    "digest_of",
    "message",
    "moment",
    "read_event",
    "read_message",
    "signed",
]

Tags = tuple[tuple[str, ...], ...]
Filter = Mapping[str, object]
"""What is asked for, in the words of NIP-01: `ids`, `authors`, `kinds`, `#p`, `since`, `until`, `limit`."""

UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError)
"""What reading somebody else's JSON raises. It is read to its depths, those that nobody asks for as well: what is
nested too deep ends in a `RecursionError`."""
UNBELIEVABLE = (*UNREADABLE, ValueError)
"""What reading somebody else's event raises."""
SIGNATURE = re.compile(r"[0-9a-f]{128}")


class WireEvent(msgspec.Struct, frozen=True):
    """An event."""

    id: str
    pubkey: str
    created_at: int
    """Seconds since 1970, by its author's clock."""
    kind: int
    tags: Tags
    content: str
    sig: str = ""

    def values(self, name: str) -> Iterator[str]:
        """Yield the first value of each tag of this name."""
        return (tag[1] for tag in self.tags if len(tag) > 1 and tag[0] == name)

    def first(self, name: str) -> str | None:
        """Return the first value of the first tag of this name."""
        return next(self.values(name), None)


EVENTS = msgspec.json.Decoder(WireEvent)
MESSAGES = msgspec.json.Decoder(list[msgspec.Raw])


def digest_of(pubkey: str, created_at: int, kind: int, tags: Tags, content: str) -> bytes:
    """Return the 32 bytes that are an event's id (NIP-01, "Events and signatures")."""
    return hashlib.sha256(msgspec.json.encode((0, pubkey, created_at, kind, tags, content))).digest()


def signed(keys: Keys, *, created_at: int, kind: int, tags: Sequence[Sequence[str]], content: str) -> WireEvent:
    """Return an event of this key. The same words at the same time are the same event, to the last byte."""
    fixed = tuple(tuple(tag) for tag in tags)
    digest = digest_of(keys.pubkey, created_at, kind, fixed, content)
    return WireEvent(
        id=digest.hex(),
        pubkey=keys.pubkey,
        created_at=created_at,
        kind=kind,
        tags=fixed,
        content=content,
        sig=keys.sign(digest),
    )


def read_event(raw: bytes | msgspec.Raw) -> WireEvent:
    """Return an event that is what it says: its id is that of its content, and its author signed it.

    :raises UNREADABLE: it is no event
    :raises ValueError: it is not what it says
    """
    event = EVENTS.decode(raw)
    if not is_hex(event.pubkey) or SIGNATURE.fullmatch(event.sig) is None:
        raise ValueError("an event without an author or a signature")
    digest = digest_of(event.pubkey, event.created_at, event.kind, event.tags, event.content)
    if digest.hex() != event.id:
        raise ValueError("an event under the id of another one")
    if not is_signed_by(event.pubkey, digest, event.sig):
        raise ValueError("an event that its author has not signed")
    return event


def message(*parts: object) -> str:
    """Return a message for a relay."""
    return msgspec.json.encode(parts).decode()


def read_message(text: str | bytes) -> tuple[str, list[msgspec.Raw]]:
    """Return the name of a relay's message and what follows it.

    :raises UNREADABLE: it is no message
    """
    parts = MESSAGES.decode(text)
    if not parts:
        raise msgspec.ValidationError("an empty message")
    return msgspec.json.decode(parts[0], type=str), parts[1:]


def moment(seconds: int) -> datetime:
    """Return a moment, aware.

    :raises ValueError: there is no such moment
    """
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as exc:
        raise ValueError(f"{seconds} is no moment") from exc
