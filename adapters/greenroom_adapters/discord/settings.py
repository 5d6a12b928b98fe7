"""What an owner writes below an account on Discord."""

from dataclasses import dataclass

from greenroom_adapters.contract import Address, Secret, StreamAddress

__all__ = ["BASE_URL", "DiscordSettings"]

BASE_URL = "https://discord.com/api/v10"


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordSettings:
    """A bot of a Discord application, by its token; or the webhook of a channel, which only posts."""

    token: Secret | None = None
    """Token of the bot, from the page *Bot* of its application in the developer portal."""
    webhook: Secret | None = None
    """Address of a channel's webhook instead: a secret, since whoever has it posts there. Nothing is heard then."""
    name: str = ""
    """The name that a webhook's posts are shown under; empty: the webhook's own."""
    avatar: Address = ""
    """Address of the picture beside them; empty: the webhook's own."""
    thread: str = ""
    """Id of a thread that a webhook's posts go to; empty: to its channel."""
    forum: bool = False
    """The webhook's channel is a forum: each post begins a thread there."""
    home: str = ""
    """Channel or forum for the bot's own posts: its id, or `#log` when it has that name in one of the `servers`. Empty:
    it only answers."""
    tags: tuple[str, ...] = ()
    """Tags of the bot's own posts in forums: names or ids. Of each forum those that it has, at most five."""
    previews: bool = True
    """Discord shows below what the bot says what the links in it lead to."""
    servers: tuple[str, ...] = ()
    """Ids of the servers that the bot serves; it is deaf and silent in every other one. Empty: all that it is in."""
    commands: bool = True
    """Offer `/ask`, `/about` and the like in Discord's menu, in place of all commands that the application has. False:
    they are left as they are, and whoever offers them answers them."""
    base_url: Address = BASE_URL
    """Address of the HTTP API."""
    gateway_url: StreamAddress = ""
    """Address of the gateway, for example `wss://gateway.discord.gg`. Empty: the one that the API names."""
