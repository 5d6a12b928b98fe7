"""What an owner writes below an account on Instagram."""

from dataclasses import dataclass

from greenroom_adapters.contract import Address, Secret
from greenroom_adapters.meta.settings import MailingSettings

__all__ = ["InstagramSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstagramSettings(MailingSettings):
    """A professional account on Instagram."""

    token: Secret
    """Access token of the account, as the app's dashboard makes it. It lasts 60 days, and the bot renews it."""
    media_url: str = ""
    """Address under which the world reaches the files of a post while Instagram fetches them, for example
    https://bot.example.com/shelf. Without it nothing can be posted; answers can."""
    media_listen: str = "127.0.0.1:8443"
    """Where the bot itself gives those files out, by plain HTTP, behind a proxy that speaks HTTPS."""
    hashtags: int = 5
    """So many hashtags a caption may have; Instagram once took 30."""
    generated_line: str = "Picture made with AI."
    """Stands at the end of a caption whose picture a model made: Instagram has no mark for it. Empty: nothing does."""
    base_url: Address = "https://graph.instagram.com"
    """Address of the API, for servers that speak the same."""
