"""What an owner writes below every account on a platform of Meta."""

from dataclasses import dataclass

from greenroom_adapters.contract import Address, Secret

__all__ = ["MailingSettings", "MetaSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MetaSettings:
    """An account on a platform of Meta."""

    token: Secret
    """Access token of the account: `greenroom login` gets one."""
    app_secret: Secret | None = None
    """Secret of the app: calls are proven with it, and Meta signs its own calls with it."""
    look_every: int = 60
    """Seconds between two looks for what is new. With a `webhook` the bot looks every 10 minutes, for what the calls
    did not bring."""
    posts_watched: int = 25
    """So many of the account's newest posts are looked at for what is said below them, at most 100."""
    webhook: str = ""
    """Address under which Meta calls the bot, for example https://bot.example.com/meta. It needs `app_secret`,
    `verify_token`, and a proxy in front of `webhook_listen`."""
    webhook_listen: str = "127.0.0.1:8443"
    """Where the bot itself listens for what comes in under `webhook`, by plain HTTP."""
    verify_token: Secret | None = None
    """A word of your choice that stands in the app's dashboard beside the address of the webhook."""
    version: str = "v25.0"
    """Version of the Graph API. Meta takes each away some two years after it came."""
    base_url: Address = "https://graph.facebook.com"
    """Address of the API, for servers that speak the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailingSettings(MetaSettings):
    """An account that people may write to."""

    direct_messages: bool = True
    """Listen to direct messages; the token needs the permission."""
