"""What is fixed about one post before its first try, and what the phases before the sending have brought."""

from datetime import datetime

from greenroom_adapters.remembering import Checkpoint, Prepared

__all__ = ["Plan", "Progress"]


class Plan(Prepared, frozen=True, kw_only=True):
    """What `prepare` fixes: it is stored with the intent and comes back with every try."""

    newest: int = 0
    """Id of the newest post of the account that is known: this one will have a larger id. 0: none is known."""
    asker: str = ""
    """Handle of whom it answers, which may stand in it as a name; empty: nobody's may."""


class Progress(Checkpoint, frozen=True, kw_only=True):
    """How far the files of a post are: the checkpoint of an attempt."""

    begun_at: datetime
    """When the first was announced; aware. X forgets files that no post took."""
    ready: tuple[str, ...] = ()
    """Ids of the files that X has whole and described, in order."""
    current: str = ""
    """Id of the file that is under way; empty: none is."""
    segments: int = 0
    """Pieces of it that X has."""
    is_whole: bool = False
    """X was told that all of it is there, and may still be working on it."""
