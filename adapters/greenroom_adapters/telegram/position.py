"""How far one account has listened: what was handed out, and what of it is safe."""

import asyncio
from collections import deque
from collections.abc import Callable

__all__ = ["Position"]


class Position:
    """The place in the queue that Telegram keeps for a bot.

    Telegram forgets what is before the offset that it is asked for, so that moves only behind what is safe: what was
    handed out and acknowledged, and what is none of our business and stands before nothing that waits. What waits is
    told again each time, and passed over here. Numbers may begin anew, far below: after a week without an update, or
    on another server. So what follows what is told by the order in which it comes, and by nothing else.
    """

    def __init__(self, cursor: str, *, let_go: Callable[[int], None] = lambda number: None) -> None:
        """`cursor` is that of the last event that is safe; `0`: there was none yet. `let_go` hears of each update that
        Telegram may forget."""
        self._let_go_of = let_go
        self._offset = int(cursor) + 1 if int(cursor) > 0 else None
        self._open: deque[tuple[int, bool]] = deque()
        """Updates behind the offset, in their order: the number, and whether its event waits."""
        self._meanwhile: set[int] = set()
        """Those that have become safe since Telegram was asked last."""
        self._moved = asyncio.Event()

    def ask(self) -> int | None:
        """Return the number from which Telegram is asked for more now; None: from the oldest that it has."""
        self._meanwhile.clear()
        return self._offset

    @property
    def waits(self) -> bool:
        """Something was handed out that is not known to be safe."""
        return bool(self._open)

    def is_known(self, number: int) -> bool:
        """Say whether this update was taken in, and is told again because it was not safe when Telegram was asked."""
        return number in self._meanwhile or self._is_open(number)

    def took(self, number: int, *, is_event: bool) -> None:
        """Note that an update was taken in: it brought an event, or it did not."""
        self._open.append((number, is_event))
        self._settle()

    def acknowledged(self, cursor: str) -> None:
        """Hear that everything up to the update with this number is safe."""
        number = int(cursor)
        if not self._is_open(number):
            return
        while self._let_go() != number:
            pass
        self._settle()
        self._moved.set()

    async def wait(self, seconds: float) -> None:
        """Return when nothing waits any more, or after a while."""
        try:
            async with asyncio.timeout(seconds):
                while self.waits:
                    self._moved.clear()
                    await self._moved.wait()
        except TimeoutError:
            return

    def _settle(self) -> None:
        while self._open and not self._open[0][1]:
            self._let_go()

    def _let_go(self) -> int:
        number, _ = self._open.popleft()
        self._meanwhile.add(number)
        self._offset = number + 1
        self._let_go_of(number)
        return number

    def _is_open(self, number: int) -> bool:
        return any(number == one for one, _ in self._open)
