"""What a proxy is told to do to the requests and frames that come by."""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Book", "Order", "Taken"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What happens to the next requests that fit, the very next one if nothing else is said; then it is used up.

    With `frame`, the same happens to the next text frame that an adapter sends through a WebSocket; its answer is the
    server's next frame that fits `until`.
    """

    kind: str
    """`lose`: pass it on, cut the answer off. `refuse`: cut it off. `late`: cut it off, pass it on after `seconds`.
    `delay`: answer `seconds` later. `garble`: pass it on, answer with nonsense. `answer`: do not pass it on, answer
    with `status`, `headers` and `body`. `silence`: keep it open and never answer; a frame is not passed on, and what
    comes behind it is. `swallow`: pass it on, keep it open and never answer."""
    method: str
    """Of a frame: that of the handshake, `GET`."""
    path: str
    """Regular expression that the path, as it was sent, contains."""
    frame: str | None = None
    """Regular expression that the frame contains; None: the order is for requests, handshakes among them."""
    until: str = ""
    """Regular expression that the answer to the frame contains. What comes before the answer is passed on."""
    seconds: float = 0.0
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    r"""Of a frame: UTF-8 text in which `\1` stands for the first group of `frame`, and so on."""
    chance: float = 1.0
    """Share of the requests that fit to which it happens; the others pass."""
    count: int = 1
    """After so many requests it is used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An order that meets a request or a frame."""

    order: Order
    answer: str
    """The order's body as the answer to this very frame; empty for a request."""


@dataclass(slots=True)
class _Given:
    order: Order
    left: int


class Book:
    """The orders of one proxy. Given in one thread, taken in another."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._given: list[_Given] = []

    def give(self, order: Order) -> None:
        """Take an order down."""
        self._given.append(_Given(order, order.count))

    def left(self) -> tuple[Order, ...]:
        """Return the orders that are left, in the order in which they were given."""
        return tuple(given.order for given in self._given if given.left)

    def obeyed(self, order: Order) -> int:
        """Return how often this very order has happened."""
        return sum(order.count - given.left for given in self._given if given.order is order)

    def take(self, method: str, path: str, frame: str | None = None) -> Taken | None:
        """Use up the first order that fits a request, or a frame of a request; None: it passes."""
        for given in self._given:
            order = given.order
            if given.left <= 0 or order.method != method or not re.search(order.path, path):
                continue
            answer = ""
            if order.frame is None or frame is None:
                if order.frame is not None or frame is not None:
                    continue
            else:
                match = re.search(order.frame, frame)
                if match is None:
                    continue
                answer = match.expand(order.body.decode())
            if order.chance >= 1 or self._chance.random() < order.chance:
                given.left -= 1
                return Taken(order=order, answer=answer)
        return None
