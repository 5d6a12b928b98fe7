"""The Stage's live stream: what came after a cursor, then what comes, one event a text frame."""

import asyncio
import math

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from greenroom_adapters.stage import wire
from greenroom_adapters.stage.api import bearer, cursor_of
from greenroom_adapters.stage.connections import connection_of
from greenroom_adapters.stage.faults import FaultKind, Faults
from greenroom_adapters.stage.objects import Account, Notification, Refused
from greenroom_adapters.stage.state import StageState

__all__ = ["Streams"]

GOING_AWAY = 1001
NOT_ALLOWED = 1008
BATCH = 100
LONGEST_HOLD = 1.0


class Streams:
    """Serves every stream of one Stage. Pings are the connection's affair (`StreamConnection`)."""

    def __init__(self, state: StageState, *, shapes: wire.Wire, faults: Faults | None) -> None:
        self._state = state
        self._shapes = shapes
        self._faults = faults

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one stream until its peer, its token or the Stage goes."""
        try:
            token = bearer(websocket.headers.get("authorization"))
            account = self._state.account_of_token(token)
            after = cursor_of(websocket.query_params.get("after"))
        except Refused as refused:
            await websocket.send_denial_response(wire.refusal_answer(refused))
            return
        if after is None:
            _, after = self._state.events_after(account.id, after=None)
        await websocket.accept()
        # The peer says nothing that matters, but its frames must be read: its answers to pings stand behind them.
        peer = asyncio.create_task(until_gone(websocket))
        stream = asyncio.create_task(
            Stream(self._state, self._shapes, self._faults, websocket, account, token).run(after)
        )
        try:
            await asyncio.wait({peer, stream}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            peer.cancel()
            stream.cancel()
            results = await asyncio.gather(peer, stream, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                raise result


class Stream:
    """One stream of one account."""

    def __init__(
        self,
        state: StageState,
        shapes: wire.Wire,
        faults: Faults | None,
        websocket: WebSocket,
        account: Account,
        token: str,
    ) -> None:
        self._state = state
        self._shapes = shapes
        self._faults = faults
        self._websocket = websocket
        self._account = account
        self._token = token
        self._held: Notification | None = None

    async def run(self, after: int) -> None:
        """Send everything after the cursor, then wait for more; return when the stream ends from this side."""
        with self._state.waker(self._account.id) as waker:
            while True:
                waker.clear()
                if not await self._goes_on():
                    return
                events, cursor = self._state.events_after(self._account.id, after=after, limit=BATCH)
                for event in events:
                    await self._deliver(event)
                if cursor == after:
                    await self._wait(waker)
                after = cursor

    async def _goes_on(self) -> bool:
        if self._state.stopping:
            await self._websocket.close(GOING_AWAY, "the Stage stops")
            return False
        try:
            self._state.account_of_token(self._token)
        except Refused:
            await self._websocket.close(NOT_ALLOWED, "unauthorized")
            return False
        return not await self._disturbed()

    async def _disturbed(self) -> bool:
        """Play the faults of streams; True: the stream is cut."""
        connection = connection_of(self._websocket.scope)
        if self._faults is None or connection is None:
            return False
        handle = self._account.handle
        if self._faults.take(FaultKind.DROP_STREAM, account=handle) is not None:
            connection.cut()
            return True
        silence = self._faults.take(FaultKind.SILENT_STREAM, account=handle)
        if silence is not None:
            connection.hush(True)
            await asyncio.sleep(silence.seconds if math.isfinite(silence.seconds) else 10**6)
            connection.hush(False)
        return False

    async def _deliver(self, event: Notification) -> None:
        if self._faults is None:
            await self._send(event)
            return
        handle = self._account.handle
        if self._held is None and self._faults.take(FaultKind.REORDER, account=handle) is not None:
            self._held = event
            return
        await self._send(event)
        if self._faults.take(FaultKind.REDELIVER, account=handle) is not None:
            await self._send(event)
        await self._send_held()

    async def _wait(self, waker: asyncio.Event) -> None:
        if self._held is None:
            await waker.wait()
            return
        try:
            async with asyncio.timeout(LONGEST_HOLD):
                await waker.wait()
        except TimeoutError:
            await self._send_held()

    async def _send_held(self) -> None:
        held, self._held = self._held, None
        if held is not None:
            await self._send(held)

    async def _send(self, event: Notification) -> None:
        await self._websocket.send_text(msgspec.json.encode(self._shapes.event(event)).decode())


async def until_gone(websocket: WebSocket) -> None:
    """Read and drop what the peer says; return when it is gone."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
