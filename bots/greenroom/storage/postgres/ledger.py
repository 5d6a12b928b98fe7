"""The ledger in one schema of a PostgreSQL database: how a worker comes to own it, and its connections."""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from typing_extensions import override

from greenroom.clock import Clock
from greenroom.storage.errors import AlreadyRunning, LedgerLost, LedgerMoved, StorageError
from greenroom.storage.patience import Patience
from greenroom.storage.postgres import owning
from greenroom.storage.postgres.address import schema_of, shown
from greenroom.storage.postgres.bell import Bell
from greenroom.storage.postgres.database import PostgresDatabase
from greenroom.storage.postgres.failures import FAILURES, in_words
from greenroom.storage.postgres.migrations import migrate, must_be_there
from greenroom.storage.postgres.spreading import Asking, why_here
from greenroom.storage.postgres.writing import PostgresWriter
from greenroom.storage.records import Strayed
from greenroom.storage.tables import asking
from greenroom.storage.tables.database import Database
from greenroom.storage.tables.ledger import TableLedger
from greenroom.storage.tables.rows import decode_object

__all__ = ["PostgresLedger"]

P = ParamSpec("P")
T = TypeVar("T")

_AT_HOME = "INSERT INTO meta(name,value) VALUES('home',?) ON CONFLICT(name) DO UPDATE SET value=excluded.value"

TRY = 0.5
"""Seconds between two tries to own the bot."""
AND_A_BIT = 0.5
"""Seconds that others leave to the server, which ends a silent session by itself in all but one case."""
MIGRATING = 600.0
"""Seconds that a statement may take while tables are made anew."""
LOOK = 1.0
"""Seconds between two looks for commands of which nothing told."""
WITHOUT_BELL = 0.2
"""The same where nothing can tell of them."""
RESTS = 60
"""How often as long as nothing is moved after a move a bot stays where it is that came back from one at once."""
LOOK_FOR_WHO_ASKS = 15.0
"""Seconds between two looks for who asks for the bot, of whom nothing told."""
READING = 60.0
"""Seconds that a question may take."""


