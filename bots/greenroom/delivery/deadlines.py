"""Gives up on publishes that take too long, with one timer for all of them."""

import asyncio
from time import monotonic
from types import TracebackType
from typing import Any

from greenroom_adapters.contract import Adapter

__all__ = ["Deadlines", "Watched"]

LOOK = 0.5
"""Seconds between two looks at what is under way; a deadline may be overrun by that much."""


class Deadlines:
    """Watches the publishes of one account.

    A timer for each of thousands of short calls costs more than all the rest of their bookkeeping; one timer that
    looks over those under way costs next to nothing. `with Watched(deadlines):` raises `TimeoutError` in the task
    when the adapter's `publish_deadline` is over.
    """

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self.loop = asyncio.get_running_loop()
        self.under_way: dict[asyncio.Task[Any], float] = {}
        """Tasks that are watched → since when."""
        self.overdue: set[asyncio.Task[Any]] = set()
        """Those that were given up."""
        self.timer: asyncio.TimerHandle | None = None
        """Brings the next look; None: nobody looks."""

    def look_soon(self) -> None:
        """See to it that somebody looks at what is under way."""
        self.timer = self.loop.call_later(LOOK, self._look)

    def _look(self) -> None:
        self.timer = self.loop.call_later(LOOK, self._look) if self.under_way else None
        latest = monotonic() - self._adapter.capabilities.publish_deadline.total_seconds()
        for task, began in self.under_way.items():
            if began <= latest and task not in self.overdue:
                self.overdue.add(task)
                task.cancel()


class Watched:
    """Has the current task watched while the block runs."""

    __slots__ = ("_deadlines", "_task")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines

    def __enter__(self) -> None:
        deadlines = self._deadlines
        # without its argument it asks the system for the process's id each time
        task = asyncio.current_task(deadlines.loop)
        assert task is not None  # noqa: S101 - publishing happens in tasks
        self._task: asyncio.Task[Any] = task
        if deadlines.timer is None:
            deadlines.look_soon()
        deadlines.under_way[task] = monotonic()

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        deadlines, task = self._deadlines, self._task
        del deadlines.under_way[task]
        if task not in deadlines.overdue:
            return
        deadlines.overdue.discard(task)
        # A cancellation from elsewhere, at the same time or not, goes on.
        if task.uncancel() == 0 and exc_type is asyncio.CancelledError:
            raise TimeoutError("no answer in time") from exc
