"""What a platform told by a call, on its way to whoever reads it, and whether it is on disk by now."""

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field

__all__ = ["Pushed", "Unsafe"]

MOST = 10_000
"""Events of one source that may wait for their acknowledgement here; the platform calls again for the oldest beyond
that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """What the platform told, not read yet."""

    body: bytes
    safe: "asyncio.Future[bool] | None" = field(default=None, repr=False)
    """Waits for it to be on disk (True), or for the news that it cannot be taken now (False); None: nobody waits."""

    def settle(self, *, is_safe: bool) -> None:
        """Tell whoever waits."""
        if self.safe is not None and not self.safe.done():
            self.safe.set_result(is_safe)


class Unsafe:
    """Those that wait until an event is acknowledged: the one that they are, or the last that was found because of
    them. Not each event is acknowledged; one stands for all before it in its source."""

    def __init__(self) -> None:
        self._announced: dict[tuple[str, str], list[Pushed]] = {}
        self._passed: defaultdict[str, deque[tuple[str, list[Pushed]]]] = defaultdict(deque)

    def wait(self, source: str, cursor: str, pushed: Pushed) -> None:
        """Let it wait for the event with this cursor, which is handed out next."""
        if pushed.safe is not None:
            self._announced.setdefault((source, cursor), []).append(pushed)

    def passed(self, source: str, cursor: str) -> None:
        """Hear that an event with this cursor is handed out."""
        passed = self._passed[source]
        waiting = self._announced.pop((source, cursor), [])
        if waiting or passed:
            passed.append((cursor, waiting))
        if len(passed) > MOST:
            _settle(passed.popleft()[1], is_safe=False)

    def acknowledged(self, source: str, cursor: str) -> None:
        """Hear that all up to this cursor is on disk."""
        passed = self._passed[source]
        if all(one != cursor for one, _ in passed):
            return
        while True:
            one, waiting = passed.popleft()
            _settle(waiting, is_safe=True)
            if one == cursor:
                return

    def give_up(self) -> None:
        """Tell all that wait that the platform shall say it again."""
        for waiting in self._announced.values():
            _settle(waiting, is_safe=False)
        for passed in self._passed.values():
            for _, waiting in passed:
                _settle(waiting, is_safe=False)
        self._announced.clear()
        self._passed.clear()


def _settle(waiting: list[Pushed], *, is_safe: bool) -> None:
    for pushed in waiting:
        pushed.settle(is_safe=is_safe)
