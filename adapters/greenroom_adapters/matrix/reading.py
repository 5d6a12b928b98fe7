"""What it takes to read any event: who reads, when it was, and who wrote what it refers to."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from greenroom_adapters.contract import PostRef
from greenroom_adapters.matrix.addressing import Names
from greenroom_adapters.matrix.references import reference

__all__ = ["UNPLACED", "Context", "Target", "moment"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNPLACED = ""
"""The cursor of an event that listening has not put in its place yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The event that another one refers to."""

    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Who reads."""

    names: Names
    server: str
    """Address of the homeserver, without a slash at the end."""
    threads: bool = False
    """Whether we answer in threads of our own."""

    @property
    def me(self) -> str:
        """User id of the account."""
        return self.names.user

    def ref(self, room: str, event: str) -> PostRef:
        """Return the identity of an event."""
        return reference(room, event, me=self.me)


def moment(milliseconds: int) -> datetime:
    """Return a server's time as ours.

    :raises ValueError: it is none that a calendar has
    """
    try:
        return EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError as exc:
        raise ValueError("no time that a calendar has") from exc
