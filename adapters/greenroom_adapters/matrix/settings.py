"""What an owner writes below an account on Matrix."""

from dataclasses import dataclass
from typing import Literal

from greenroom_adapters.contract import Address, Secret

__all__ = ["MatrixSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixSettings:
    """An account on a Matrix homeserver, by its access token."""

    server: Address
    """Address of the homeserver's client API, for example `https://matrix.example.org`."""
    token: Secret
    """Access token of the bot's account. It belongs to one device of the account; keep that device."""
    user: str = ""
    """Whose token it is, for example `@ada:example.org`: a token of somebody else is refused. Empty: not compared."""
    device: str = ""
    """The device that the token belongs to: a token of another device is refused. Empty: not compared. The server
    recognises a message that is sent again only when it comes from the same device."""
    home: str = ""
    """Room for the bot's own posts, an alias such as `#log:example.org` or a room id. Empty: it only answers."""
    invites: tuple[str, ...] = ()
    """Whose invitations into rooms are accepted: people (`@ada:example.org`) and whole servers (`example.org`)."""
    direct: bool = True
    """Accept invitations to direct conversations from anybody. A room of more than two is left again."""
    threads: bool = False
    """Answer in a thread below the message, instead of in the room's main timeline."""
    message: Literal["notice", "text"] = "notice"
    """`notice` marks what the bot says as automatic, as Matrix bots do, and notifies nobody; `text` writes as people
    do, so that the person who is answered is notified."""
