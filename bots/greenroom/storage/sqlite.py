"""The ledger on SQLite: one writer thread with group commit, one reader thread, one running process."""

import asyncio
import contextlib
import os
import queue
import socket
import sqlite3
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec
from typing_extensions import override

from greenroom.clock import Clock, from_micros, to_micros
from greenroom.storage.errors import AlreadyRunning, LedgerBroken, StorageError
from greenroom.storage.ledger import AgendaItem, Command, JournalEntry, Ledger, ScheduleMark, SpendRow
from greenroom.storage.migrations import migrate, must_be_current
from greenroom.storage.turn import CLOCK, Draft, Due, Part, State, Turn, decode_event, emptied_event
from greenroom_adapters.contract import Quota, Surface, Trust

__all__ = ["SqliteLedger", "is_running", "runner_of"]

T = TypeVar("T")

_GLANCE = 0.5
"""Seconds in which somebody may hold the runner's lock who only looks whether a bot runs."""
_GROUP = 2000
"""Rows in one commit at the most, so that nobody waits long for a place."""

_INSERT = (
    "INSERT OR IGNORE INTO turns(seq,account,event_id,lane,kind,event,surface,rule,trust,post_id,received,expires,"
    "not_before,state,starts,changed) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_UPDATE = (
    "UPDATE turns SET state=?,reason=?,starts=?,not_before=?,expires=?,persona=?,draft=?,outbox=?,changed=? WHERE seq=?"
)
_BEGIN_WORK = "INSERT OR IGNORE INTO at_work(seq) VALUES(?)"
_END_WORK = "DELETE FROM at_work WHERE seq=?"
_RECEIPT = "INSERT OR IGNORE INTO receipts(account,post_id,seq,part,url,published) VALUES(?,?,?,?,?,?)"
_CURSOR = (
    "INSERT INTO cursors(account,source,cursor) VALUES(?,?,?) "
    "ON CONFLICT(account,source) DO UPDATE SET cursor=excluded.cursor"
)
_COLUMNS = (
    "seq,account,event_id,lane,kind,event,surface,rule,trust,post_id,received,expires,not_before,state,reason,starts,"
    "persona,draft,outbox,changed"
)

_encode = msgspec.json.Encoder().encode
_decode_draft = msgspec.json.Decoder(Draft).decode
_decode_outbox = msgspec.json.Decoder(list[Part]).decode
_decode_due = msgspec.json.Decoder(Due).decode
_decode_object = msgspec.json.Decoder(dict[str, Any]).decode

_SURFACES = {surface.value: surface for surface in Surface}
_TRUSTS = {trust.value: trust for trust in Trust}


class _Group:
    """What goes to disk together."""

    __slots__ = (
        "again",
        "arrivals",
        "changes",
        "cursors",
        "failed",
        "inserts",
        "known",
        "receipts",
        "results",
        "saves",
        "turns",
        "waiters",
    )

    def __init__(self) -> None:
        self.arrivals: list[Turn] = []
        self.inserts: list[tuple[Any, ...]] = []
        self.saves: dict[int, Turn] = {}
        """Turns to be stored as they are when the group goes to the writer."""
        self.turns: list[tuple[Any, ...]] = []
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


def _words(path: Path, error: sqlite3.Error) -> LedgerBroken:
    """Say what an owner can do about a failure of the file."""
    text = str(error)
    if "full" in text:
        why, mend = "the disk is full", "make room on the disk and start again"
    elif "readonly" in text or "read-only" in text or "unable to open" in text:
        why, mend = "the file or its folder cannot be written", "give this user the right to write there"
    elif "malformed" in text or "not a database" in text or "corrupt" in text:
        why, mend = "the file is damaged", "restore a backup, or move it aside to start a new ledger"
    elif "locked" in text or "busy" in text:
        why, mend = "another program keeps the file locked", "close the program that holds it open"
    else:
        why, mend = f"the database says: {text}", "look at the disk and the file's rights"
    return LedgerBroken(f"{path}: {why}; nothing is published without a record, so the bot stops. To mend it: {mend}.")


