"""Pages of a list that are larger than what is read of one answer: asked for again with fewer entries."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from greenroom_adapters.contract import Unavailable

__all__ = ["AnswerTooLarge", "fitting"]

T = TypeVar("T")


class AnswerTooLarge(Unavailable):
    """The answer to a read was over the cap. Asked for again it is so again: less must be asked for."""

    def __init__(self, message: str, *, beginning: bytes, platform: str, account: str) -> None:
        """`beginning` is the first few thousand bytes of the answer."""
        super().__init__(message, platform=platform, account=account)
        self.beginning = beginning


async def fitting(fetch: Callable[[int], Awaitable[T]], most: int, *, least: int = 1) -> tuple[T, int]:
    """Return a page of at most so many entries, or of as many fewer as make it small enough, and how many were asked
    for. `fetch` takes that number.

    :raises AnswerTooLarge: `least` entries are over the cap
    """
    asked = most
    while True:
        try:
            return await fetch(asked), asked
        except AnswerTooLarge:
            if asked <= least:
                raise
            asked = max(least, asked // 2)
