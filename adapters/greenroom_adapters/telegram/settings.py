"""What an owner writes below an account on Telegram."""

from dataclasses import dataclass

from greenroom_adapters.contract import Address, Secret

__all__ = ["BASE_URL", "TelegramSettings"]

BASE_URL = "https://api.telegram.org"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramSettings:
    """A bot, by the token that @BotFather gave for it."""

    token: Secret
    """Token of the bot, from @BotFather: a number, a colon and letters."""
    home: str = ""
    """Where its own posts appear: a channel or a group, as `@name` where it is public, else its id, a number that
    begins with a minus; `ID:TOPIC` is a topic of a forum. Empty: it only answers."""
    previews: bool = True
    """Telegram shows below what the bot says what the first link in it leads to."""
    commands: bool = True
    """Offer `/ask`, `/about` and the like in Telegram's menu, in place of all commands that the bot has. False: they
    are left as they are, and whoever offers them answers them."""
    webhook: str = ""
    """Address under which Telegram calls the bot instead of being asked, for example https://bot.example.com/telegram,
    on the port 443, 80, 88 or 8443. It needs a proxy in front of `webhook_listen`."""
    webhook_listen: str = "127.0.0.1:8443"
    """Where the bot itself listens for what comes in under `webhook`, by plain HTTP."""
    base_url: Address = BASE_URL
    """Address of the Bot API, for a server of your own that speaks the same."""
