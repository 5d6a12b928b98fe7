"""What an owner writes below an account on Mastodon."""

from dataclasses import dataclass
from typing import Literal

from greenroom_adapters.contract import Address, Secret

__all__ = ["MastodonSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MastodonSettings:
    """An account on a Mastodon server, or on one with its API, by its access token."""

    server: Address
    """Address of the server, for example `https://mastodon.example`."""
    token: Secret
    """Access token of the bot's account."""
    visibility: Literal["public", "unlisted", "followers"] = "public"
    """Who sees the bot's own posts: everybody, everybody who comes by (they are shown around nowhere), or those who
    follow the account."""
    replies: Literal["public", "unlisted", "followers"] = "unlisted"
    """Who sees its answers, at the widest: an answer is never seen by more people than what it answers."""
