"""What is fixed about one post: before its first try, and between its phases."""

from datetime import datetime
from typing import Annotated

import msgspec

from greenroom_adapters.contract import key_digest
from greenroom_adapters.remembering import Checkpoint, Prepared

__all__ = ["Plan", "Progress"]


class Plan(Prepared, frozen=True, kw_only=True):
    """What `prepare` fixes: it is stored with the intent and comes back with every try."""

    key: str
    """The `Idempotency-Key`. The key itself, which tells of accounts and turns, stays at home."""

    @classmethod
    def of(cls, key: str) -> "Plan":
        """Return the plan for a post with this key."""
        return cls(key=key_digest(key))


class Progress(Checkpoint, frozen=True, kw_only=True):
    """The files that the server has already: the checkpoint of an attempt."""

    files: tuple[str, ...]
    """Their ids, in the order of the post's."""
    uploaded_at: Annotated[datetime, msgspec.Meta(tz=True)]
