"""What an owner writes below an account that is a page on Facebook."""

from dataclasses import dataclass

from greenroom_adapters.contract import Address, Secret

__all__ = ["FacebookSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FacebookSettings:
    """A page on Facebook."""

    token: Secret
    """Access token of the page, not of a person: `greenroom login` gets one that lasts."""
    app_id: str = ""
    """Id of the app that the token was made for. With `app_secret` `greenroom check` says how long the token lasts and
    what it may do."""
    app_secret: Secret | None = None
    """Secret of the app: calls are proven with it, and Meta signs its own calls with it."""
    direct_messages: bool = True
    """Listen to messages to the page; the token needs the permission."""
    look_every: int = 60
    """Seconds between two looks for what is new. With a `webhook` the bot looks every 10 minutes, for what the calls
    did not bring."""
    posts_watched: int = 25
    """So many of the page's newest posts are looked at for comments, at most 100."""
    webhook: str = ""
    """Address under which Meta calls the bot, for example https://bot.example.com/facebook. It needs `app_secret`,
    `verify_token`, and a proxy in front of `webhook_listen`."""
    webhook_listen: str = "127.0.0.1:8443"
    """Where the bot itself listens for what comes in under `webhook`, by plain HTTP."""
    verify_token: Secret | None = None
    """A word of your choice that stands in the app's dashboard beside the address of the webhook."""
    version: str = "v25.0"
    """Version of the Graph API. Meta takes each away some two years after it came."""
    base_url: Address = "https://graph.facebook.com"
    """Address of the API, for servers that speak the same."""
