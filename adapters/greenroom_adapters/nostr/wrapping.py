"""Direct messages: a message without a signature, sealed by its author, in a wrap that tells nobody who wrote it
(NIP-17, NIP-59)."""

import msgspec

from greenroom_adapters.nostr.encryption import decrypt, encrypt
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.wire import Tags, WireEvent, digest_of, read_event, signed

__all__ = ["BACKDATED", "MESSAGE", "SEAL", "WRAP", "Rumor", "rumor", "unwrap", "wrap"]

MESSAGE, SEAL, WRAP = 14, 13, 1059
BACKDATED = 2 * 24 * 3600
"""Seconds by which the time on a wrap may lie before the message's own (NIP-59, "up to two days in the past")."""


class Rumor(msgspec.Struct, frozen=True):
    """An event that nobody signed: what stands in it is as true as the seal around it."""

    pubkey: str
    created_at: int
    kind: int
    tags: Tags
    content: str
    id: str = ""


RUMORS = msgspec.json.Decoder(Rumor)


def rumor(pubkey: str, *, created_at: int, tags: Tags, content: str, kind: int = MESSAGE) -> Rumor:
    """Return a message."""
    digest = digest_of(pubkey, created_at, kind, tags, content)
    return Rumor(id=digest.hex(), pubkey=pubkey, created_at=created_at, kind=kind, tags=tags, content=content)


def wrap(message: Rumor, keys: Keys, person: str, *, key: str) -> WireEvent:
    """Return the message for this person, sealed and wrapped.

    The key of the wrap, its nonces and its times are derived from ours and from `key`, not drawn by lot: the same
    message for the same person is the same event at every try, and relays see that.

    :raises ValueError: the message is too long, or this is no public key
    """

    def earlier(purpose: str) -> int:
        return message.created_at - int.from_bytes(keys.derive(purpose, person, key)[:4]) % BACKDATED

    seal = signed(
        keys,
        created_at=earlier("seal's time"),
        kind=SEAL,
        tags=(),
        content=encrypt(
            msgspec.json.encode(message).decode(), keys, person, nonce=keys.derive("seal's nonce", person, key)
        ),
    )
    once = Keys(keys.derive("wrap's key", person, key))
    return signed(
        once,
        created_at=earlier("wrap's time"),
        kind=WRAP,
        tags=(("p", person),),
        content=encrypt(
            msgspec.json.encode(seal).decode(), once, person, nonce=keys.derive("wrap's nonce", person, key)
        ),
    )


def unwrap(event: WireEvent, keys: Keys) -> Rumor:
    """Return the message in a wrap, whose author sealed it.

    :raises UNREADABLE: what stands in it is no message
    :raises ValueError: it is not for us, not sealed by whom it says, or cannot be opened
    """
    seal = read_event(decrypt(event.content, keys, event.pubkey).encode())
    if seal.kind != SEAL:
        raise ValueError("a wrap around something else than a seal")
    told = RUMORS.decode(decrypt(seal.content, keys, seal.pubkey).encode())
    if told.pubkey != seal.pubkey:
        raise ValueError("a message sealed by another person than its author")
    digest = digest_of(told.pubkey, told.created_at, told.kind, told.tags, told.content)
    if told.id not in ("", digest.hex()):
        raise ValueError("a message under the id of another one")
    return msgspec.structs.replace(told, id=digest.hex())
