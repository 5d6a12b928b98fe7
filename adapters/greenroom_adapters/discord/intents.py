"""Which events the gateway is asked for: those that become events of ours, and no others."""

from discord import Intents
from discord.flags import ApplicationFlags

from greenroom_adapters.discord.wire import WireApplication

__all__ = ["intents", "may_read_everything"]


def may_read_everything(application: WireApplication) -> bool:
    """Say whether the owner lets the bot read what does not address it (flags of the application; *limited* is the same
    for bots in fewer than 100 servers). To ask for more than he lets it would close the gateway for good."""
    flags = ApplicationFlags()
    flags.value = application.flags
    return flags.gateway_message_content or flags.gateway_message_content_limited


def intents(*, reads_everything: bool) -> int:
    """Return the intents, as the gateway wants them. Who comes in is told by a message of the server, so the privileged
    intent for members is never needed."""
    return Intents(
        guilds=True,
        guild_messages=True,
        guild_reactions=True,
        dm_messages=True,
        dm_reactions=True,
        message_content=reads_everything,
    ).value
