"""What an owner writes below an account on X."""

from dataclasses import dataclass
from typing import Literal

from greenroom_adapters.contract import Address, Secret

__all__ = ["XSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class XSettings:
    """An account on X, by the keys of an app in X's developer console.

    Either the four secrets of OAuth 1.0a (`api_key`, `api_secret`, `token`, `token_secret`), which never expire, or a
    client of OAuth 2 (`client_id`, `refresh_token`), whose tokens are renewed and kept beside the ledger.
    """

    api_key: Secret | None = None
    """OAuth 1.0a: the app's API key (consumer key)."""
    api_secret: Secret | None = None
    """OAuth 1.0a: the app's API key secret."""
    token: Secret | None = None
    """OAuth 1.0a: access token of the bot's account; the app needs "Read and write and Direct message" before the
    token is made."""
    token_secret: Secret | None = None
    """OAuth 1.0a: secret of the access token."""
    client_id: str = ""
    """OAuth 2: the app's client id."""
    client_secret: Secret | None = None
    """OAuth 2: the app's client secret; only confidential clients (web apps, automated apps) have one."""
    refresh_token: Secret | None = None
    """OAuth 2: the refresh token with which the bot begins. Each is good once; the next ones are kept by the bot."""
    ai_replies_approved: bool = False
    """X has approved that this account's replies are written by a machine. Until then generated replies are held for
    a person; posts are not."""
    access: Literal["self_serve", "enterprise"] = "self_serve"
    """What the app has bought. `self_serve` (pay per use, and the tiers before it): it replies only to people who
    mentioned the bot or quoted it, and quotes nobody. `enterprise`: no such limits."""
    dialect: Literal["tweet", "post"] = "tweet"
    """Names that are sent to the API: `tweet.fields` or the newer `post.fields`; answers in either are understood."""
    look_every: int = 15
    """Seconds between two looks for mentions. A look that finds nothing costs nothing; X allows one in 3 seconds."""
    bearer: Secret | None = None
    """The app's bearer token: X then tells by itself what happens (Activity stream). With `dialect: post` mentions come
    within seconds, with likes, follows and deletions, which no listing has; with `dialect: tweet` it tells of follows
    alone."""
    direct_messages: bool = True
    """Listen to direct messages. Each that is read costs money, and the app needs the permission."""
    base_url: Address = "https://api.x.com"
    """Address of the API, for servers that speak the same."""
