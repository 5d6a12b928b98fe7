"""A database as the questions see it: SQL in the spelling of SQLite, answered by rows."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

__all__ = ["Database", "Rows"]


class Rows(Protocol):
    """What a statement answered."""

    def __iter__(self) -> Iterator[Any]:
        """Return the rows that were not taken yet."""
        ...

    def fetchone(self) -> Any:
        """Return the next row; None: there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that were not taken yet."""
        ...


class Database(Protocol):
    """One connection. Each statement commits by itself, but between BEGIN IMMEDIATE and COMMIT or ROLLBACK."""

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> Rows:
        """Run one statement with a value for each `?`."""
        ...

    def executemany(self, sql: str, rows: Any, /) -> object:
        """Run one statement for each row of values."""
        ...
