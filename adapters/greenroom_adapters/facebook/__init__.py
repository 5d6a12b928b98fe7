"""Facebook: one page, which posts, answers comments and mentions, and replies to messages."""

from greenroom_adapters.facebook.adapter import FacebookAdapter
from greenroom_adapters.facebook.settings import FacebookSettings

__all__ = ["FacebookAdapter", "FacebookSettings"]
