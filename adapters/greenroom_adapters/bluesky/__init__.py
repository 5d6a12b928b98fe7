"""Bluesky: one account on a data server of the AT Protocol, with app passwords."""

from greenroom_adapters.bluesky.adapter import BlueskyAdapter
from greenroom_adapters.bluesky.settings import BlueskySettings

__all__ = ["BlueskyAdapter", "BlueskySettings"]
