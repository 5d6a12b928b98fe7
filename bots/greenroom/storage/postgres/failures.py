"""What an owner can do about a failure of the database."""

import os

import asyncpg  # pyright: ignore[reportMissingTypeStubs]  # it has none

from greenroom.storage.errors import LedgerBroken, LedgerLost, StorageError

__all__ = ["FAILURES", "in_words"]

FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""What the driver raises."""

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.IdleSessionTimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.QueryCanceledError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_STOPS = "nothing is published without a record, so the bot stops"


def in_words(place: str, error: BaseException) -> StorageError:
    """Return what is to be raised: what happened to the database at `place`, and how to mend it."""
    # without its details, and without a value that does not fit: texts of people stand in them
    said = "" if isinstance(error, ValueError) or not error.args else str(error.args[0]).strip()
    if isinstance(error, OSError) and error.errno is not None:
        # names that are not found have numbers of their own, below zero
        said = os.strerror(error.errno) if error.errno > 0 else error.strerror or said
    said = said or type(error).__name__
    if isinstance(error, (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError)):
        mend = "give the right user in `store`, and its password in PGPASSWORD or ~/.pgpass"
    elif isinstance(error, asyncpg.InvalidCatalogNameError):
        mend = "make it with: createdb NAME"
    elif isinstance(error, asyncpg.InsufficientPrivilegeError):
        mend = (
            "let this user make schemas in it (GRANT CREATE ON DATABASE … TO …); all bots of a database run as one user"
        )
    elif isinstance(error, asyncpg.DiskFullError):
        mend = "make room on the server's disk"
    elif isinstance(error, _LOST) and not isinstance(error, ValueError):
        return LedgerLost(
            f"{place}: the connection is lost ({said}); {_STOPS}. Does the server run, and is it reached?"
        )
    else:
        mend = "look at the server and its log"
    return LedgerBroken(f"{place}: the database says: {said}; {_STOPS}. To mend it: {mend}.")
