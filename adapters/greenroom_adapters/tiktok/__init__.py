"""TikTok: one account, which posts videos and pictures, and hears nothing."""

from greenroom_adapters.tiktok.adapter import TikTokAdapter
from greenroom_adapters.tiktok.settings import TikTokSettings

__all__ = ["TikTokAdapter", "TikTokSettings"]
