"""What is remembered of what passed by: bounded, and gone with the process."""

from collections import OrderedDict
from typing import Generic, TypeVar

from greenroom_adapters.contract import Author
from greenroom_adapters.discord.references import digest_of_nonce

__all__ = ["Memory", "Recent"]

K = TypeVar("K")
V = TypeVar("V")

OWN, DELETED, PEOPLE = 5_000, 5_000, 10_000


class Recent(Generic[K, V]):
    """The values of the last so many keys."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[K, V] = OrderedDict()

    def keep(self, key: K, value: V) -> None:
        """Remember."""
        self._kept[key] = value
        self._kept.move_to_end(key)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def get(self, key: K) -> V | None:
        """Return what is remembered; None: nothing."""
        return self._kept.get(key)

    def __contains__(self, key: K) -> bool:
        return key in self._kept

    def items(self) -> list[tuple[K, V]]:
        """Return everything, the oldest first."""
        return list(self._kept.items())


class Memory:
    """What one account has seen."""

    def __init__(self) -> None:
        self.people: Recent[str, Author] = Recent(PEOPLE)
        """Person → as whom he last wrote."""
        self.own: Recent[str, str | None] = Recent(OWN)
        """Message of ours → digest of the key that it was sent under; empty: of no key of ours; None: not told."""
        self.deleted: Recent[str, str] = Recent(DELETED)
        """Message that somebody else than we deleted → its channel. Whose it was may be unknown."""

        self.left: set[str] = set()
        """Servers that we left ourselves, until we come again."""

    def saw_own(self, message: str, nonce: str | int | None) -> None:
        """Remember a message of ours. A channel's history may tell no nonce, so what was told once is kept."""
        if nonce is not None:
            self.own.keep(message, digest_of_nonce(nonce) or "")
        elif message not in self.own:
            self.own.keep(message, None)
