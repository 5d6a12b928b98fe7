"""Telegram: one bot, by the Bot API."""

from greenroom_adapters.telegram.adapter import TelegramAdapter
from greenroom_adapters.telegram.settings import TelegramSettings

__all__ = ["TelegramAdapter", "TelegramSettings"]
