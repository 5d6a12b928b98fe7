"""How people and events are named: hexadecimal on the wire, `npub1…`, `nevent1…` and the like for people (NIP-19)."""

import re
from dataclasses import dataclass

from greenroom_adapters.contract import PostRef
from greenroom_adapters.nostr.bech32 import decode, encode

__all__ = ["NAMES", "Pointer", "direct_reference", "event_of", "is_hex", "nevent", "npub", "person_of", "reference"]

HEX = re.compile(r"[0-9a-f]{64}")
DIRECT = "dm/"
"""Begins the id of a message that only its two people have: no relay knows it by that id."""
NAMES = re.compile(r"\b(?:nostr:)?((?:npub|nprofile|note|nevent)1[qpzry9x8gf2tvdw0s3jn54khce6mua7l]{20,2000})\b")
"""People and events as they stand in a text (NIP-21, NIP-27), with `nostr:` or without."""
ID, RELAY, AUTHOR, KIND = 0, 1, 2, 3
"""Types of what stands in an `nprofile` or `nevent` (NIP-19, "Shareable identifiers with extra metadata")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """What a name leads to."""

    is_person: bool
    id: str
    """Public key or event id."""

    @classmethod
    def read(cls, name: str) -> "Pointer":
        """Return what `npub1…`, `nprofile1…`, `note1…` or `nevent1…` stands for.

        :raises ValueError: it is none of these
        """
        prefix, content = decode(name)
        if prefix in ("npub", "note"):
            found = content
        elif prefix in ("nprofile", "nevent"):
            found = _parts(content).get(ID, b"")
        else:
            raise ValueError(f"a name that begins with {prefix}1 is neither a person nor an event")
        if len(found) != 32:
            raise ValueError("a name of the wrong length")
        return cls(is_person=prefix in ("npub", "nprofile"), id=found.hex())


def is_hex(text: str) -> bool:
    """Tell whether a text has the form of a public key or an event id."""
    return HEX.fullmatch(text) is not None


def npub(pubkey: str) -> str:
    """Return a public key as people write it."""
    return encode("npub", bytes.fromhex(pubkey))


def nevent(event: str, *, author: str = "", relay: str = "") -> str:
    """Return an event's name, with its author and a relay that has it where these are known."""
    content = bytes((ID, 32)) + bytes.fromhex(event)
    if relay and len(relay) < 256 and relay.isascii():
        content += bytes((RELAY, len(relay))) + relay.encode()
    if author:
        content += bytes((AUTHOR, 32)) + bytes.fromhex(author)
    return encode("nevent", content)


def reference(event: str, *, author: str = "", relay: str = "") -> PostRef:
    """Return what a public event is called in the contract."""
    return PostRef(id=event, url=f"nostr:{nevent(event, author=author, relay=relay)}")


def direct_reference(message: str) -> PostRef:
    """Return what a direct message is called in the contract."""
    return PostRef(id=f"{DIRECT}{message}")


def event_of(ref: PostRef) -> tuple[str, bool] | None:
    """Return the event id and whether it is a direct message's; None: it is no post on Nostr."""
    event = ref.id.removeprefix(DIRECT)
    return (event, event != ref.id) if is_hex(event) else None


def person_of(handle: str) -> str | None:
    """Return the public key behind what somebody wrote (hexadecimal, `npub1…`, `nprofile1…`, with `nostr:` or an `@`
    or without); None: it is none."""
    written = handle.strip().removeprefix("@").removeprefix("nostr:")
    if is_hex(written):
        return written
    try:
        found = Pointer.read(written)
    except ValueError:
        return None
    return found.id if found.is_person else None


def _parts(content: bytes) -> dict[int, bytes]:
    """Return the first part of each type."""
    found: dict[int, bytes] = {}
    place = 0
    while place + 2 <= len(content):
        kind, length = content[place], content[place + 1]
        found.setdefault(kind, content[place + 2 : place + 2 + length])
        place += 2 + length
    return found
