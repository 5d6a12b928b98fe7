"""What an owner writes below an account on Instagram."""

from dataclasses import dataclass

from greenroom_adapters.contract import Address, Secret

__all__ = ["InstagramSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstagramSettings:
    """A professional account on Instagram."""

    token: Secret
    """Access token of the account, as the app's dashboard makes it. It lasts 60 days, and the bot renews it."""
    app_secret: Secret | None = None
    """Secret of the app: Meta signs its calls with it, and calls are proven with it."""
    media_url: str = ""
    """Address under which the world reaches the files of a post while Instagram fetches them, for example
    https://bot.example.com/shelf. Without it nothing can be posted; answers can."""
    media_listen: str = "127.0.0.1:8443"
    """Where the bot itself gives those files out, by plain HTTP, behind a proxy that speaks HTTPS."""
    hashtags: int = 5
    """So many hashtags a caption may have; Instagram once took 30."""
    generated_line: str = "Picture made with AI."
    """Stands at the end of a caption whose picture a model made: Instagram has no mark for it. Empty: nothing does."""
    direct_messages: bool = True
    """Listen to direct messages; the token needs the permission."""
    look_every: int = 60
    """Seconds between two looks for what is new. With a `webhook` the bot looks every 10 minutes, for what the calls
    did not bring."""
    posts_watched: int = 25
    """So many of the account's newest posts are looked at for comments, at most 100."""
    webhook: str = ""
    """Address under which Meta calls the bot, for example https://bot.example.com/instagram. It needs `app_secret`,
    `verify_token`, and a proxy in front of `webhook_listen`."""
    webhook_listen: str = "127.0.0.1:8443"
    """Where the bot itself listens for what comes in under `webhook`, by plain HTTP."""
    verify_token: Secret | None = None
    """A word of your choice that stands in the app's dashboard beside the address of the webhook."""
    version: str = "v25.0"
    """Version of the Graph API. Meta takes each away some two years after it came."""
    base_url: Address = "https://graph.instagram.com"
    """Address of the API, for servers that speak the same."""
