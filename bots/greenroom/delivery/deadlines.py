"""Gives up on publishes that take too long, with one timer for all of them."""

import asyncio
from types import TracebackType
from typing import Any, Self

from greenroom_adapters.contract import Adapter

__all__ = ["Deadlines"]

LOOK = 0.5
"""Seconds between two looks at what is under way; a deadline may be overrun by that much."""


class Deadlines:
    """Watches the publishes of one account.

    A timer for each of thousands of short calls costs more than all the rest of their bookkeeping; one timer that
    looks over those under way costs next to nothing. `with deadlines.watching():` raises `TimeoutError` in the task
    when the adapter's `publish_deadline` is over.
    """

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter
        self._loop = asyncio.get_running_loop()
        self._under_way: dict[asyncio.Task[Any], float] = {}
        self._overdue: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def watching(self) -> "_Watch":
        """Watch the current task from now on; return the context manager that ends it."""
        loop = self._loop
        # without its argument it asks the system for the process's id each time
        task = asyncio.current_task(loop)
        assert task is not None  # noqa: S101 - publishing happens in tasks
        self._under_way[task] = loop.time()
        if self._timer is None:
            self._timer = loop.call_later(LOOK, self._look)
        return _Watch(self, task)

    def end(self, task: asyncio.Task[Any]) -> bool:
        """Watch it no longer; say whether it was given up."""
        del self._under_way[task]
        if self._overdue and task in self._overdue:
            self._overdue.discard(task)
            return True
        return False

    def _look(self) -> None:
        self._timer = self._loop.call_later(LOOK, self._look) if self._under_way else None
        latest = self._loop.time() - self._adapter.capabilities.publish_deadline.total_seconds()
        for task, began in self._under_way.items():
            if began <= latest and task not in self._overdue:
                self._overdue.add(task)
                task.cancel()


class _Watch:
    __slots__ = ("_deadlines", "_task")

    def __init__(self, deadlines: Deadlines, task: asyncio.Task[Any]) -> None:
        self._deadlines = deadlines
        self._task = task

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        given_up = self._deadlines.end(self._task)
        # A cancellation from elsewhere, at the same time or not, goes on.
        if given_up and self._task.uncancel() == 0 and exc_type is asyncio.CancelledError:
            raise TimeoutError("no answer in time") from exc
