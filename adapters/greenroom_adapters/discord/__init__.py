"""Discord: one bot, by the HTTP API and the gateway."""

from greenroom_adapters.discord.adapter import DiscordAdapter
from greenroom_adapters.discord.settings import DiscordSettings

__all__ = ["DiscordAdapter", "DiscordSettings"]
