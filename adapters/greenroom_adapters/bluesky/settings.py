"""What an owner writes below an account on Bluesky."""

from dataclasses import dataclass

from greenroom_adapters.contract import Address, Secret, StreamAddress

__all__ = ["CHAT", "SERVER", "BlueskySettings"]

SERVER = "https://bsky.social"
CHAT = "did:web:api.bsky.chat#bsky_chat"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlueskySettings:
    """An account on Bluesky, by an app password."""

    handle: str
    """Handle of the bot's account, for example `ada.bsky.social`."""
    password: Secret
    """An app password of the account (Settings, Privacy and security, App passwords), not the password itself."""
    server: Address = SERVER
    """Where the account signs in."""
    pds: Address = ""
    """Address of the data server that keeps the account. Empty: the one that the account's identity names."""
    direct: bool = True
    """Hear and send direct messages. The app password must have been allowed to, when it was made."""
    look_every: float = 5.0
    """Seconds between two looks for what is new, at least 0.1."""
    chat: str = CHAT
    """Identity of the service that carries direct messages."""
    stream: StreamAddress = ""
    """Address of a Jetstream, the stream of what everybody writes, for example `wss://jetstream.us-east.bsky.network`.
    Empty: none is read, and nothing is heard of deletions and watched words."""
    watch: tuple[str, ...] = ()
    """Words, phrases and hashtags: public posts with one of them are heard as messages. Needs `stream`."""
