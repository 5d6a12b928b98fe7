"""What an owner writes below an account on Nostr."""

from dataclasses import dataclass

from greenroom_adapters.contract import Address, Secret, StreamAddress

__all__ = ["TEXT_LENGTH", "NostrSettings"]

TEXT_LENGTH = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class NostrSettings:
    """An account on Nostr: a key, and the relays that it is read and written through."""

    key: Secret
    """The account's secret key, `nsec1…` or 64 hexadecimal digits. Whoever has it is the account; it cannot be
    changed."""
    relays: tuple[StreamAddress, ...]
    """Addresses of relays, for example `wss://relay.example.org`. All of them are listened to and written to."""
    confirm: int = 1
    """How many relays must have a post before it counts as published."""
    text_length: int = TEXT_LENGTH
    """Longest text in characters, where no relay says how much it takes."""
    media_server: Address = ""
    """Address of a Blossom server for pictures and clips, for example `https://media.example.org`. Empty: posts have
    none."""
