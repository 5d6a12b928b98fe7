"""What an adapter remembers: the latest of what passed by, in memory, and what the ledger keeps for it of one post."""

from greenroom_adapters.remembering.posts import Checkpoint, Prepared
from greenroom_adapters.remembering.recent import Recent

__all__ = ["Checkpoint", "Prepared", "Recent"]
