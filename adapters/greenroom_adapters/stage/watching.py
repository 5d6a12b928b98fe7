"""Who waits for news of the Stage, and how they are woken."""

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager

from typing_extensions import override

from greenroom_adapters.stage.objects import Change

__all__ = ["Changes", "Watching"]

LARGEST_BACKLOG = 1000


class Changes(AsyncIterator[Change]):
    """What one watcher has not read yet, in order. Ends when the Stage stops, or when its reader is too far behind."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Change | None] = asyncio.Queue()
        self._ended = False

    def put(self, change: Change) -> None:
        """Add a change; end the iteration instead when the reader does not keep up."""
        if self._ended:
            return
        if self._queue.qsize() >= LARGEST_BACKLOG:
            self.end()
        else:
            self._queue.put_nowait(change)

    def end(self) -> None:
        """Let the iteration end after what is waiting."""
        if not self._ended:
            self._ended = True
            self._queue.put_nowait(None)

    @override
    async def __anext__(self) -> Change:
        if self._ended and self._queue.empty():
            raise StopAsyncIteration
        change = await self._queue.get()
        if change is None:
            raise StopAsyncIteration
        return change


class Watching:
    """The watchers of all posts, and the streams of single accounts."""

    def __init__(self) -> None:
        self._watchers: set[Changes] = set()
        self._streams: dict[str, set[asyncio.Event]] = {}
        self.stopped = False
        """True: nothing more will come; whoever waits ends."""

    @property
    def watched(self) -> bool:
        """Whether anybody reads changes."""
        return bool(self._watchers)

    @contextmanager
    def watch(self) -> Generator[Changes, None, None]:
        """Hand out every change from now on."""
        changes = Changes()
        if self.stopped:
            changes.end()
        self._watchers.add(changes)
        try:
            yield changes
        finally:
            self._watchers.discard(changes)

    @contextmanager
    def stream(self, account_id: str) -> Generator[asyncio.Event, None, None]:
        """Hand out an event that is set whenever there may be news for this account."""
        waker = asyncio.Event()
        if self.stopped:
            waker.set()
        streams = self._streams.setdefault(account_id, set())
        streams.add(waker)
        try:
            yield waker
        finally:
            streams.discard(waker)
            if not streams:
                self._streams.pop(account_id, None)

    def tell(self, change: Change) -> None:
        """Give a change to every watcher."""
        for changes in self._watchers:
            changes.put(change)

    def wake(self, account_id: str) -> None:
        """Wake the streams of an account."""
        for waker in self._streams.get(account_id, ()):
            waker.set()

    def wake_all(self) -> None:
        """Wake every stream."""
        for account_id in self._streams:
            self.wake(account_id)

    def stop(self) -> None:
        """Let every watcher and every stream end."""
        self.stopped = True
        for changes in self._watchers:
            changes.end()
        self.wake_all()
