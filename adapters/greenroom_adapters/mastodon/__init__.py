"""Mastodon, and the servers that speak its API: one account on one of them."""

from greenroom_adapters.mastodon.adapter import MastodonAdapter
from greenroom_adapters.mastodon.settings import MastodonSettings

__all__ = ["MastodonAdapter", "MastodonSettings"]
