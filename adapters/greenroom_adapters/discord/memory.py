"""What is remembered of what passed by: bounded, and gone with the process."""

from greenroom_adapters.contract import Author
from greenroom_adapters.discord.references import digest_of_nonce
from greenroom_adapters.remembering import Recent

__all__ = ["Memory"]

OWN, DELETED, PEOPLE = 5_000, 5_000, 10_000


class Memory:
    """What one account has seen."""

    def __init__(self) -> None:
        self.people = Recent[str, Author](PEOPLE)
        """Person → as whom he last wrote."""
        self.own = Recent[str, str | None](OWN)
        """Message of ours → digest of the key that it was sent under; empty: of no key of ours; None: not told."""
        self.deleted = Recent[str, str](DELETED)
        """Message that somebody else than we deleted → its channel. Whose it was may be unknown."""

        self.left: set[str] = set()
        """Servers that we left ourselves, until we come again."""

    def saw_own(self, message: str, nonce: str | int | None) -> None:
        """Remember a message of ours. A channel's history may tell no nonce, so what was told once is kept."""
        if nonce is not None:
            self.own[message] = digest_of_nonce(nonce) or ""
        elif message not in self.own:
            self.own[message] = None
