"""A platform that the bot of the crash test reaches through a proxy, which loses answers by order."""

import random
from pathlib import Path
from typing import Any, ClassVar

from network import Network
from typing_extensions import override

from greenroom_adapters.testing import FaultyProxy, Order

__all__ = ["MANY", "ProxiedNetwork"]

MANY = 10**9


class ProxiedNetwork(Network):
    """Whoever starts the server puts the proxy before it, and whoever stops it takes that away."""

    sending: ClassVar[dict[str, Any]]
    """What of an order picks the requests that publish."""
    asking: ClassVar[dict[str, Any]]
    """What of an order picks the requests that ask for something."""
    asking_share: ClassVar[float] = 1.0
    """Of the share of answers to publishing that are lost, the part in which answers to asking are."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        super().__init__(folder, chance)
        self._proxy: FaultyProxy | None = None
        self._random: list[Order] = []

    @override
    def lose_answers(self, share: float) -> None:
        self._random = [
            Order(kind="lose", chance=chance, count=MANY, **picked)
            for picked, chance in ((self.sending, share), (self.asking, share * self.asking_share))
        ]
        for order in self._random:
            self._behind().order(order)

    @override
    def lose_next_answer(self) -> None:
        self._behind().order(Order(kind="lose", **self.sending))

    @property
    @override
    def answers_lost(self) -> int:
        return self._behind().obeyed(self._random[0]) if self._random else 0

    def _behind(self) -> FaultyProxy:
        assert self._proxy is not None
        return self._proxy
