"""A server of a test that runs beside it, in a thread and a loop of its own."""

import abc
import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

__all__ = ["OwnLoop"]

T = TypeVar("T")
PATIENCE = 10.0
"""Seconds that one piece of work in the loop may take."""


class OwnLoop(abc.ABC):
    """Serves while it is entered, also while the loop of the test is busy. A context manager; it is entered once."""

    def __init__(self, name: str) -> None:
        """`name` is that of the thread."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    @abc.abstractmethod
    async def _start(self) -> None:
        """Begin to serve; runs in the loop."""

    @abc.abstractmethod
    async def _stop(self) -> None:
        """Serve no more; runs in the loop."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._start())
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do this in the loop, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)
