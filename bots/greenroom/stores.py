"""Where the ledger of a bot is: in a file, or in a database."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self, TypeAlias
from urllib.parse import urlsplit

from typing_extensions import override

__all__ = ["HOW", "Database", "Store", "place_of"]

HOW = "write the path of a file, or postgresql://USER@HOST/DATABASE"
"""How owners say where it is."""


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL that holds the ledgers of any number of bots."""

    url: str
    """Its address, without a password: that is looked for in PGPASSWORD and ~/.pgpass."""

    @staticmethod
    def is_meant(written: str) -> bool:
        """Say whether an owner wrote the address of a database, and not the path of a file."""
        return written.startswith(("postgresql:", "postgres:"))

    @classmethod
    def at(cls, address: str) -> Self:
        """Return the database with an address that an owner wrote.

        :raises ValueError: it cannot be read, names no server, or has a password in it
        """
        try:
            parts = urlsplit(address)
        except ValueError:
            raise ValueError(f"this address cannot be read: {HOW}") from None
        if parts.password is not None or "password=" in parts.query:
            raise ValueError(
                "a password does not belong in an address, which others get to see: leave it out, and put it into "
                "PGPASSWORD or ~/.pgpass"
            )
        if not parts.netloc and "host=" not in parts.query:
            raise ValueError(f"which server? {HOW}")
        return cls(address)

    @override
    def __str__(self) -> str:
        return self.url


Store: TypeAlias = Path | Database


def place_of(store: Store) -> str:
    """Return where that is, as it is shown to owners."""
    return str(store.absolute()) if isinstance(store, Path) else store.url
