"""The ledger: events, turns, receipts, cursors and money, on disk before they count."""

from greenroom.storage.errors import AlreadyRunning, LedgerBroken, StorageError
from greenroom.storage.gone import empty_gone, note_gone
from greenroom.storage.ledger import (
    AgendaItem,
    Command,
    JournalEntry,
    KeptFile,
    Ledger,
    Past,
    ScheduleMark,
    SpendRow,
    Stopped,
    StoredPost,
)
from greenroom.storage.sqlite import SqliteLedger, files_kept_in, is_running, move_aside, runner_of
from greenroom.storage.turn import (
    CLOCK,
    TELL,
    Draft,
    Due,
    Part,
    State,
    Turn,
    asked_at,
    author_of,
    decode_event,
    room_of,
)

__all__ = [
    "CLOCK",
    "TELL",
    "AgendaItem",
    "AlreadyRunning",
    "Command",
    "Draft",
    "Due",
    "JournalEntry",
    "KeptFile",
    "Ledger",
    "LedgerBroken",
    "Part",
    "Past",
    "ScheduleMark",
    "SpendRow",
    "SqliteLedger",
    "State",
    "Stopped",
    "StorageError",
    "StoredPost",
    "Turn",
    "asked_at",
    "author_of",
    "decode_event",
    "empty_gone",
    "files_kept_in",
    "is_running",
    "move_aside",
    "note_gone",
    "room_of",
    "runner_of",
]
