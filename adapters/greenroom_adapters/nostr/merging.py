"""Several pasts as one."""

import heapq
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import TypeVar

__all__ = ["merged"]

T = TypeVar("T")


async def merged(
    streams: Sequence[AsyncGenerator[T, None]], *, moment: Callable[[T], float]
) -> AsyncGenerator[T, None]:
    """Yield what several streams yield, each of them oldest first, as one in that order. `moment` returns the seconds
    since 1970 of something. Whoever made the streams closes them."""
    heads: list[tuple[float, int, T]] = []
    for number, stream in enumerate(streams):
        if (first := await anext(stream, None)) is not None:
            heads.append((moment(first), number, first))
    heapq.heapify(heads)
    while heads:
        _, number, one = heads[0]
        yield one
        if (following := await anext(streams[number], None)) is None:
            heapq.heappop(heads)
        else:
            heapq.heapreplace(heads, (moment(following), number, following))
