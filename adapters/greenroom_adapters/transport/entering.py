"""Entering an adapter and leaving it: what was opened is closed in reverse order, also where signing in fails."""

import abc
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self, TypeVar

from typing_extensions import override

from greenroom_adapters.contract import Adapter

__all__ = ["EnteredAdapter", "entered"]

Part = TypeVar("Part")


class EnteredAdapter(Adapter, abc.ABC):
    """An adapter that opens something for as long as it is entered."""

    _opened: AsyncExitStack | None = None

    @abc.abstractmethod
    async def _enter(self, stack: AsyncExitStack) -> None:
        """Open what is needed and sign in. What lies on the stack is closed at leaving, and at once where this fails.

        Raises as `Adapter.__aenter__` does.
        """

    @override
    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._enter(stack)
            self._opened = stack.pop_all()
        return self

    @override
    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        stack, self._opened = self._opened, None
        if stack is not None:
            await stack.aclose()


def entered(part: Part | None) -> Part:
    """Return what an adapter has only once it is entered.

    :raises RuntimeError: it is not
    """
    if part is None:
        raise RuntimeError("enter the adapter before using it")
    return part
