"""What is fixed about one post: before its first try, and before its first byte."""

from greenroom_adapters.contract import Post
from greenroom_adapters.remembering import Checkpoint, Prepared

__all__ = ["Plan", "Progress"]


class Plan(Prepared, frozen=True, kw_only=True):
    """What `prepare` fixes: it is stored with the intent and comes back with every try."""

    rkey: str = ""
    """Key of the record: the same key twice is one record. Empty: a direct message, which has none."""
    created_at: str
    """The record's own date, as it is written."""

    @classmethod
    def of(cls, post: Post, *, rkey: str, created_at: str) -> "Plan":
        """Return the plan for a post."""
        return cls(rkey="" if post.direct_to is not None else rkey, created_at=created_at)


class Progress(Checkpoint, frozen=True, kw_only=True):
    """What was known before the first byte left: the checkpoint of an attempt."""

    revision: str = ""
    """Of the account's repository, before the first try: while it is the same, nothing was written. Empty: the server
    did not tell."""