class PostgresLedger(TableLedger):
    """The ledger of one bot on PostgreSQL, in a schema of its own.

    `PostgresLedger(url, bot=…)` is for a worker that runs the bot. Entering it takes the bot's lock on the connection
    that writes: as long as that lives nobody else can write, and with it everything ends (`LedgerLost`). With
    `standing_by` it waits until the lock is free, and calls that, once, with who has it. `beside=True` opens it next to
    a running bot: it reads, and writes nothing but commands.
    """

    def __init__(
        self,
        url: str,
        *,
        bot: str,
        clock: Clock,
        beside: bool = False,
        takes_over: bool = False,
        standing_by: Callable[[str], None] | None = None,
        host: str | None = None,
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        """`host`: the name of this machine among those that share the database; None: as the system calls it."""
        self._place = shown(url)
        super().__init__(self._place, clock=clock)
        self._url = url
        self._bot = bot
        self._schema = schema_of(bot)
        self._beside = beside
        self._takes_over = takes_over
        self._standing_by = standing_by
        self._name = owning.session_name(host or socket.gethostname(), os.getpid(), bot)
        self._patience = patience
        self._strayed: Strayed | None = None
        self._home = ""
        self._number = 0
        self._writer_pid = 0
        self._readers: ThreadPoolExecutor | None = None
        self._reader: PostgresDatabase | None = None
        self._asides: ThreadPoolExecutor | None = None
        self._aside_database: PostgresDatabase | None = None
        self._bell: Bell | None = None
        self._asides_done = 0
        self._next_look_for_who_asks = 0.0

    @property
    @override
    def strayed(self) -> Strayed | None:
        return self._strayed

    @override
    async def come_home(self) -> None:
        self._commits.change("DELETE FROM meta WHERE name='moved'")
        self._commits.change(_AT_HOME, self._home)
        await self.committed()
        self._strayed = None

    @property
    @override
    def act_within(self) -> float:
        return self._patience.answer

    # opening and closing

    @override
    async def __aenter__(self) -> Self:
        self._enter()
        if not self._beside:
            await self._own()
        try:
            self._readers = ThreadPoolExecutor(1, thread_name_prefix="ledger-reader")
            self._asides = ThreadPoolExecutor(1, thread_name_prefix="ledger-aside")
            await self._loop.run_in_executor(self._readers, self._failing(self._open_reader))
            if not self._beside:
                self._bell = await Bell.listen(self._url, self._schema)
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    def _failing(self, function: Callable[[], T]) -> Callable[[], T]:
        """Return the function with what it raises in an owner's words."""

        def run() -> T:
            try:
                return function()
            except FAILURES as error:
                raise in_words(self._place, error) from error

        return run

    async def _own(self) -> None:
        """Take the lock of the bot, and begin to write."""
        with ThreadPoolExecutor(1, thread_name_prefix="ledger-opening") as thread:

            async def do(function: Callable[[], T]) -> T:
                return await self._loop.run_in_executor(thread, self._failing(function))

            connecting = self._loop.run_in_executor(thread, self._failing(self._connect))
            try:
                writer = await asyncio.shield(connecting)
            except asyncio.CancelledError:
                # the thread connects all the same
                with contextlib.suppress(StorageError):
                    await do((await connecting).close)
                raise
            try:
                if await do(lambda: self._take(writer)):
                    await do(lambda: self._came_back(writer))
                else:
                    asking = await do(lambda: self._stand_by(writer))
                    await self._wait(
                        await do(lambda: self._owner(writer)), lambda: do(lambda: self._take_or_ask(writer, asking))
                    )
                await do(lambda: self._begin(writer))
            except BaseException:
                await do(writer.close)
                raise
        self._commits.start(PostgresWriter(writer, self._place), announced=self._next_seq - 1)

    async def _wait(self, who: str, is_mine: Callable[[], Awaitable[bool]]) -> None:
        if self._standing_by is None:
            raise AlreadyRunning(f"a bot runs on {self._place} already ({who}); stop that one first, or stand by")
        self._standing_by(who)
        while not await is_mine():  # noqa: ASYNC110 - it is another machine that lets go
            await asyncio.sleep(TRY)

    def _take(self, writer: PostgresDatabase) -> bool:
        if writer.run(owning.take(writer.connection, self._number)):
            return True
        silent = self._patience.session + AND_A_BIT
        writer.run(owning.end_silent(writer.connection, self._number, silent))
        return False

    def _stand_by(self, writer: PostgresDatabase) -> Asking:
        writer.run(owning.stand_by(writer.connection, self._number))
        return Asking(
            writer,
            bot=self._bot,
            number=self._number,
            channel=self._schema,
            host=owning.host_of(self._name),
            settled=self._patience.settled,
            elapsed=self._clock.elapsed,
        )

    def _take_or_ask(self, writer: PostgresDatabase, asking: Asking) -> bool:
        if self._take(writer):
            if not asking.was_given():
                self._came_back(writer)
            return True
        asking.go_on()
        return False

    def _came_back(self, writer: PostgresDatabase) -> None:
        settled = self._patience.settled
        writer.run(owning.came_back(writer.connection, self._number, within=settled, rests=RESTS * settled))

    def _connect(self) -> PostgresDatabase:
        writer = PostgresDatabase(self._url, name=self._name, patience=READING)
        try:
            with contextlib.closing(PostgresDatabase(self._url, name="greenroom", patience=READING)) as second:
                owning.refuse_pooler(self._place, writer, second)
            self._number = writer.run(owning.number_of(writer.connection, self._bot))
            # a worker that stands by and is cut off shall not be given the lock, and shall know it
            writer.run(writer.connection.execute(self._patience.of_writer))
            writer.patience(self._patience.answer)
        except BaseException:
            writer.close()
            raise
        return writer

    def _owner(self, writer: PostgresDatabase) -> str:
        who = writer.run(owning.owner_of(writer.connection, self._bot))
        return "another process" if who is None else f"process {who.name}, since {who.since:%Y-%m-%d %H:%M} UTC"

    def _begin(self, writer: PostgresDatabase) -> None:
        """Bring the tables up to date, and find the next number."""
        run, connection = writer.run, writer.connection
        run(connection.execute("SET statement_timeout=0"))
        writer.patience(MIGRATING)
        migrate(writer, self._schema, self._place)
        run(connection.execute(self._patience.of_writer))
        self._writer_pid = connection.get_server_pid()
        moved = writer.execute("SELECT value FROM meta WHERE name='moved'").fetchone()
        if moved is not None and not self._takes_over:
            raise LedgerMoved(
                f"{self._place}: the ledger of {self._bot} was copied to {decode_object(moved[0])['to']} and goes on "
                "there: give that in `store`; or, where nothing else runs of it, take it back with `greenroom run "
                f"{self._bot} --take-over`"
            )
        self._home = run(owning.place_of(connection))
        writer.execute("INSERT INTO meta(name,value) VALUES('home',?) ON CONFLICT DO NOTHING", (self._home,))
        if writer.execute("SELECT value FROM meta WHERE name='home'").fetchone()[0] != self._home:
            self._strayed = Strayed(
                why="it ran last in another database, of which this is a copy: a dump that was restored, as a rule",
                packed=None,
            )
        elif self._takes_over:
            # a database cannot see that it was put back to what it was: its owner says so
            self._strayed = Strayed(why="its owner says that it was restored, or ran elsewhere", packed=None)
        for name, value in (("bot", self._bot), ("id", secrets.token_hex(4))):
            writer.execute("INSERT INTO meta(name,value) VALUES(?,?) ON CONFLICT DO NOTHING", (name, value))
        self._next_seq = int(writer.execute("SELECT coalesce(max(seq),0)+1 FROM turns").fetchone()[0])
        writer.patience(self._patience.answer)

    def _open_reader(self) -> None:
        reader = PostgresDatabase(
            self._url, name="greenroom reader", patience=READING, schema=self._schema, reads_only=True
        )
        try:
            if self._beside:
                must_be_there(reader, self._schema, self._place)
            found = reader.execute("SELECT value FROM meta WHERE name='id'").fetchone()
            self._id = "" if found is None else str(found[0])
        except BaseException:
            reader.close()
            raise
        self._reader = reader

    @override
    async def __aexit__(self, *exc: object) -> None:
        await self._commits.stop()
        if self._bell is not None:
            self._bell.close()
            self._bell = None
        for thread, database, close in (
            (self._readers, self._reader, self._close_reader),
            (self._asides, self._aside_database, self._close_aside),
        ):
            if thread is not None:
                if database is not None and self._commits.failed.done():
                    # it may wait for a server that is gone
                    database.cut()
                # behind what the thread is at: it may just be connecting
                await self._loop.run_in_executor(thread, close)
                thread.shutdown(wait=False)
        self._readers = self._asides = None
        self._commits.failed.cancel()

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _close_aside(self) -> None:
        if self._aside_database is not None:
            self._aside_database.close()
            self._aside_database = None

    # commands: told by a notification, and looked for now and then where one is missed

    @override
    async def ask(self, name: str, arguments: Mapping[str, Any]) -> int:
        def ask(database: Database) -> int:
            number = asking.ask(database, name, arguments, now=self._clock.micros())
            database.execute("SELECT pg_notify(?,'')", (self._schema,))
            return number

        return await self._aside(ask)

    @override
    async def commands_asked(self) -> None:
        if self._bell is None:
            await self._clock.beat(WITHOUT_BELL)
        else:
            await self._bell.heard(within=self._clock.until_beat(LOOK))

    @override
    def revision(self) -> object:
        # of the tables that are looked into again and again only the one of commands is written by others
        return object() if self._beside else (self._commits.written, self._asides_done)

    # other workers

    @override
    async def asked_for(self) -> str | None:
        bell, now = self._bell, self._loop.time()
        if (bell is None or not bell.asked) and now < self._next_look_for_who_asks:
            return None
        self._next_look_for_who_asks = now + LOOK_FOR_WHO_ASKS
        if bell is not None:
            bell.asked = False

        def why(reader: PostgresDatabase) -> str | None:
            host = reader.run(owning.asker_of(reader.connection, self._number))
            if host is None:
                return None
            return why_here(reader.run(owning.workers_of(reader.connection)), bot=self._bot, host=host)

        return await self._on_reader(why)

    # connections

    @override
    async def _read(self, function: Callable[Concatenate[Database, P], T], *arguments: P.args, **named: P.kwargs) -> T:
        return await self._on_reader(lambda reader: function(reader, *arguments, **named))

    async def _on_reader(self, function: Callable[[PostgresDatabase], T]) -> T:
        if self._readers is None or self._reader is None:
            raise StorageError(f"{self._place}: the ledger is closed")
        reader = self._reader
        return await self._loop.run_in_executor(self._readers, self._failing(lambda: function(reader)))

    @override
    async def _aside(self, function: Callable[Concatenate[Database, P], T], *arguments: P.args, **named: P.kwargs) -> T:
        if self._asides is None:
            raise StorageError(f"{self._place}: the ledger is closed")

        def run() -> T:
            database = self._aside_database
            if database is None:
                database = self._aside_database = PostgresDatabase(
                    self._url, name="greenroom aside", patience=READING, schema=self._schema
                )
                database.run(database.connection.execute(self._patience.of_aside(is_workers=not self._beside)))
            if not self._beside and not database.run(owning.owns(database.connection, self._writer_pid, self._number)):
                raise LedgerLost(f"{self._place}: another worker may run the bot by now")
            try:
                return function(database, *arguments, **named)
            except BaseException:
                self._aside_database = None
                database.close()
                raise

        try:
            return await self._loop.run_in_executor(self._asides, self._failing(run))
        finally:
            self._asides_done += 1

    @override
    async def _leave_no_trace(self) -> None:
        """Rows that were overwritten go with the next vacuum, which the server does by itself."""
