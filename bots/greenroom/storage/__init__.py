"""The ledger: events, turns, receipts, cursors and money, on disk before they count."""

from greenroom.storage.errors import AlreadyRunning, LedgerBroken, StorageError
from greenroom.storage.ledger import AgendaItem, Command, JournalEntry, Ledger, ScheduleMark, SpendRow
from greenroom.storage.sqlite import SqliteLedger, is_running, runner_of
from greenroom.storage.turn import CLOCK, Draft, Due, Part, State, Turn, decode_event

__all__ = [
    "CLOCK",
    "AgendaItem",
    "AlreadyRunning",
    "Command",
    "Draft",
    "Due",
    "JournalEntry",
    "Ledger",
    "LedgerBroken",
    "Part",
    "ScheduleMark",
    "SpendRow",
    "SqliteLedger",
    "State",
    "StorageError",
    "Turn",
    "decode_event",
    "is_running",
    "runner_of",
]
