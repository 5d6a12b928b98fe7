"""The ledger on SQLite: one file, one running process, group commit."""

from greenroom.storage.sqlite.aside import move_aside
from greenroom.storage.sqlite.ledger import SqliteLedger
from greenroom.storage.sqlite.moving import arrive, copy_ledger, count_as_copy, files_waiting, moving_away
from greenroom.storage.sqlite.outside import files_kept_in, runner_of
from greenroom.storage.sqlite.runner import is_running

__all__ = [
    "SqliteLedger",
    "arrive",
    "copy_ledger",
    "count_as_copy",
    "files_kept_in",
    "files_waiting",
    "is_running",
    "move_aside",
    "moving_away",
    "runner_of",
]
