"""What an owner writes below an account on TikTok."""

from dataclasses import dataclass
from typing import Literal

from greenroom_adapters.contract import Address, Secret

__all__ = ["TikTokSettings"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TikTokSettings:
    """An account on TikTok, by an app of yours."""

    client_key: str
    """Client key of the app."""
    client_secret: Secret
    """Client secret of the app."""
    refresh_token: Secret
    """What the account gave the app, as `greenroom login` gets it. It lasts a year, and the bot renews it."""
    privacy: Literal["everyone", "followers", "friends", "me"] = "me"
    """Who sees the posts: everybody, those who follow the account, those whom it follows as well, or nobody but the
    account. An app that TikTok has not audited may post for `me` alone."""
    comments: bool = True
    """Whether people may comment on the posts, where the account itself lets them."""
    duets: bool = True
    """Whether people may make duets with its videos, where the account itself lets them."""
    stitches: bool = True
    """Whether people may stitch its videos, where the account itself lets them."""
    promotes: Literal["nothing", "own", "paid"] = "nothing"
    """What the posts advertise, for TikTok's mark of it: a business of the account's own, or somebody who pays."""
    generated_line: str = "Made with AI."
    """Stands at the end of a text whose pictures a model made; videos have TikTok's own mark. Empty: nothing does."""
    media_url: str = ""
    """Address under which the world reaches the pictures of a post while TikTok fetches them, for example
    https://bot.example.com/shelf. Its beginning is verified in the app. Without it there are no pictures; videos need
    none."""
    media_listen: str = "127.0.0.1:8443"
    """Where the bot itself gives those pictures out, by plain HTTP, behind a proxy that speaks HTTPS."""
    base_url: Address = "https://open.tiktokapis.com"
    """Address of the API, for servers that speak the same."""
    login_url: Address = "https://www.tiktok.com"
    """Where a person lets the app in, for servers that speak the same."""
