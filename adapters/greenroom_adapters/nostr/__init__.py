"""Nostr: one account under its own key, through relays, with sealed direct messages."""

from greenroom_adapters.nostr.adapter import NostrAdapter
from greenroom_adapters.nostr.settings import NostrSettings

__all__ = ["NostrAdapter", "NostrSettings"]
