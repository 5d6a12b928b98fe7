"""Whether all workers of a bot have the same folder.

Some platforms hand out anew, while the bot runs, what an account is signed in with. Who takes over needs the newest.
"""

import asyncio
import contextlib
import secrets

from greenroom.clock import Clock
from greenroom.settings import BotFile, Platforms
from greenroom.storage import Ledger, StorageError, has_ledger, open_ledger
from greenroom.stores import Database
from greenroom_adapters.contract import SupportsKeeping

__all__ = ["accounts_that_keep", "folder_apart", "note_folder"]

FOLDER = "folder of the workers"
"""The fact that says which folder the worker that ran the bot last has."""
MARK = ".workers"
"""The file in a folder that tells it from all others."""


def accounts_that_keep(file: BotFile, platforms: Platforms) -> list[str]:
    """Return the accounts of a bot with a ledger in a database whose workers must have the same folder."""
    if not isinstance(file.store, Database):
        return []
    accounts = file.accounts.items()
    return [name for name, one in accounts if issubclass(platforms.adapter(one.platform), SupportsKeeping)]


async def folder_apart(file: BotFile, *, platforms: Platforms, clock: Clock) -> str | None:
    """Return what is wrong where the worker that runs the bot, or ran it last, has another folder than this one; None:
    nothing, as far as that can be known now. Before this one waits for the ledger."""
    names = accounts_that_keep(file, platforms)
    mark = await asyncio.to_thread(_mark, file) if names else None
    if mark is None:
        return None
    with contextlib.suppress(StorageError):
        # who cannot be asked now is waited for, and told of, elsewhere
        if await asyncio.to_thread(has_ledger, file.store, file.bot):
            async with open_ledger(file.store, bot=file.bot, clock=clock, beside=True) as ledger:
                others = (await ledger.facts(FOLDER)).get(FOLDER, mark)
            if others != mark:
                return (
                    f"what {' and '.join(names)} is signed in with changes while the bot runs, and the worker that ran "
                    f"it last keeps that in another folder than {file.home.parent}: whoever takes over may be refused. "
                    "Let all hosts have that same folder"
                )
    return None


async def note_folder(ledger: Ledger, file: BotFile, *, platforms: Platforms) -> None:
    """Queue which folder the worker has that owns the ledger."""
    if accounts_that_keep(file, platforms) and (mark := await asyncio.to_thread(_mark, file)) is not None:
        ledger.remember(FOLDER, mark)


def _mark(file: BotFile) -> str | None:
    """Return what tells the folder from all others; None: it cannot be used, and who keeps something there says so."""
    path = file.home.parent / MARK
    with contextlib.suppress(OSError, UnicodeDecodeError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            mark = secrets.token_hex(8)
            whole = path.with_name(f"{MARK}-{mark}")
            whole.write_text(mark, encoding="utf-8")
            # the first of several workers gives the name, and nobody ever reads half of a mark
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(whole)
            whole.unlink()
        return path.read_text(encoding="utf-8")
    return None
