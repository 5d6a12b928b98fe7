"""X: one account of the former Twitter, through its API v2."""

from greenroom_adapters.x.adapter import XAdapter
from greenroom_adapters.x.settings import XSettings

__all__ = ["XAdapter", "XSettings"]
