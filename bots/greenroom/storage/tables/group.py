"""One group: what was queued in one turn of the loop, and goes to disk together."""

import asyncio
from typing import Any

from greenroom.storage.errors import StorageError
from greenroom.storage.tables.rows import encode, row_of_change
from greenroom.storage.turn import State, Turn

__all__ = ["FULL", "Group"]

FULL = 2000
"""Rows in one commit, or a few more at the most, so that nobody waits long for a place."""

_ASIDE_FROM = int(State.HELD)
_ASIDE = frozenset({int(State.HELD), int(State.UNKNOWN), int(State.DEAD)})


class Group:
    """What goes to disk together. The loop fills it and hands it to the writer, who hands it back."""

    __slots__ = (
        "again",
        "arrivals",
        "aside",
        "changes",
        "cursors",
        "ended",
        "failed",
        "inserts",
        "known",
        "receipts",
        "results",
        "saves",
        "turns",
        "turns_but_draft",
        "waiters",
    )

    def __init__(self) -> None:
        self.arrivals: list[Turn] = []
        self.inserts: list[tuple[Any, ...]] = []
        self.saves: dict[int, Turn] = {}
        """Turns to be stored as they are when the group goes to the writer."""
        self.turns: list[tuple[Any, ...]] = []
        self.turns_but_draft: list[tuple[Any, ...]] = []
        """Those whose draft is on disk already."""
        self.ended: list[tuple[int]] = []
        """Seqs of those on which no work is to be done any more."""
        self.aside: list[tuple[int]] = []
        """Seqs of those of them that wait for a person."""
        self.again: list[int] = []
        """Seqs of turns that were over or aside and are worked on again."""
        self.receipts: list[tuple[Any, ...]] = []
        self.cursors: dict[tuple[str, str], str] = {}
        self.changes: list[tuple[str, tuple[Any, ...], asyncio.Future[int] | None]] = []
        self.waiters: list[asyncio.Future[None]] = []
        self.known: set[int] = set()
        """Filled by the writer: seqs of `arrivals` that were in the inbox already."""
        self.results: list[tuple[asyncio.Future[int], int]] = []
        self.failed: StorageError | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.inserts or self.saves or self.receipts or self.cursors or self.changes)

    def take_saves(self, now: int) -> None:
        """Take the turns that were saved as they are now; called in the loop, before the group goes to the writer."""
        for turn in self.saves.values():
            turn.changed = now
            row = row_of_change(turn)
            draft = turn.draft
            if draft is turn.stored_draft:
                self.turns_but_draft.append((*row, turn.seq))
            else:
                self.turns.append((*row, None if draft is None else encode(draft), turn.seq))
                turn.stored_draft = draft
            if row[0] >= _ASIDE_FROM:
                self.ended.append((turn.seq,))
                if row[0] in _ASIDE:
                    self.aside.append((turn.seq,))
