"""Group commit: what is queued in the loop gathers into groups, which one thread writes one after the other."""

import abc
import asyncio
import contextlib
import queue
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from greenroom.clock import Clock
from greenroom.storage.errors import StorageError
from greenroom.storage.tables.group import FULL, Group
from greenroom.storage.turn import Turn

__all__ = ["GroupCommit", "Writer"]

_SLICE = 256
"""Waiters that are told of their commit in one turn of the loop: each of them has work to do then."""


class Writer(abc.ABC):
    """Puts groups into a database, one after the other, in a thread of its own."""

    BEAT: float | None = None
    """Seconds without a group after which `beat` is called; None: never."""

    @abc.abstractmethod
    def write(self, group: Group) -> None:
        """Commit all of it, or nothing; fill in its `known` and its `results`.

        :raises StorageError: it is not known to be stored
        """

    @abc.abstractmethod
    def beat(self) -> None:
        """See whether the database is still there.

        :raises StorageError: it is not
        """

    @abc.abstractmethod
    def close(self, *, clean: bool) -> None:
        """Let go of the database; `clean`: everything was written."""


class GroupCommit:
    """Gathers, writes, and tells who waits.

    `enter` in the loop, then `start`; `stop` writes what is queued. Whoever puts something into `pending` sees to it
    that a flush is planned first: `if not is_due: plan_flush()`, written out where every call would count.
    """

    def __init__(self, place: str, clock: Clock) -> None:
        self._place = place
        self._clock = clock
        self.pending = Group()
        self.is_due = False
        """A flush is planned, or runs and looks for the next group at its end: what is queued is taken along."""
        self.announced = 0
        """Seq of the newest turn whose arrival was told, or that was there at the opening."""
        self.written = 0
        """Groups that are on disk."""
        self.arrived: Callable[[list[Turn], list[Turn]], None] | None = None
        self._full: deque[Group] = deque()
        """Groups that wait behind the running one; `pending` comes after them."""
        self._running: Group | None = None
        self._to_tell: deque[asyncio.Future[None]] = deque()
        """Waiters whose group is on disk."""
        self._tells = False
        self._failure: StorageError | None = None
        self._queue: queue.SimpleQueue[Group | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None

    def enter(self) -> None:
        """Belong to the loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self.failed: asyncio.Future[None] = self._loop.create_future()
        """Has the `StorageError` as soon as there is one."""

    def start(self, writer: Writer, *, announced: int) -> None:
        """Let a thread write through `writer`, and close it at the end."""
        self.announced = announced
        self._writer = threading.Thread(target=self._write_for_ever, args=(writer,), name="ledger-writer", daemon=True)
        self._writer.start()

    async def stop(self) -> None:
        """Write what is queued and end the thread. Safe to call twice, or without `start`."""
        if self._writer is None:
            return
        # from here on nothing more is queued: whoever tries asks for a flush, and is refused
        writer, self._writer, self.is_due = self._writer, None, False
        with contextlib.suppress(StorageError):
            while self._is_writing:
                await self.committed()
        self._queue.put(None)
        await asyncio.to_thread(writer.join)

    @property
    def _is_writing(self) -> bool:
        return self._running is not None or bool(self._full) or not self.pending.is_empty

    def change(self, sql: str, *values: Any) -> None:
        """Queue a change."""
        if not self.is_due:
            self.plan_flush()
        self.pending.changes.append((sql, values, None))

    def ask(self, sql: str, *values: Any) -> "asyncio.Future[int]":
        """Queue a change; the future has its row id (INSERT) or the number of rows it touched."""
        if not self.is_due:
            self.plan_flush()
        future: asyncio.Future[int] = self._loop.create_future()
        self.pending.changes.append((sql, values, future))
        return future

    def committed(self) -> Awaitable[None]:
        """Return an awaitable that is done when everything queued so far is on disk."""
        waiter = self._loop.create_future()
        pending = self.pending
        if self._failure is not None:
            waiter.set_exception(self._failure)
        # who waits has saved a turn, as a rule: then nobody need be asked whether something is pending
        elif pending.saves or not pending.is_empty:
            pending.waiters.append(waiter)
        elif self._full:
            self._full[-1].waiters.append(waiter)
        elif self._running is not None:
            self._running.waiters.append(waiter)
        else:
            waiter.set_result(None)
        return waiter

    # in the loop

    def plan_flush(self) -> None:
        """Let everything of this turn of the loop gather into one group. For the first of it: when none `is_due`."""
        if self._failure is not None:
            raise self._failure
        if self._writer is None:
            raise StorageError(f"{self._place}: the ledger is not open for writing")
        self.is_due = True
        self._loop.call_soon(self._flush)

    def close_group(self) -> None:
        """Let what is queued from now on go into the next group; called between two turns of the loop, so that what is
        queued without an `await` in between stays together."""
        pending = self.pending
        if len(pending.saves) >= FULL or len(pending.inserts) >= FULL:
            self._full.append(pending)
            self.pending = Group()

    def _flush(self) -> None:
        if self._failure is not None:
            return
        if self._full:
            self._running = self._full.popleft()
        elif not self.pending.is_empty:
            self._running, self.pending = self.pending, Group()
        else:
            self.is_due = False
            return
        now = self._clock.micros()
        try:
            self._running.take_saves(now)
        except Exception as error:  # noqa: BLE001 - a group that never goes to the writer would let all wait for ever
            self._running.failed = StorageError(f"{self._place}: a turn cannot be stored: {error!r}")
            self._written(self._running)
            return
        self._queue.put(self._running)

    def _written(self, group: Group) -> None:
        self._running = None
        if group.failed is not None:
            self._fail(group, group.failed)
            return
        self.written += 1
        if group.arrivals:
            self.announced = group.arrivals[-1].seq
        for future, result in group.results:
            if not future.done():
                future.set_result(result)
        self._to_tell += group.waiters
        if not self._tells:
            self._tell()
        self._flush()
        if group.arrivals and self.arrived is not None:
            known = group.known
            if known:
                new = [turn for turn in group.arrivals if turn.seq not in known]
                self.arrived(new, [turn for turn in group.arrivals if turn.seq in known])
            else:
                self.arrived(group.arrivals, [])

    def _tell(self) -> None:
        """Tell a slice of those that waited for their commit; heartbeats and timers get their turn between two."""
        waiting = self._to_tell
        for _ in range(min(_SLICE, len(waiting))):
            waiter = waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
        self._tells = bool(waiting)
        if waiting:
            self._loop.call_soon(self._tell)

    def _fail(self, group: Group, error: StorageError) -> None:
        self._failure = error
        self.is_due = False
        # one may be on its way to a writer that has ended already
        running = () if self._running is None else (self._running,)
        doomed_groups = (group, *running, *self._full, self.pending)
        self._running = None
        self._full.clear()
        self.pending = Group()
        for doomed in doomed_groups:
            for waiter in doomed.waiters:
                if not waiter.done():
                    waiter.set_exception(error)
            for _, _, future in doomed.changes:
                if future is not None and not future.done():
                    future.set_exception(error)
        if not self.failed.done():
            self.failed.set_exception(error)
            # whoever does not ask for it shall not be told so at the end of the program
            self.failed.exception()

    # in the writer's thread

    def _write_for_ever(self, writer: Writer) -> None:
        clean = False
        try:
            while (group := self._next(writer)) is not None:
                try:
                    writer.write(group)
                except StorageError as error:
                    group.failed = error
                except Exception as error:  # noqa: BLE001 - a writer that dies in silence would let the bot go on without a ledger
                    group.failed = StorageError(f"{self._place}: the ledger's writer failed: {error!r}")
                self._loop.call_soon_threadsafe(self._written, group)
                if group.failed is not None:
                    return
            clean = True
        except StorageError as error:
            self._loop.call_soon_threadsafe(self._fail, Group(), error)
        finally:
            writer.close(clean=clean)

    def _next(self, writer: Writer) -> Group | None:
        """Return the next group, and let the writer beat as long as there is none; None: there will be no more.

        :raises StorageError: a beat failed
        """
        while True:
            try:
                return self._queue.get(timeout=writer.BEAT)
            except queue.Empty:
                try:
                    writer.beat()
                except StorageError:
                    raise
                except Exception as error:
                    raise StorageError(f"{self._place}: the ledger's writer failed: {error!r}") from error
