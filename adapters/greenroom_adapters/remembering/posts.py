"""What the ledger keeps of one post for the adapter that publishes it, as JSON."""

from typing import Self

import msgspec

__all__ = ["Checkpoint", "Prepared"]


class Kept(msgspec.Struct, frozen=True):
    """What is kept of a post."""

    def stored(self) -> bytes:
        """Return what `read` reads."""
        return msgspec.json.encode(self)


class Prepared(Kept, frozen=True):
    """What `Adapter.prepare` fixes: it is stored with the intent and comes back with every try."""

    @classmethod
    def read(cls, prepared: bytes) -> Self:
        """Return what was stored."""
        return msgspec.json.decode(prepared, type=cls)


class Checkpoint(Kept, frozen=True):
    """How far a try came between its phases."""

    @classmethod
    def read(cls, state: bytes | None) -> Self | None:
        """Return what was stored; None: nothing was."""
        return None if state is None else msgspec.json.decode(state, type=cls)
