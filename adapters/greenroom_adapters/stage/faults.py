"""The script of what goes wrong: ordered over the wire, played on requests and streams."""

import asyncio
import enum
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from greenroom_adapters.stage.connections import connection_of

__all__ = ["Fault", "FaultKind", "FaultLayer", "Faults"]

T = TypeVar("T")
NONSENSE = b"<html><body>upstream is thinking</body></html>"


class FaultKind(enum.StrEnum):
    """What can be ordered."""

    LOSE_ANSWER = "lose_answer"
    """Act, then cut the connection."""
    REFUSE = "refuse"
    """Cut the connection without acting."""
    DELAY = "delay"
    """Act, then answer `seconds` late."""
    COMMIT_LATE = "commit_late"
    """Cut the connection at once, act `seconds` later."""
    STATUS = "status"
    """Answer `status` without acting."""
    GARBAGE = "garbage"
    """Act, then answer 200 with something that is no JSON."""
    DROP_STREAM = "drop_stream"
    """Cut a stream."""
    SILENT_STREAM = "silent_stream"
    """Keep a stream open and send nothing on it, not even a ping or its answer."""
    REDELIVER = "redeliver"
    """Deliver an event twice."""
    REORDER = "reorder"
    """Deliver an event after its successor."""
    HIDE = "hide"
    """List a new post only after `seconds`."""


ON_REQUESTS = frozenset(
    {
        FaultKind.LOSE_ANSWER,
        FaultKind.REFUSE,
        FaultKind.DELAY,
        FaultKind.COMMIT_LATE,
        FaultKind.STATUS,
        FaultKind.GARBAGE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One order."""

    id: str
    kind: FaultKind
    left: int | None = 1
    """How many times it still happens; None: until it is cleared."""
    chance: float | None = None
    """How likely it happens where it could; None: always."""
    seconds: float = 1.0
    status: int = 503
    retry_after: float | None = None
    path: str = "/api/"
    """Prefix of the paths that it happens on."""
    method: str | None = None
    """HTTP method that it happens on; None: any."""
    account: str | None = None
    """Handle of the account whose requests and streams it happens to, lower case; None: anybody's."""


@dataclass(slots=True)
class Faults:
    """What is ordered and has not happened yet. One per Stage, used by one event loop."""

    chance: Callable[[], float]
    """Returns a number from 0 up to, not including, 1."""
    on_order: Callable[[], None]
    """Called after every order: open streams look whether it is for them."""
    ordered: list[Fault] = field(default_factory=list[Fault])

    def order(self, fault: Fault) -> None:
        """Add one; among several that fit, the oldest happens first."""
        self.ordered.append(fault)
        self.on_order()

    def clear(self) -> None:
        """Forget all."""
        self.ordered.clear()

    def any_on_requests(self) -> bool:
        """Say whether a request could meet a fault at all."""
        return any(fault.kind in ON_REQUESTS for fault in self.ordered)

    def take(
        self, *kinds: FaultKind, account: str | None, path: str = "/api/", method: str | None = None
    ) -> Fault | None:
        """Return the oldest fault of these kinds that happens now, and count it; None: nothing goes wrong."""
        for place, fault in enumerate(self.ordered):
            if fault.kind not in kinds or not path.startswith(fault.path):
                continue
            if fault.method is not None and fault.method != method:
                continue
            if fault.account is not None and (account is None or fault.account != account.lower()):
                continue
            if fault.chance is not None and self.chance() >= fault.chance:
                continue
            if fault.left == 1:
                del self.ordered[place]
            elif fault.left is not None:
                self.ordered[place] = replace(fault, left=fault.left - 1)
            return fault
        return None

    def hidden_for(self, *, account: str, path: str) -> timedelta:
        """Return how long the post that is made now stays out of its author's listing."""
        fault = self.take(FaultKind.HIDE, account=account, path=path, method="POST")
        return timedelta(0) if fault is None else timedelta(seconds=fault.seconds)

    def disturb(self, events: Sequence[T], *, account: str) -> list[T]:
        """Return a page of events as it is delivered: some twice, some after their successors."""
        delivered: list[T] = []
        held: list[T] = []
        for event in events:
            delivered.append(event)
            if held:
                delivered.append(held.pop())
            elif self.take(FaultKind.REORDER, account=account) is not None:
                held.append(delivered.pop())
                continue
            if self.take(FaultKind.REDELIVER, account=account) is not None:
                delivered.append(event)
        return delivered + held


class FaultLayer:
    """Plays the faults of requests around an application whose requests were read whole.

    The page and the orders themselves (below `/api/admin`) are never touched.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        faults: Faults,
        account_of: Callable[[str], str | None],
        now: Callable[[], datetime],
    ) -> None:
        """`account_of` returns the handle that an `Authorization` header speaks for."""
        self._app = app
        self._faults = faults
        self._account_of = account_of
        self._now = now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        fault = self._fault_of(scope) if scope["type"] == "http" and self._faults.any_on_requests() else None
        if fault is None:
            await self._app(scope, receive, send)
            return
        match fault.kind:
            case FaultKind.REFUSE:
                cut(scope)
            case FaultKind.LOSE_ANSWER:
                await self._app(scope, receive, nowhere)
                cut(scope)
            case FaultKind.COMMIT_LATE:
                cut(scope)
                await asyncio.sleep(fault.seconds)
                await self._app(scope, receive, nowhere)
            case FaultKind.DELAY:
                answer: list[Message] = []

                async def keep(message: Message) -> None:
                    answer.append(message)

                await self._app(scope, receive, keep)
                await asyncio.sleep(fault.seconds)
                for message in answer:
                    await send(message)
            case FaultKind.GARBAGE:
                await self._app(scope, receive, nowhere)
                await reply(send, 200, NONSENSE, {"content-type": "text/html"})
            case _:
                await self._refuse_with_status(fault, send)

    def _fault_of(self, scope: Scope) -> Fault | None:
        path: str = scope["path"]
        if not path.startswith("/api/") or path.startswith("/api/admin"):
            return None
        account: str | None = None
        for name, value in scope["headers"]:
            if name == b"authorization":
                account = self._account_of(value.decode("latin-1"))
        return self._faults.take(*ON_REQUESTS, account=account, path=path, method=scope["method"])

    async def _refuse_with_status(self, fault: Fault, send: Send) -> None:
        limited = fault.status == 429
        headers = {"content-type": "application/json"}
        if fault.retry_after is not None or limited:
            wait = math.ceil(fault.retry_after if fault.retry_after is not None else fault.seconds)
            headers["retry-after"] = str(wait)
            if limited:
                headers["x-ratelimit-limit"] = "1"
                headers["x-ratelimit-remaining"] = "0"
                headers["x-ratelimit-reset"] = str(math.ceil(self._now().timestamp()) + wait)
                headers["x-ratelimit-bucket"] = "writes"
        error = {"error": "rate_limited" if limited else "ordered", "message": "this answer was ordered"}
        await reply(send, fault.status, msgspec.json.encode(error), headers)


async def nowhere(message: Message) -> None:
    """Throw a message away."""


async def reply(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    """Send a whole answer."""
    encoded: list[tuple[bytes, bytes]] = [(name.encode(), value.encode()) for name, value in headers.items()]
    encoded.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


def cut(scope: Scope) -> None:
    """Cut the connection of a request."""
    connection = connection_of(scope)
    if connection is None:
        raise RuntimeError("faults that cut connections need the Stage's own server")
    connection.cut()
