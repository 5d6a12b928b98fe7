"""A lock on a file that ends with the process that holds it, however that ends; alike on every system."""

import contextlib
import sqlite3
from pathlib import Path

__all__ = ["hold"]


def hold(path: Path, *, patience: float) -> sqlite3.Connection | None:
    """Hold the lock at `path`, a file of its own, until the connection that is returned is closed; None: another holds
    it. `patience`: seconds in which that one may let go of it.

    :raises sqlite3.Error: the file cannot be made
    """
    # whoever can read a file can lock it
    with contextlib.suppress(OSError):
        path.touch(mode=0o600, exist_ok=False)
    # one file by whatever name it is called
    lock = sqlite3.connect(path.resolve(), isolation_level=None, check_same_thread=False, timeout=patience)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" not in str(error):
            raise
        return None
    except BaseException:
        lock.close()
        raise
    return lock
