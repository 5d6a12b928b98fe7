"""Where the ledger of a bot is: in a file, or in a database."""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from typing_extensions import override

__all__ = ["Database", "Store", "place_of"]


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL that holds the ledgers of any number of bots."""

    url: str
    """Its address, without a password: that is looked for in PGPASSWORD and ~/.pgpass."""

    @override
    def __str__(self) -> str:
        return self.url


Store: TypeAlias = Path | Database


def place_of(store: Store) -> str:
    """Return where that is, as it is shown to owners."""
    return str(store.absolute()) if isinstance(store, Path) else store.url
