"""Keeps a crowd from stalling the loop: only so many may do their work within one turn of it."""

import asyncio
from collections import deque

__all__ = ["Gate"]

SLICE = 256
"""How many pass in one turn of the loop."""


class Gate:
    """Lets a slice of a crowd through in each turn of the loop, in the order in which they came.

    Without a crowd passing costs a comparison. Heartbeats and timers get their turn between two slices.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._passed = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._planned = False

    def enter(self) -> asyncio.Future[None] | None:
        """Take a place in the present turn of the loop; what is returned where there is none has to be awaited."""
        if not self._planned:
            self._planned = True
            self._loop.call_soon(self._next_turn)
        if self._passed < SLICE and not self._waiting:
            self._passed += 1
            return None
        place = self._loop.create_future()
        self._waiting.append(place)
        return place

    def _next_turn(self) -> None:
        waiting = self._waiting
        self._passed = 0
        while waiting and self._passed < SLICE:
            place = waiting.popleft()
            if not place.done():
                place.set_result(None)
                self._passed += 1
        self._planned = self._passed > 0 or bool(waiting)
        if self._planned:
            self._loop.call_soon(self._next_turn)
