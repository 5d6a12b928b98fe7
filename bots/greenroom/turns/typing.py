"""Showing people that an answer is being written, on platforms that have a sign for it."""

import asyncio
import contextlib
from collections.abc import Generator
from typing import TYPE_CHECKING

from greenroom.clock import Clock
from greenroom.telemetry import get_log
from greenroom_adapters.contract import Adapter, CommandGiven, SupportsTyping, Surface, TextEvent

if TYPE_CHECKING:
    from collections.abc import Callable

    from greenroom.storage import Turn

__all__ = ["Typing"]

BEGINS_AFTER = 0.7
"""Seconds: whoever finds his words at once was never seen writing."""
SHARE = 0.8
"""Of the time for which the sign stays: after that it is shown again."""
_NOTHING = contextlib.nullcontext()
_SHOWN_ON = frozenset({Surface.CHAT, Surface.DIRECT_MESSAGE})


class Typing:
    """Shows it for one account, in rooms and direct conversations. Nothing waits for it, and nothing fails of it."""

    def __init__(self, adapter: Adapter, *, clock: Clock, may_show: "Callable[[Turn], bool]") -> None:
        """`may_show` is asked each time: what nobody may read at once is not being written for anybody."""
        self._adapter = adapter if isinstance(adapter, SupportsTyping) else None
        self.is_possible = self._adapter is not None
        """The platform has a sign for it."""
        self._clock = clock
        self._may_show = may_show
        self._tasks: set[asyncio.Task[None]] = set()
        self._log = get_log()

    def shown(self, turn: "Turn", *, live: bool) -> contextlib.AbstractContextManager[None]:
        """Show it while the block runs, unless that is over at once."""
        adapter, event = self._adapter, turn.event
        if (
            adapter is None
            or not live
            or turn.surface not in _SHOWN_ON
            or not isinstance(event, TextEvent)
            # whoever gave a command sees that it is worked on
            or isinstance(event, CommandGiven)
            or not self._may_show(turn)
        ):
            return _NOTHING
        return self._showing(adapter, turn, event)

    @contextlib.contextmanager
    def _showing(self, adapter: SupportsTyping, turn: "Turn", event: TextEvent) -> Generator[None, None, None]:
        task = asyncio.get_running_loop().create_task(self._show(adapter, turn, event))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            yield
        finally:
            task.cancel()

    async def close(self) -> None:
        """Wait for the end of what is being shown."""
        for task in (tasks := list(self._tasks)):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _show(self, adapter: SupportsTyping, turn: "Turn", event: TextEvent) -> None:
        await self._clock.sleep(BEGINS_AFTER)
        try:
            while self._may_show(turn):
                lasts = await adapter.show_typing(event)
                await self._clock.sleep(max(1.0, SHARE * lasts.total_seconds()))
        except Exception as error:  # noqa: BLE001 - a sign that cannot be shown is missed by nobody
            self._log.debug("it cannot be shown that an answer is written", why=f"{type(error).__name__}: {error}")
