"""How the ledger fails: nothing is published without a record, so each of these stops the bot."""

from greenroom_adapters.contract import GreenroomError

__all__ = ["AlreadyRunning", "LedgerBroken", "LedgerLost", "LedgerMoved", "StorageError"]


class StorageError(GreenroomError):
    """The ledger cannot be read or written. Nothing may be published any more."""


class LedgerBroken(StorageError):
    """The file is corrupt, read-only, full, of another bot, or newer than this program."""


class AlreadyRunning(StorageError):
    """Another process runs a bot on this ledger."""


class LedgerMoved(StorageError):
    """The ledger was packed to run elsewhere and not taken over since, so it does not run here."""


class LedgerLost(StorageError):
    """The connection to the ledger's database is gone, and with it the right to write: another worker may own the bot.
    Whatever was in memory must be read again."""
