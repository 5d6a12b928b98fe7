"""What an owner writes below an account on X."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from greenroom_adapters.contract import Address, Secret
from greenroom_adapters.x.prices import Priced

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
    webhook: str = ""
    """Address under which X calls the bot instead of the stream, for example https://bot.example.com/x: https, without
    a port. It needs `bearer`, and a proxy in front of `webhook_listen`."""
    webhook_listen: str = "127.0.0.1:8443"
    """Where the bot itself listens for what comes in under `webhook`, by plain HTTP."""
    direct_messages: bool = True
    """Listen to direct messages. Each that is read costs money, and the app needs the permission."""
    prices: Mapping[Priced, float] = field(default_factory=dict[Priced, float])
    """What X charges you, in USD, where it is not what X charged self-serve apps in August 2026."""
    look_for_deleted: bool = False
    """Look once a day for every post that the ledger keeps the words of, and forget those that are gone: X wants that,
    and does not tell what others delete. Each look costs what reading a post costs; `keep: 1 day` makes it needless."""
    base_url: Address = "https://api.x.com"
    """Address of the API, for servers that speak the same."""
