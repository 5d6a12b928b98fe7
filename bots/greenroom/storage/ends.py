"""What a copy needs of a store, as the one that it is taken from and as the one that it is brought to."""

import abc
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

__all__ = ["End", "Table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table of a ledger."""

    name: str
    columns: tuple[str, ...]
    order: tuple[str, ...]
    """The columns of its key."""


class End(AbstractContextManager["End"]):
    """One of the two stores. Entered, nobody else runs the bot there; left by an error, nothing was changed in it."""

    @abc.abstractmethod
    def count(self, table: Table) -> int:
        """Return how many rows it has."""

    @abc.abstractmethod
    def rows(self, table: Table) -> Iterator[tuple[Any, ...]]:
        """Yield its rows, by its key."""

    @abc.abstractmethod
    def put(self, table: Table, rows: Iterable[tuple[Any, ...]]) -> None:
        """Add rows."""

    @abc.abstractmethod
    def last_number(self, table: str) -> int:
        """Return the last number that was given in a table, also where its row is gone."""

    @abc.abstractmethod
    def go_on_after(self, table: str, number: int) -> None:
        """Let the next number that is given be a higher one."""

    @abc.abstractmethod
    def leave(self, target: str) -> None:
        """Note that the ledger goes on at `target`, so that it runs here no more."""
