"""Threads: one account, which posts words and pictures, and answers mentions and replies."""

from greenroom_adapters.threads.adapter import ThreadsAdapter
from greenroom_adapters.threads.settings import ThreadsSettings

__all__ = ["ThreadsAdapter", "ThreadsSettings"]
