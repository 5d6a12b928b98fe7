"""What only the keeper of a Stage does: order faults, hand out tokens, set the limiter and the clock."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from greenroom_adapters.stage import wire
from greenroom_adapters.stage.door import ELSEWHERE
from greenroom_adapters.stage.faults import Faults
from greenroom_adapters.stage.limiter import Limiter, Writes
from greenroom_adapters.stage.objects import Refusal, Refused
from greenroom_adapters.stage.state import StageState

__all__ = ["Admin"]

WORDS = (
    "only who is on the Stage's own machine is its keeper; where it runs in a container, say it in there, or let the "
    "container share its host's network"
)
Endpoint = Callable[[Request], Awaitable[Response]]


class Admin:
    """Needs no token: who may call it is who may use this machine, and nobody from elsewhere."""

    def __init__(
        self, state: StageState, *, limiter: Limiter, faults: Faults | None, new_id: Callable[[], str]
    ) -> None:
        self._state = state
        self._limiter = limiter
        self._faults = faults
        self._new_id = new_id

    def routes(self) -> list[Route]:
        """Return what this Stage offers its keeper, to be mounted below `/api/admin`; nothing for an ordinary one."""
        routes: list[Route] = []
        if self._faults is not None or self._state.options.closed:
            routes += [
                Route("/tokens", self._hand_out, methods=["POST"]),
                Route("/revoke", self._revoke, methods=["POST"]),
            ]
        if self._faults is not None:
            orders = Orders(self._faults, self._new_id)
            routes += [
                Route("/limit", self._limit, methods=["POST"]),
                Route("/limit", self._refused, methods=["GET"]),
                Route("/clock", self._set_clock, methods=["POST"]),
                Route("/faults", orders.add, methods=["POST"]),
                Route("/faults", orders.show, methods=["GET"]),
                Route("/faults", orders.clear, methods=["DELETE"]),
            ]
        return [Route(one.path, here(one.endpoint), methods=one.methods) for one in routes]

    async def _hand_out(self, request: Request) -> Response:
        body = await wire.read(request, wire.HandleBody)
        account = self._state.ensure_account(body.handle)
        return wire.json_answer({"token": self._state.issue_token(account.id)})

    async def _revoke(self, request: Request) -> Response:
        body = await wire.read(request, wire.HandleBody)
        self._state.revoke_tokens(self._state.account(body.handle).id)
        return Response(status_code=204)

    async def _limit(self, request: Request) -> Response:
        body = await wire.read(request, wire.LimitBody)
        self._limiter.set(Writes(number=body.writes, per=timedelta(seconds=body.seconds)))
        return Response(status_code=204)

    async def _refused(self, request: Request) -> Response:
        return wire.json_answer({"refused": self._limiter.refused})

    async def _set_clock(self, request: Request) -> Response:
        body = await wire.read(request, wire.ClockBody)
        self._state.ahead = timedelta(seconds=body.ahead)
        return Response(status_code=204)


def here(endpoint: Endpoint) -> Endpoint:
    """Return an endpoint that refuses who comes from another machine."""

    async def guarded(request: Request) -> Response:
        if ELSEWHERE in request.scope:
            raise Refused(Refusal.FORBIDDEN, WORDS)
        return await endpoint(request)

    return guarded


class Orders:
    """The faults that are ordered."""

    def __init__(self, faults: Faults, new_id: Callable[[], str]) -> None:
        self._faults = faults
        self._new_id = new_id

    async def add(self, request: Request) -> Response:
        """Order one."""
        fault = (await wire.read(request, wire.FaultBody)).fault(self._new_id())
        self._faults.order(fault)
        return wire.json_answer({"id": fault.id})

    async def show(self, request: Request) -> Response:
        """List what is left."""
        return wire.json_answer({"faults": [wire.fault(fault) for fault in self._faults.ordered]})

    async def clear(self, request: Request) -> Response:
        """Forget all."""
        self._faults.clear()
        return Response(status_code=204)
