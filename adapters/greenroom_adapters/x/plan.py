"""What is fixed about one post before its first try, and what the phases before the sending have brought."""

from datetime import datetime

import msgspec

__all__ = ["Plan", "Progress"]


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What `prepare` fixes: it is stored with the intent and comes back with every try."""

    newest: int = 0
    """Id of the newest post of the account that is known: this one will have a larger id. 0: none is known."""
    asker: str = ""
    """Handle of whom it answers, which may stand in it as a name; empty: nobody's may."""

    @classmethod
    def read(cls, prepared: bytes) -> "Plan":
        """Return the plan that was stored."""
        return PLANS.decode(prepared)

    def stored(self) -> bytes:
        """Return what `read` reads."""
        return msgspec.json.encode(self)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
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

    @classmethod
    def read(cls, state: bytes | None) -> "Progress | None":
        """Return the stored progress; None: there is none."""
        return None if state is None else PROGRESS.decode(state)

    def stored(self) -> bytes:
        """Return what `read` reads."""
        return msgspec.json.encode(self)


PLANS = msgspec.json.Decoder(Plan)
PROGRESS = msgspec.json.Decoder(Progress)
