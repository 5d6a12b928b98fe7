"""What an owner writes below an account on Threads."""

from dataclasses import dataclass

from greenroom_adapters.contract import Address, Secret
from greenroom_adapters.meta.settings import MetaSettings

__all__ = ["ThreadsSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadsSettings(MetaSettings):
    """An account on Threads."""

    token: Secret
    """Access token of the account, as the app's dashboard makes it. It lasts 60 days, and the bot renews it."""
    app_secret: Secret | None = None
    """Secret of the app for Threads: Meta signs its calls with it."""
    media_url: str = ""
    """Address under which the world reaches the files of a post while Threads fetches them, for example
    https://bot.example.com/shelf. Without it posts have words alone."""
    media_listen: str = "127.0.0.1:8443"
    """Where the bot itself gives those files out, by plain HTTP, behind a proxy that speaks HTTPS."""
    posts_watched: int = 10
    """So many of the account's newest posts, and of its newest answers, are looked at for what is said below them, at
    most 100. Each that has any costs a request a look."""
    version: str = "v1.0"
    """Version of the Threads API."""
    base_url: Address = "https://graph.threads.net"
    """Address of the API, for servers that speak the same."""
