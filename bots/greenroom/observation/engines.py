"""An engine that is watched: something is done around each of its calls."""

import abc
from collections.abc import Callable, Coroutine
from typing import Any

from typing_extensions import override

from greenroom.generation.engine import Brief, Engine, Generated, Sight

__all__ = ["WatchedEngine"]


class WatchedEngine(Engine, abc.ABC):
    """Another engine under its own name. Closed, it closes that one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    @override
    def name(self) -> str:
        return self._engine.name

    @override
    async def generate(self, brief: Brief) -> Generated:
        return await self._watch(lambda: self._engine.generate(brief))

    @override
    async def describe(self, sight: Sight) -> Generated:
        return await self._watch(lambda: self._engine.describe(sight))

    @override
    async def aclose(self) -> None:
        await self._engine.aclose()

    @abc.abstractmethod
    async def _watch(self, call: Callable[[], Coroutine[Any, Any, Generated]]) -> Generated:
        """Make the call, once, and see what comes of it."""