class SqliteLedger(Ledger):
    """A ledger in one SQLite file (WAL, synchronous=FULL).

    `SqliteLedger(path, bot=…)` is for the one process that runs the bot. `beside=True` opens the same file next to a
    running bot: it reads, and writes nothing but commands.
    """

    def __init__(self, path: Path, *, bot: str, clock: Clock, beside: bool = False) -> None:
        self._path = path
        self._bot = bot
        self._clock = clock
        self._beside = beside
        self._next_seq = 1
        self._announced = 0
        """Seq of the newest turn whose arrival was told, or that was there at the opening."""
        self._arrived: Callable[[list[Turn], list[Turn]], None] | None = None
        self._pending = _Group()
        self._full: deque[_Group] = deque()
        """Groups that wait behind the running one; `_pending` comes after them."""
        self._running: _Group | None = None
        self._flush_planned = False
        self._failure: StorageError | None = None
        self._queue: queue.SimpleQueue[_Group | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._readers: ThreadPoolExecutor | None = None
        self._reader: sqlite3.Connection | None = None
        self._lock: sqlite3.Connection | None = None

    # opening and closing

    @override
    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._failed: asyncio.Future[None] = self._loop.create_future()
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
            self._lock = _lock_runner(self._path, patience=_GLANCE)
            # somebody may be importing a year of posts beside us
            writer = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=60)
            try:
                if new:
                    # texts of people are in there
                    self._path.chmod(0o600)
                writer.execute("PRAGMA journal_mode=WAL")
                writer.execute("PRAGMA synchronous=FULL")
                writer.execute("PRAGMA wal_autocheckpoint=2000")
                # what retention empties is gone from the file too; not every build of SQLite does that by default
                writer.execute("PRAGMA secure_delete=ON")
                migrate(writer)
                self._sign(writer)
                self._next_seq = int(writer.execute("SELECT coalesce(max(seq),0)+1 FROM turns").fetchone()[0])
                self._announced = self._next_seq - 1
                self._open_reader()
            except BaseException:
                writer.close()
                raise
        except sqlite3.Error as error:
            raise _words(self._path, error) from error
        except OSError as error:
            raise LedgerBroken(f"{self._path}: {error.strerror}; choose another `store`") from error
        self._writer = threading.Thread(target=self._write_for_ever, args=(writer,), name="ledger-writer", daemon=True)
        self._writer.start()

    def _open_beside(self, missing: bool) -> None:
        if missing:
            raise LedgerBroken(f"{self._path}: there is no ledger yet; `greenroom run` makes it")
        self._open_reader()

    def _open_reader(self) -> None:
        reader = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=5)
        try:
            reader.execute("PRAGMA query_only=ON")
            if self._beside:
                must_be_current(reader)
        except BaseException:
            reader.close()
            raise
        self._reader = reader
        self._readers = ThreadPoolExecutor(1, thread_name_prefix="ledger-reader")

    def _sign(self, db: sqlite3.Connection) -> None:
        owner = db.execute("SELECT value FROM meta WHERE name='bot'").fetchone()
        if owner is not None and owner[0] != self._bot:
            raise LedgerBroken(
                f"{self._path} is the ledger of bot {owner[0]!r}, not of {self._bot!r}: give each bot its own `store`"
            )
        who = _encode({"pid": os.getpid(), "host": socket.gethostname(), "since": self._clock.micros()}).decode()
        db.executemany(
            "INSERT INTO meta(name,value) VALUES(?,?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
            [("bot", self._bot), ("runner", who)],
        )

    @override
    async def __aexit__(self, *exc: object) -> None:
        if self._writer is not None:
            # from here on nothing more is queued
            writer, self._writer = self._writer, None
            with contextlib.suppress(StorageError):
                while self._is_writing:
                    await self.committed()
            self._queue.put(None)
            await asyncio.to_thread(writer.join)
        if self._readers is not None:
            self._readers.shutdown(wait=True)
            self._readers = None
        if self._reader is not None:
            self._reader.close()
            self._reader = None
        self._close_lock()
        self._failed.cancel()

    @property
    def _is_writing(self) -> bool:
        return self._running is not None or bool(self._full) or not self._pending.is_empty

    def _close_lock(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @override
    def on_arrival(self, arrived: Callable[[list[Turn], list[Turn]], None]) -> None:
        self._arrived = arrived

    @override
    async def failure(self) -> None:
        await asyncio.shield(self._failed)

    # the writer

    def _write_for_ever(self, db: sqlite3.Connection) -> None:
        try:
            while (group := self._queue.get()) is not None:
                try:
                    self._write(db, group)
                except sqlite3.Error as error:
                    group.failed = _words(self._path, error)
                except Exception as error:  # noqa: BLE001 - a writer that dies in silence would let the bot go on without a ledger
                    group.failed = StorageError(f"{self._path}: the ledger's writer failed: {error!r}")
                self._loop.call_soon_threadsafe(self._written, group)
                if group.failed is not None:
                    return
            with contextlib.suppress(sqlite3.Error):
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            db.close()

    def _write(self, db: sqlite3.Connection, group: _Group) -> None:
        db.execute("BEGIN IMMEDIATE")
        try:
            if group.inserts:
                new = db.executemany(_INSERT, group.inserts).rowcount
                if new != len(group.inserts):
                    first = group.inserts[0][0]
                    found = {row[0] for row in db.execute("SELECT seq FROM turns WHERE seq>=?", (first,))}
                    group.known = {row[0] for row in group.inserts} - found
                db.executemany(_BEGIN_WORK, [(row[0],) for row in group.inserts if row[0] not in group.known])
            if group.turns:
                db.executemany(_UPDATE, group.turns)
                if group.again:
                    db.executemany(_BEGIN_WORK, [(seq,) for seq in group.again])
                db.executemany(_END_WORK, [row[-1:] for row in group.turns if row[0] >= State.HELD])
            if group.receipts:
                db.executemany(_RECEIPT, group.receipts)
            if group.cursors:
                db.executemany(_CURSOR, [(*place, cursor) for place, cursor in group.cursors.items()])
            for sql, values, future in group.changes:
                done = db.execute(sql, values)
                if future is not None:
                    group.results.append((future, done.lastrowid if sql.startswith("INSERT") else done.rowcount))  # type: ignore[arg-type]  # an INSERT always sets lastrowid
            db.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")
            raise

    def _plan_flush(self) -> None:
        """Let everything of this turn of the loop gather into one group."""
        if self._failure is not None:
            raise self._failure
        if self._writer is None:
            raise StorageError(f"{self._path}: the ledger is not open for writing")
        pending = self._pending
        if len(pending.saves) >= _GROUP or len(pending.inserts) >= _GROUP:
            self._full.append(pending)
            self._pending = _Group()
        if not self._flush_planned and self._running is None:
            self._flush_planned = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flush_planned = False
        if self._running is not None or self._failure is not None:
            return
        if self._full:
            self._running = self._full.popleft()
        elif not self._pending.is_empty:
            self._running, self._pending = self._pending, _Group()
        else:
            return
        now = self._clock.micros()
        try:
            self._running.turns = [_row(turn, now) for turn in self._running.saves.values()]
        except Exception as error:  # noqa: BLE001 - a group that never goes to the writer would let all wait for ever
            self._running.failed = StorageError(f"{self._path}: a turn cannot be stored: {error!r}")
            self._written(self._running)
            return
        self._queue.put(self._running)

    def _written(self, group: _Group) -> None:
        self._running = None
        if group.failed is not None:
            self._fail(group, group.failed)
            return
        if group.arrivals:
            self._announced = group.arrivals[-1].seq
        for future, result in group.results:
            if not future.done():
                future.set_result(result)
        for waiter in group.waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._flush()
        if group.arrivals and self._arrived is not None:
            known = group.known
            if known:
                new = [turn for turn in group.arrivals if turn.seq not in known]
                self._arrived(new, [turn for turn in group.arrivals if turn.seq in known])
            else:
                self._arrived(group.arrivals, [])

    def _fail(self, group: _Group, error: StorageError) -> None:
        self._failure = error
        for doomed in (group, *self._full, self._pending):
            for waiter in doomed.waiters:
                if not waiter.done():
                    waiter.set_exception(error)
            for _, _, future in doomed.changes:
                if future is not None and not future.done():
                    future.set_exception(error)
        if not self._failed.done():
            self._failed.set_exception(error)
            # whoever does not ask for it shall not be told so at the end of the program
            self._failed.exception()

    # writing

    @override
    def receive(self, turn: Turn, source: str | None = None, cursor: str | None = None) -> None:
        body = _encode(turn.event)
        turn.seq = self._next_seq
        row = (
            turn.seq,
            turn.account,
            turn.event_id,
            turn.lane,
            turn.kind,
            body,
            turn.surface,
            turn.rule,
            turn.trust,
            turn.post_id,
            turn.received,
            turn.expires,
            turn.not_before,
            turn.state,
            turn.starts,
            turn.changed,
        )
        self._plan_flush()
        self._next_seq += 1
        group = self._pending
        group.inserts.append(row)
        group.arrivals.append(turn)
        if source is not None and cursor is not None:
            group.cursors[turn.account, source] = cursor

    @override
    def save(self, turn: Turn) -> None:
        self._plan_flush()
        self._pending.saves[turn.seq] = turn

    @override
    def work_again(self, turn: Turn) -> None:
        self.save(turn)
        self._pending.again.append(turn.seq)

    @override
    def rewrite(self, turn: Turn) -> None:
        self._change("UPDATE turns SET event=? WHERE seq=?", _encode(turn.event), turn.seq)

    @override
    def receipt(self, turn: Turn, part: int) -> None:
        sent = turn.outbox[part]
        self._plan_flush()
        self._pending.receipts.append((turn.account, sent.post_id, turn.seq, part, sent.url, sent.published))

    @override
    def move_cursor(self, account: str, source: str, cursor: str) -> None:
        self._plan_flush()
        self._pending.cursors[account, source] = cursor

    def _change(self, sql: str, *values: Any) -> None:
        self._plan_flush()
        self._pending.changes.append((sql, values, None))

    def _ask_change(self, sql: str, *values: Any) -> "asyncio.Future[int]":
        """Queue a change; the future has its row id (INSERT) or the number of rows it touched."""
        self._plan_flush()
        future: asyncio.Future[int] = self._loop.create_future()
        self._pending.changes.append((sql, values, future))
        return future

    @override
    def mark(self, mark: ScheduleMark) -> None:
        self._change(
            "INSERT INTO schedules(name,until,form,present) VALUES(?,?,?,?) ON CONFLICT(name) "
            "DO UPDATE SET until=excluded.until,form=excluded.form,present=excluded.present",
            mark.name,
            mark.until,
            mark.form,
            mark.present,
        )

    @override
    def pace(self, account: str, quota: Quota) -> None:
        self._change(
            'INSERT INTO pacing(account,bucket,"limit",remaining,resets) VALUES(?,?,?,?,?) ON CONFLICT(account,bucket) '
            'DO UPDATE SET "limit"=excluded."limit",remaining=excluded.remaining,resets=excluded.resets',
            account,
            quota.bucket,
            quota.limit,
            quota.remaining,
            to_micros(quota.resets_at),
        )

    @override
    def note(self, seq: int | None, what: str, why: str) -> None:
        self._change("INSERT INTO journal(at,seq,what,why) VALUES(?,?,?,?)", self._clock.micros(), seq, what, why)

    @override
    def pause(self, account: str, why: str) -> None:
        self._change(
            "INSERT INTO paused(account,at,why) VALUES(?,?,?) ON CONFLICT(account) DO UPDATE SET why=excluded.why",
            account,
            self._clock.micros(),
            why,
        )

    @override
    def resume(self, account: str) -> None:
        self._change("DELETE FROM paused WHERE account=?", account)

    @override
    def strike_agenda(self, id: int) -> None:
        self._change("DELETE FROM agenda WHERE id=?", id)

    @override
    def answer(self, id: int, answer: Mapping[str, Any]) -> None:
        self._change("UPDATE commands SET answer=? WHERE id=?", _encode(answer), id)

    @override
    def committed(self) -> Awaitable[None]:
        waiter = self._loop.create_future()
        if self._failure is not None:
            waiter.set_exception(self._failure)
        elif not self._pending.is_empty:
            self._pending.waiters.append(waiter)
        elif self._full:
            self._full[-1].waiters.append(waiter)
        elif self._running is not None:
            self._running.waiters.append(waiter)
        else:
            waiter.set_result(None)
        return waiter

    @override
    async def add_agenda(self, items: Sequence[AgendaItem]) -> range:
        rows = list(_agenda_rows(items))

        def add(db: sqlite3.Connection) -> range:
            db.execute("BEGIN IMMEDIATE")
            if items and items[0].event.period and (known := _in_agenda(db, items[0])):
                # a command that is obeyed again, because the bot died over it
                db.execute("ROLLBACK")
                return range(known, known + len(items))
            first = int(db.execute("SELECT coalesce(max(id),0)+1 FROM agenda").fetchone()[0])
            last = db.execute("SELECT value FROM meta WHERE name='agenda'").fetchone()
            first = max(first, int(last[0]) + 1 if last else 1)
            db.executemany(
                "INSERT INTO agenda(id,due,late,account,due_event) VALUES(?,?,?,?,?)",
                ((first + number, *row) for number, row in enumerate(rows)),
            )
            # ids are never given twice: they are the identity of what was posted
            db.execute(
                "INSERT INTO meta(name,value) VALUES('agenda',?) ON CONFLICT(name) DO UPDATE SET value=excluded.value",
                (str(first + len(items) - 1),),
            )
            db.execute("COMMIT")
            return range(first, first + len(items))

        return await self._aside(add)

    @override
    async def change_agenda(self, item: AgendaItem) -> bool:
        touched = await self._ask_change(
            "UPDATE agenda SET due=?,late=?,account=?,due_event=? WHERE id=?",
            item.due,
            item.late,
            item.account,
            _encode(item.event),
            item.id,
        )
        return touched == 1

    @override
    async def reserve(self, *, at: datetime, turn: str, model: str, micros: int) -> int:
        return await self._ask_change(
            "INSERT INTO spend(at,turn,model,reserved) VALUES(?,?,?,?)", to_micros(at), turn, model, micros
        )

    @override
    async def settle(self, id: int, micros: int) -> None:
        await self._ask_change("UPDATE spend SET settled=? WHERE id=?", micros, id)

    # reading

    async def _read(self, function: Callable[[sqlite3.Connection], T]) -> T:
        if self._readers is None or self._reader is None:
            raise StorageError(f"{self._path}: the ledger is closed")
        reader = self._reader

        def run() -> T:
            try:
                return function(reader)
            except sqlite3.Error as error:
                raise _words(self._path, error) from error

        return await self._loop.run_in_executor(self._readers, run)

    async def _aside(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """Run a short transaction on a connection of its own, beside the writer."""

        def run() -> T:
            try:
                with contextlib.closing(sqlite3.connect(self._path, isolation_level=None, timeout=5)) as db:
                    db.execute("PRAGMA synchronous=FULL")
                    return function(db)
            except sqlite3.Error as error:
                raise _words(self._path, error) from error

        return await asyncio.to_thread(run)

    async def _turns_where(self, condition: str, *values: Any) -> list[Turn]:
        def read(db: sqlite3.Connection) -> list[Turn]:
            return [_turn(row) for row in db.execute(f"SELECT {_COLUMNS} FROM turns WHERE {condition}", values)]  # noqa: S608 - conditions are literals of this class

        return await self._read(read)

    @override
    async def at_work(self) -> list[Turn]:
        return await self._turns_where("seq IN (SELECT seq FROM at_work) AND state IN (1,2,3) ORDER BY seq")

    @override
    async def waiting_lanes(self) -> list[tuple[str, str, int]]:
        def read(db: sqlite3.Connection) -> list[tuple[str, str, int]]:
            return db.execute(
                "SELECT account,lane,min(seq) FROM turns WHERE seq IN (SELECT seq FROM at_work) "
                "AND state=0 GROUP BY account,lane ORDER BY 3"
            ).fetchall()

        return await self._read(read)

    @override
    async def waiting(self, lanes: Sequence[tuple[str, int]], limit: int) -> list[list[Turn]]:
        last = self._announced

        def read(db: sqlite3.Connection) -> list[list[Turn]]:
            return [
                [
                    _turn(row)
                    for row in db.execute(
                        f"SELECT {_COLUMNS} FROM turns INDEXED BY turns_by_lane "  # noqa: S608 - columns are a literal
                        "WHERE lane=? AND seq BETWEEN ? AND ? AND state=0 ORDER BY seq LIMIT ?",
                        (lane, first, last, limit),
                    )
                ]
                for lane, first in lanes
            ]

        return await self._read(read)

    @override
    async def turn(self, seq: int) -> Turn | None:
        found = await self._turns_where("seq=?", seq)
        return found[0] if found else None

    @override
    async def turns(
        self, *, states: Iterable[State] | None = None, limit: int = 50, before: int | None = None
    ) -> list[Turn]:
        condition, values = "seq<?", [before if before is not None else 2**62]
        if states is not None:
            wanted = [int(state) for state in states]
            condition += f" AND state IN ({','.join('?' * len(wanted))})"
            values += wanted
        return await self._turns_where(f"{condition} ORDER BY seq DESC LIMIT ?", *values, limit)

    @override
    async def about_post(self, account: str, post_id: str) -> list[Turn]:
        return await self._turns_where(
            "(seq IN (SELECT seq FROM at_work) OR state IN (4,5)) AND account=? AND post_id=? ORDER BY seq",
            account,
            post_id,
        )

    @override
    async def in_lane(self, lane: str, *, before: int, limit: int) -> list[Turn]:
        found = await self._turns_where("lane=? AND seq<? AND state>=4 ORDER BY seq DESC LIMIT ?", lane, before, limit)
        return found[::-1]

    @override
    async def own_posts(self, account: str, *, before: int, limit: int) -> list[Turn]:
        low = f"{account}/post:"
        found = await self._turns_where(
            "lane>=? AND lane<? AND seq<? AND state=? AND kind=? ORDER BY seq DESC LIMIT ?",
            low,
            low[:-1] + ";",
            before,
            State.SENT,
            CLOCK,
            limit,
        )
        return found[::-1]

    @override
    async def turn_of_post(self, account: str, post_id: str) -> int | None:
        def read(db: sqlite3.Connection) -> int | None:
            row = db.execute("SELECT seq FROM receipts WHERE account=? AND post_id=?", (account, post_id)).fetchone()
            return None if row is None else int(row[0])

        return await self._read(read)

    @override
    async def cursors(self, account: str) -> dict[str, str]:
        return await self._read(
            lambda db: dict(db.execute("SELECT source,cursor FROM cursors WHERE account=?", (account,)).fetchall())
        )

    @override
    async def marks(self) -> dict[str, ScheduleMark]:
        def read(db: sqlite3.Connection) -> dict[str, ScheduleMark]:
            rows = db.execute("SELECT name,until,form,present FROM schedules")
            return {
                name: ScheduleMark(name=name, until=until, form=form, present=bool(present))
                for name, until, form, present in rows
            }

        return await self._read(read)

    @override
    async def agenda(self, *, until: int | None = None, limit: int = 100) -> list[AgendaItem]:
        def read(db: sqlite3.Connection) -> list[AgendaItem]:
            rows = db.execute(
                "SELECT id,due,late,account,due_event FROM agenda WHERE due<=? ORDER BY due,id LIMIT ?",
                (2**62 if until is None else until, limit),
            )
            return [
                AgendaItem(id=id, due=due, late=late, account=account, event=_decode_due(event))
                for id, due, late, account, event in rows
            ]

        return await self._read(read)

    @override
    async def next_agenda(self) -> int | None:
        def read(db: sqlite3.Connection) -> int | None:
            found: int | None = db.execute("SELECT min(due) FROM agenda").fetchone()[0]
            return found

        return await self._read(read)

    @override
    async def quotas(self, account: str) -> list[Quota]:
        def read(db: sqlite3.Connection) -> list[Quota]:
            rows = db.execute('SELECT bucket,"limit",remaining,resets FROM pacing WHERE account=?', (account,))
            return [
                Quota(bucket=bucket, limit=limit, remaining=remaining, resets_at=from_micros(resets))
                for bucket, limit, remaining, resets in rows
            ]

        return await self._read(read)

    @override
    async def paused(self) -> dict[str, str]:
        return await self._read(lambda db: dict(db.execute("SELECT account,why FROM paused").fetchall()))

    @override
    async def spent_since(self, moment: datetime) -> int:
        def read(db: sqlite3.Connection) -> int:
            row = db.execute(
                "SELECT coalesce(sum(coalesce(settled,reserved)),0) FROM spend WHERE at>=?", (to_micros(moment),)
            )
            return int(row.fetchone()[0])

        return await self._read(read)

    @override
    async def spending(self, *, since: int, limit: int = 1000) -> list[SpendRow]:
        def read(db: sqlite3.Connection) -> list[SpendRow]:
            rows = db.execute(
                "SELECT at,turn,model,reserved,settled FROM spend WHERE at>=? ORDER BY id DESC LIMIT ?", (since, limit)
            )
            return [
                SpendRow(at=at, turn=turn, model=model, reserved=reserved, settled=settled)
                for at, turn, model, reserved, settled in rows
            ]

        return await self._read(read)

    @override
    async def counts(self) -> dict[State, int]:
        def read(db: sqlite3.Connection) -> dict[State, int]:
            return {State(state): n for state, n in db.execute("SELECT state,count(*) FROM turns GROUP BY state")}

        return await self._read(read)

    @override
    async def journal(self, *, seq: int | None = None, limit: int = 50) -> list[JournalEntry]:
        def read(db: sqlite3.Connection) -> list[JournalEntry]:
            where, values = ("", (limit,)) if seq is None else ("WHERE seq=?", (seq, limit))
            rows = db.execute(f"SELECT at,seq,what,why FROM journal {where} ORDER BY id DESC LIMIT ?", values)  # noqa: S608 - both conditions are literals
            return [JournalEntry(at=at, seq=turn, what=what, why=why) for at, turn, what, why in rows]

        return await self._read(read)

    @override
    async def open_commands(self) -> list[Command]:
        def read(db: sqlite3.Connection) -> list[Command]:
            rows = db.execute("SELECT id,name,arguments FROM commands WHERE answer IS NULL ORDER BY id")
            return [Command(id=id, name=name, arguments=_decode_object(body)) for id, name, body in rows]

        return await self._read(read)

    @override
    async def ask(self, name: str, arguments: Mapping[str, Any]) -> int:
        values = (self._clock.micros(), name, _encode(arguments))

        def write(db: sqlite3.Connection) -> int:
            row = db.execute("INSERT INTO commands(at,name,arguments) VALUES(?,?,?) RETURNING id", values).fetchone()
            return int(row[0])

        return await self._aside(write)

    @override
    async def answered(self, id: int) -> Mapping[str, Any] | None:
        def read(db: sqlite3.Connection) -> Mapping[str, Any] | None:
            row = db.execute("SELECT answer FROM commands WHERE id=?", (id,)).fetchone()
            return None if row is None or row[0] is None else _decode_object(row[0])

        return await self._read(read)

    @override
    async def retire(self, *, before: int, limit: int = 1000) -> int:
        emptied = await self._ask_change(
            "UPDATE turns SET event=x'',draft=NULL,outbox=NULL,reason='' WHERE seq IN "
            "(SELECT seq FROM turns WHERE state>=10 AND changed<? AND length(event)>0 ORDER BY seq LIMIT ?)",
            before,
            limit,
        )
        await self._ask_change("DELETE FROM commands WHERE at<? AND answer IS NOT NULL", before)
        await self._ask_change("DELETE FROM journal WHERE at<?", before)
        return emptied


def _agenda_rows(items: Sequence[AgendaItem]) -> Iterator[tuple[int, int, str, bytes]]:
    event, body = None, b""
    for item in items:
        if item.event is not event:
            # the same post for many moments is written out once
            event, body = item.event, _encode(item.event)
        yield item.due, item.late, item.account, body


def _in_agenda(db: sqlite3.Connection, item: AgendaItem) -> int | None:
    """Return the id under which a post with an identity of its own stands in the agenda already."""
    row = db.execute(
        "SELECT min(id) FROM agenda WHERE account=? AND json_extract(due_event,'$.period')=?",
        (item.account, item.event.period),
    ).fetchone()
    found: int | None = row[0]
    return found


def _row(turn: Turn, now: int) -> tuple[Any, ...]:
    """Return a turn as the parameters of `_UPDATE`, changed just now."""
    turn.changed = now
    return (
        turn.state,
        turn.reason,
        turn.starts,
        turn.not_before,
        turn.expires,
        turn.persona,
        None if turn.draft is None else _encode(turn.draft),
        _encode(turn.outbox) if turn.outbox else None,
        now,
        turn.seq,
    )


def _turn(row: tuple[Any, ...]) -> Turn:
    (
        seq,
        account,
        event_id,
        lane,
        kind,
        event,
        surface,
        rule,
        trust,
        post_id,
        received,
        expires,
        not_before,
        state,
        reason,
        starts,
        persona,
        draft,
        outbox,
        changed,
    ) = row
    turn = Turn(
        account,
        event_id,
        lane,
        kind,
        decode_event(kind, event) if event else emptied_event(event_id, received),
        _SURFACES[surface],
        rule,
        _TRUSTS[trust],
        received,
        expires,
        post_id,
        not_before,
    )
    turn.seq, turn.state, turn.reason, turn.starts = seq, State(state), reason, starts
    turn.persona, turn.changed = persona, changed
    turn.draft = None if draft is None else _decode_draft(draft)
    turn.outbox = [] if outbox is None else _decode_outbox(outbox)
    return turn


def _lock_runner(path: Path, *, patience: float) -> sqlite3.Connection:
    """Hold an exclusive transaction on a file beside the ledger for as long as the process lives.

    A lock of SQLite ends with its process, however that ends, and works alike on every system. `patience`: seconds in
    which another may let go of it.
    """
    # one file by whatever name it is called
    lock = sqlite3.connect(f"{path.resolve()}-runner", isolation_level=None, check_same_thread=False, timeout=patience)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" not in str(error):
            raise
        who = runner_of(path)
        told = (
            f" (process {who['pid']} on {who['host']}, since {from_micros(who['since']):%Y-%m-%d %H:%M} UTC)"
            if who
            else ""
        )
        raise AlreadyRunning(
            f"a bot runs on {path} already{told}; stop that one first, or give this bot another `store`"
        ) from error
    return lock


def runner_of(path: Path) -> dict[str, Any] | None:
    """Return pid, host and start of the last process that ran a bot on this ledger, or None."""
    with contextlib.suppress(sqlite3.Error), contextlib.closing(_peek(path)) as db:
        row = db.execute("SELECT value FROM meta WHERE name='runner'").fetchone()
        if row is not None:
            return _decode_object(row[0])
    return None


def _peek(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=1)


def is_running(path: Path) -> bool:
    """Say whether some process runs a bot on this ledger now.

    :raises LedgerBroken: that cannot be found out
    """
    if not path.exists():
        return False
    try:
        _lock_runner(path, patience=0).close()
    except AlreadyRunning:
        return True
    except sqlite3.Error as error:
        raise _words(path, error) from error
    return False
