"""Instagram: one professional account, which posts pictures and reels, answers comments, mentions and messages."""

from greenroom_adapters.instagram.adapter import InstagramAdapter
from greenroom_adapters.instagram.settings import InstagramSettings

__all__ = ["InstagramAdapter", "InstagramSettings"]
