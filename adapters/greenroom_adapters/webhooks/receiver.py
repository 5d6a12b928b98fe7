"""What an adapter says to the calls that come in on its path."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Receiver", "Reply"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer to the platform's question whether this is the right place."""

    body: bytes
    content_type: str = "application/json"


class Receiver(Protocol):
    """One path of a server. Called from the server's loop; whatever comes is a stranger's until `is_genuine` says no
    other thing."""

    def challenge(self, query: Mapping[str, str]) -> Reply | None:
        """Answer a GET by which the platform sees whether this is the right place; None: it is no such question."""
        ...

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        """Say whether the platform signed exactly these bytes; in constant time, and nothing in them is read before.
        The names of `headers` are in small letters."""
        ...

    async def deliver(self, body: bytes) -> bool:
        """Hand on what the platform says; return when it is on disk: True, and the platform need not say it again.

        False, or no answer in time (it is cancelled then): the platform is asked to say it again.
        """
        ...
