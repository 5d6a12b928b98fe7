"""Waiting until nobody is at work any more."""

import asyncio
from types import TracebackType

__all__ = ["Busy"]


class Busy:
    """Counts who is at work: `with busy: …`, any number side by side."""

    def __init__(self) -> None:
        self._at_work = 0
        self._rest: asyncio.Event | None = None
        """Whoever waits for it; None: nobody does."""

    def __enter__(self) -> None:
        self._at_work += 1

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._at_work -= 1
        if self._rest is not None and not self._at_work:
            self._rest.set()

    async def over(self) -> None:
        """Return when nobody is at work."""
        while self._at_work:
            if self._rest is None:
                self._rest = asyncio.Event()
            self._rest.clear()
            await self._rest.wait()
