"""A world whose bot reaches its platform through a proxy that obeys orders."""

from abc import ABC
from typing import Any, ClassVar

from typing_extensions import override

from greenroom_adapters.testing.conformance import World
from greenroom_adapters.testing.proxy import FaultyProxy, Order

__all__ = ["ProxiedWorld"]


class ProxiedWorld(World, ABC):
    """Plays what goes wrong with the next publication by orders for its `proxy`, which it holds before any test asks.

    `sending` is a regular expression for the paths of the requests that publish, `method` the one that they have.
    """

    sending: ClassVar[str]
    method: ClassVar[str] = "POST"
    proxy: FaultyProxy

    @override
    async def lose_next_answer(self) -> None:
        self.order("lose")

    @override
    async def refuse_next(self) -> None:
        self.order("refuse")

    @override
    async def commit_next_late(self, seconds: float) -> None:
        self.order("late", seconds=seconds)

    @override
    async def delay_next(self, seconds: float) -> None:
        self.order("delay", seconds=seconds)

    @override
    async def garble_next(self) -> None:
        self.order("garble")

    @override
    def open_connections(self) -> int:
        return self.proxy.open_connections

    def order(self, kind: str, *, path: str | None = None, method: str | None = None, **details: Any) -> Order:
        """Order a fault for the bot's next publication, or for its next request with this path and method."""
        order = Order(kind=kind, method=method or self.method, path=path or self.sending, **details)
        self.proxy.order(order)
        return order
