"""An engine that writes what a test tells it to."""

import asyncio
from collections import deque
from collections.abc import Callable

from typing_extensions import override

from greenroom.generation import Brief, Engine, Generated

__all__ = ["ScriptedEngine"]


class ScriptedEngine(Engine):
    """Writes `write(brief)`, or does what stands next in `outcomes`."""

    def __init__(self, write: Callable[[Brief], str] = lambda brief: f"You said: {brief.said or brief.about}") -> None:
        self._write = write
        self.outcomes: deque[str | Exception] = deque()
        """What the next calls return or raise, in order."""
        self.briefs: list[Brief] = []
        """Every call, in order."""
        self.at_work = 0
        """Calls that have not ended."""
        self.most_at_work = 0
        """Calls at the same time, at the most so far."""
        self.gate = asyncio.Event()
        """Cleared by a test, it keeps calls from ending."""
        self.gate.set()

    @property
    @override
    def name(self) -> str:
        return "scripted"

    @override
    async def generate(self, brief: Brief) -> Generated:
        self.briefs.append(brief)
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            outcome = self.outcomes.popleft() if self.outcomes else None
            await self.gate.wait()
            if isinstance(outcome, Exception):
                raise outcome
            return Generated(text=self._write(brief) if outcome is None else outcome, engine=self.name)
        finally:
            self.at_work -= 1
