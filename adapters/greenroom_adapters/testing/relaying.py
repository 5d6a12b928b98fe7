"""One WebSocket that passes through a proxy, frame by frame, both ways."""

import asyncio
import re
import socket
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Literal

import aiohttp
from aiohttp import web

from greenroom_adapters.testing.orders import Book, Order

__all__ = ["SocketRelay", "Way"]

Way = Literal["both", "there", "back"]
"""`there`: from the adapter to the server; `back`: from the server to the adapter."""

NONSENSE = '{"nonsense'
LATE_ANSWER_SECONDS = 5.0
HEARTBEAT = (aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG)
SAID = frozenset({aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.PING, aiohttp.WSMsgType.PONG})
"""What comes while a socket is open; all else is its end."""

Socket = aiohttp.ClientWebSocketResponse | web.WebSocketResponse


class SocketRelay:
    """Between one WebSocket of an adapter and the one that is opened for it at the server.

    Pings and pongs pass like everything else: the proxy answers none itself, so a side that is muted looks dead.
    """

    def __init__(
        self,
        request: web.Request,
        book: Book,
        *,
        connect: Callable[[], Coroutine[Any, Any, aiohttp.ClientWebSocketResponse]],
        remember: Callable[[str], None],
        later: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """`connect` opens a socket at the server; `remember` keeps what the adapter says; `later` runs what shall
        outlive the adapter's connection."""
        self._request = request
        self._book = book
        self._connect = connect
        self._remember = remember
        self._later = later
        self._muted: set[str] = set()
        self._awaited: list[Order] = []
        self._held: list[aiohttp.WSMessage] | None = None
        """What follows an answer that comes late, pings and pongs apart."""

    def mute(self, way: Way) -> None:
        """Pass nothing on any more this way, and keep the connection open."""
        self._muted |= {"there", "back"} if way == "both" else {way}

    async def run(self) -> web.WebSocketResponse:
        """Relay until one side ends, and then end the other in the same manner."""
        server = await self._connect()
        # Compression is agreed upon with neither side: frames are read here.
        adapter = web.WebSocketResponse(
            protocols=(server.protocol,) if server.protocol else (),
            autoclose=False,
            autoping=False,
            compress=False,
            max_msg_size=0,
        )
        await adapter.prepare(self._request)
        ways = [
            asyncio.create_task(self._there(adapter, server), name="proxy:there"),
            asyncio.create_task(self._back(server, adapter), name="proxy:back"),
        ]
        try:
            ended, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ended:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            if not server.closed:
                # whoever was cut off has not said goodbye
                _hang_up(server)
                await server.close()
        return adapter

    async def _there(self, adapter: web.WebSocketResponse, server: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            message = await adapter.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                self._remember(message.data)
                if "there" in self._muted or not await self._obey(message.data, adapter):
                    continue
            elif "there" in self._muted:
                if message.type in SAID:
                    continue
                return
            if not await _pass_on(message, server):
                return

    async def _obey(self, frame: str, adapter: web.WebSocketResponse) -> bool:
        """Do to a frame what is ordered; say whether it is passed on."""
        taken = self._book.take(self._request.method, self._request.raw_path, frame)
        if taken is None:
            return True
        match taken.order.kind:
            case "lose" | "delay" | "garble" | "swallow":
                self._awaited.append(taken.order)
                return True
            case "refuse":
                self._abort()
            case "late":
                self._abort()
                self._later(self._pass_on_later(frame, taken.order.seconds))
            case "answer":
                await adapter.send_str(taken.answer)
            case "silence":
                pass
            case _:
                raise ValueError(f"no such order for a frame: {taken.order.kind}")
        return False

    async def _back(self, server: aiohttp.ClientWebSocketResponse, adapter: web.WebSocketResponse) -> None:
        while True:
            message = await server.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                order = self._answered(message.data)
                match order.kind if order is not None else None:
                    case "lose":
                        self._abort()
                        return
                    case "swallow":
                        continue
                    case "garble":
                        await adapter.send_str(NONSENSE)
                        continue
                    case "delay" if order is not None and self._held is None:
                        self._held = []
                        self._later(self._release(adapter, order.seconds))
                    case _:
                        pass
            if "back" in self._muted:
                if message.type not in SAID:
                    await asyncio.Event().wait()  # it is gone, and nobody is told
                continue
            if self._held is not None and message.type not in HEARTBEAT:
                self._held.append(message)
            elif not await _pass_on(message, adapter):
                return

    async def _release(self, adapter: web.WebSocketResponse, seconds: float) -> None:
        """Pass on what was held back, in its order."""
        await asyncio.sleep(seconds)
        while self._held:
            await _pass_on(self._held.pop(0), adapter)
        self._held = None

    def _answered(self, frame: str) -> Order | None:
        """Return the order to whose frame this is the answer."""
        for number, order in enumerate(self._awaited):
            if re.search(order.until, frame):
                return self._awaited.pop(number)
        return None

    async def _pass_on_later(self, frame: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        server = await self._connect()
        try:
            await server.send_str(frame)
            await server.receive(timeout=LATE_ANSWER_SECONDS)
        finally:
            await server.close()

    def _abort(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()


def _hang_up(server: aiohttp.ClientWebSocketResponse) -> None:
    """End the connection to the server as a broken line does, without a word of the protocol."""
    line = server.get_extra_info("socket")
    if line is not None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


async def _pass_on(message: aiohttp.WSMessage, target: Socket) -> bool:
    """Pass one message on; say whether the connection goes on."""
    try:
        match message.type:
            case aiohttp.WSMsgType.TEXT:
                await target.send_str(message.data)
            case aiohttp.WSMsgType.BINARY:
                await target.send_bytes(message.data)
            case aiohttp.WSMsgType.PING:
                await target.ping(message.data)
            case aiohttp.WSMsgType.PONG:
                await target.pong(message.data)
            case aiohttp.WSMsgType.CLOSE:
                await target.close(code=message.data or aiohttp.WSCloseCode.OK, message=(message.extra or "").encode())
                return False
            case _:
                return False
    except (aiohttp.ClientError, OSError, RuntimeError):  # the other side ended first
        return False
    return True
