"""The ledger in one SQLite file: how it is opened and closed, and its connections."""

import asyncio
import contextlib
import math
import sqlite3
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from typing_extensions import override

from greenroom.clock import Clock
from greenroom.storage.errors import LedgerBroken, StorageError
from greenroom.storage.records import Command, Strayed
from greenroom.storage.sqlite import home
from greenroom.storage.sqlite.failures import in_words
from greenroom.storage.sqlite.migrations import back_up, drop_copies, migrate, must_be_current
from greenroom.storage.sqlite.runner import GLANCE, lock_runner, sign
from greenroom.storage.sqlite.writing import SqliteWriter, checkpoint
from greenroom.storage.tables.database import Database
from greenroom.storage.tables.ledger import TableLedger
from greenroom.telemetry import get_log

__all__ = ["SqliteLedger"]

P = ParamSpec("P")
T = TypeVar("T")


LOOK = 0.2
"""Seconds between two looks for commands."""
LOOKS = 5
"""Looks at the revision without a change until commands are read all the same."""
CHECKPOINTS = 40
"""Tries to empty the log beside the file, while somebody reads in it."""


class SqliteLedger(TableLedger):
    """A ledger in one SQLite file (WAL, synchronous=FULL).

    `SqliteLedger(path, bot=…)` is for the one process that runs the bot. `beside=True` opens the same file next to a
    running bot: it reads, and writes nothing but commands. `takes_over=True` opens also one that was packed to run
    elsewhere.
    """

    def __init__(self, path: Path, *, bot: str, clock: Clock, beside: bool = False, takes_over: bool = False) -> None:
        super().__init__(str(path), clock=clock)
        self._path = path
        self._bot = bot
        self._beside = beside
        self._takes_over = takes_over
        self._strayed: Strayed | None = None
        self._place: Mapping[str, Any] = {}
        self._readers: ThreadPoolExecutor | None = None
        self._reader: sqlite3.Connection | None = None
        self._glance: sqlite3.Connection | None = None
        """Asked in the loop whether anything was committed; it waits for nobody and reads nothing else."""
        self._lock: sqlite3.Connection | None = None
        self._commands_at: object = None
        """The revision in which commands were looked for last."""

    @property
    @override
    def strayed(self) -> Strayed | None:
        return self._strayed

    @override
    async def come_home(self) -> None:
        # what is queued and this are one commit: nothing is awaited in between
        home.move_in(self._commits, self._place)
        await self.committed()
        noted = await asyncio.to_thread(home.note_outside, self._path, ledger=self._id, run=self._place["run"])
        home.move_in(self._commits, {**self._place, "noted": noted})
        await self.committed()
        self._strayed = None

    @property
    @override
    def act_within(self) -> float:
        return math.inf

    # opening and closing

    @override
    async def __aenter__(self) -> Self:
        self._enter()
        try:
            await asyncio.to_thread(self._open)
        except BaseException:
            self._close_lock()
            raise
        return self

    def _open(self) -> None:
        try:
            new = not self._path.exists()
            if self._beside:
                self._open_beside(new)
                return
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = lock_runner(self._path, patience=GLANCE)
            # somebody may be importing a year of posts beside us
            writer = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=60)
            try:
                if new:
                    # texts of people are in there
                    self._path.chmod(0o600)
                writer.execute("PRAGMA journal_mode=WAL")
                writer.execute("PRAGMA synchronous=FULL")
                writer.execute("PRAGMA wal_autocheckpoint=2000")
                # what goes to the log before its commit goes there twice, and a group is in memory once already
                writer.execute("PRAGMA cache_spill=OFF")
                # what retention empties is gone from the file too; not every build of SQLite does that by default
                writer.execute("PRAGMA secure_delete=ON")
                if (copy := back_up(writer, self._path)) is not None:
                    get_log().info("ledger backed up", before="its tables are brought up to date", copy=str(copy))
                migrate(writer)
                if not self._takes_over:
                    home.must_not_have_moved(writer, self._path, bot=self._bot)
                sign(writer, self._path, bot=self._bot, since=self._clock.micros())
                self._strayed = home.strayed(writer, self._path)
                self._place = home.place_of(writer, self._path)
                if self._strayed is None:
                    home.stay(writer, self._path, self._place)
                self._next_seq = int(writer.execute("SELECT coalesce(max(seq),0)+1 FROM turns").fetchone()[0])
                self._open_reader()
            except BaseException:
                writer.close()
                raise
        except sqlite3.Error as error:
            raise in_words(self._path, error) from error
        except OSError as error:
            raise LedgerBroken(f"{self._path}: {error.strerror}; choose another `store`") from error
        self._commits.start(SqliteWriter(writer, self._path), announced=self._next_seq - 1)

    def _open_beside(self, missing: bool) -> None:
        if missing:
            raise LedgerBroken(f"{self._path}: there is no ledger yet; `greenroom run {self._bot}` makes it")
        self._open_reader()

    def _open_reader(self) -> None:
        reader = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            reader.execute("PRAGMA query_only=ON")
            if self._beside:
                must_be_current(reader)
                self._strayed = home.strayed(reader, self._path)
            found = reader.execute("SELECT value FROM meta WHERE name='id'").fetchone()
            self._id = "" if found is None else str(found[0])
            glance = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=0)
        except BaseException:
            reader.close()
            raise
        self._reader, self._glance = reader, glance
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="ledger-reader")

    @override
    async def __aexit__(self, *exc: object) -> None:
        await self._commits.stop()
        if self._readers is not None:
            self._readers.shutdown(wait=True)
            self._readers = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._glance is not None:
            self._glance.close()
            self._glance = None
        self._close_lock()
        self._commits.failed.cancel()

    def _close_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @override
    async def _aside(self, function: Callable[Concatenate[Database, P], T], *arguments: P.args, **named: P.kwargs) -> T:
        def run() -> T:
            try:
                with contextlib.closing(sqlite3.connect(self._path, isolation_level=None, timeout=5)) as db:
                    db.execute("PRAGMA synchronous=FULL")
                    return function(db, *arguments, **named)
            except sqlite3.Error as error:
                raise in_words(self._path, error) from error

        return await asyncio.to_thread(run)

    # commands

    @override
    def revision(self) -> object:
        # counts the commits of all other connections as soon as they can be read. The time of the file says less: it is
        # that of the writing, and on a slow disk what was written can be read much later.
        if self._glance is None:
            return object()
        try:
            ((commits,),) = self._glance.execute("PRAGMA data_version").fetchall()
        except sqlite3.Error:
            return object()
        return commits

    @override
    async def open_commands(self) -> list[Command]:
        self._commands_at = self.revision()
        return await super().open_commands()

    @override
    async def commands_asked(self) -> None:
        for _ in range(LOOKS):
            await self._clock.beat(LOOK)
            if self.revision() != self._commands_at:
                return

    @override
    async def retire(self, *, before: int, limit: int = 1000) -> int:
        await self._drop_copies(before / 1e6)
        return await super().retire(before=before, limit=limit)

    async def _drop_copies(self, before: float) -> None:
        try:
            await asyncio.to_thread(drop_copies, self._path, before=before)
        except OSError as error:
            raise LedgerBroken(f"{error.filename}: {error.strerror}; it holds old texts: delete it") from error

    @override
    async def _leave_no_trace(self) -> None:
        await self._drop_copies(math.inf)
        for _ in range(CHECKPOINTS):
            if await self._aside(checkpoint):
                break
            await asyncio.sleep(0.05)

    @override
    async def _read(self, function: Callable[Concatenate[Database, P], T], *arguments: P.args, **named: P.kwargs) -> T:
        if self._readers is None or self._reader is None:
            raise StorageError(f"{self._path}: the ledger is closed")
        reader = self._reader

        def run() -> T:
            try:
                return function(reader, *arguments, **named)
            except sqlite3.Error as error:
                raise in_words(self._path, error) from error

        return await self._loop.run_in_executor(self._readers, run)
