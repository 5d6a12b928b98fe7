"""A proxy between an adapter and a real server: plays on the wire what the server itself cannot be told to do."""

import asyncio
import io
import random
import re
from collections import deque
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
import yarl
from aiohttp import web
from typing_extensions import override

from greenroom_adapters.testing.orders import Book, Order
from greenroom_adapters.testing.own_loop import OwnLoop
from greenroom_adapters.testing.relaying import SocketRelay, Way
from greenroom_adapters.testing.serving import Serving, serving

__all__ = ["FaultyProxy", "Order", "Request"]

T = TypeVar("T")

HOP_BY_HOP = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding", "upgrade"})
BODY_CAP = 256 * 1024 * 1024
FOREVER = 3600.0
REMEMBERED = 1024 * 1024
FRAMES_REMEMBERED = 100_000
LOOKS_FOR_THE_CLIENT_SECONDS = 0.5
"""A stream in which nothing comes is looked at this often, whether anybody still listens to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request that came by."""

    method: str
    path: str
    """With its query, as it was sent."""
    body: bytes
    """Empty when it was larger than `REMEMBERED`."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    """Names compare without regard to case; a credential is among them."""


class FaultyProxy(OwnLoop):
    """A reverse proxy on loopback in front of one server, for plain HTTP and WebSockets.

    An answer of unknown length passes chunk by chunk, as it comes.

    A context manager. It runs in a thread and a loop of its own, so that none of its tasks is in the test's loop.
    """

    def __init__(self, target: str, *, chance: random.Random | None = None) -> None:
        """Take the server's address, without a slash at the end; nothing is opened yet. `chance` throws the dice for
        orders that are left to it."""
        super().__init__("proxy")
        self._target = target
        self._book = Book(chance or random.Random())  # noqa: S311 - a test's dice
        self._requests: list[Request] = []
        self._frames: deque[tuple[str, str]] = deque(maxlen=FRAMES_REMEMBERED)
        self._open: dict[int, web.Request] = {}
        self._muted: set[int] = set()
        self._relays: dict[int, SocketRelay] = {}
        self._late: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._stack = AsyncExitStack()
        self._served: Serving | None = None

    @property
    def url(self) -> str:
        """Where the proxy listens, without a slash at the end."""
        return f"http://127.0.0.1:{self._served.port if self._served is not None else 0}"

    @property
    def open_connections(self) -> int:
        """How many connections of adapters are open now."""
        return self._served.open_connections if self._served is not None else 0

    @property
    def orders(self) -> tuple[Order, ...]:
        """The orders that are left."""
        return self._book.left()

    def requests(self) -> list[Request]:
        """Return every request that has come by, in order; the handshakes of WebSockets among them."""
        return list(self._requests)

    def frames(self, path: str = "") -> list[str]:
        """Return the text frames that adapters have sent through WebSockets whose path contains this regular
        expression, in order; the last `FRAMES_REMEMBERED` of them."""
        return [frame for where, frame in list(self._frames) if re.search(path, where)]

    def order(self, order: Order) -> None:
        """Order a fault."""
        self._book.give(order)

    def obeyed(self, order: Order) -> int:
        """Return to how many requests or frames this very order has happened."""
        return self._book.obeyed(order)

    def cut(self, path: str) -> int:
        """Cut every open request whose path contains this regular expression; return how many there were."""
        return self._run(self._cut(path))

    def mute(self, path: str, way: Way = "both") -> None:
        """Keep every open request whose path contains this regular expression open, and never answer it. Of a WebSocket
        nothing is passed on any more `way`, pings and pongs as little as the rest."""
        self._run(self._mute(path, way))

    @override
    async def _start(self) -> None:
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            # Kept connections would lose requests to servers that close them without a word.
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None),
        )
        app = web.Application(client_max_size=BODY_CAP)
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._served = await self._stack.enter_async_context(serving(app))

    @override
    async def _stop(self) -> None:
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        for request in self._open.values():
            _abort(request)
        await self._stack.aclose()
        if self._session is not None:
            await self._session.close()
        # connections whose clients have vanished end by themselves only later than this loop
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _cut(self, path: str) -> int:
        found = [request for request in self._open.values() if re.search(path, request.raw_path)]
        for request in found:
            _abort(request)
        return len(found)

    async def _mute(self, path: str, way: Way) -> None:
        for number, request in self._open.items():
            if not re.search(path, request.raw_path):
                continue
            if number in self._relays:
                self._relays[number].mute(way)
            else:
                self._muted.add(number)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        raw = request.raw_path
        body = await request.read()
        kept = body if len(body) <= REMEMBERED else b""
        self._requests.append(Request(method=request.method, path=raw, body=kept, headers=request.headers.copy()))
        number = len(self._requests)
        taken = self._book.take(request.method, raw)
        order = None if taken is None else taken.order
        self._open[number] = request
        try:
            if request.headers.get("Upgrade", "").lower() == "websocket":
                return await self._open_socket(order, request, number)
            answer = await self._obey(order, request, body, number)
            if number in self._muted:
                await asyncio.sleep(FOREVER)
            return answer
        finally:
            del self._open[number]
            self._muted.discard(number)

    async def _open_socket(self, order: Order | None, request: web.Request, number: int) -> web.StreamResponse:
        match order:
            case None:
                pass
            case Order(kind="delay"):
                await asyncio.sleep(order.seconds)
            case Order(kind="refuse" | "answer" | "silence"):
                return await self._obey(order, request, b"", number)
            case _:
                raise ValueError(f"no such order for a handshake: {order.kind}")
        path = request.raw_path
        relay = SocketRelay(
            request,
            self._book,
            connect=lambda: self._connect(request),
            remember=lambda frame: self._frames.append((path, frame)),
            later=self._do_later,
        )
        self._relays[number] = relay
        try:
            return await relay.run()
        except aiohttp.WSServerHandshakeError as refused:
            return web.Response(status=refused.status)
        except (aiohttp.ClientError, OSError):
            return _abort(request)
        finally:
            del self._relays[number]

    async def _connect(self, request: web.Request) -> aiohttp.ClientWebSocketResponse:
        headers = {name: value for name, value in _end_to_end(request.headers).items() if not _is_of_handshake(name)}
        spoken = request.headers.get("Sec-WebSocket-Protocol", "")
        return await self._opened().ws_connect(
            self._where(request),
            headers=headers,
            protocols=tuple(protocol.strip() for protocol in spoken.split(",") if protocol.strip()),
            autoclose=False,
            autoping=False,
            max_msg_size=0,
        )

    async def _obey(self, order: Order | None, request: web.Request, body: bytes, number: int) -> web.StreamResponse:
        match order:
            case None:
                return await self._pass_on(request, body, stream=number)
            case Order(kind="lose"):
                await self._pass_on(request, body)
                return _abort(request)
            case Order(kind="refuse"):
                return _abort(request)
            case Order(kind="late"):
                self._do_later(self._pass_on_later(request, body, order.seconds))
                return _abort(request)
            case Order(kind="delay"):
                answer = await self._pass_on(request, body)
                await asyncio.sleep(order.seconds)
                return answer
            case Order(kind="garble"):
                await self._pass_on(request, body)
                return web.Response(body=b'{"nonsense', content_type="application/json")
            case Order(kind="answer"):
                return web.Response(status=order.status, headers=order.headers, body=order.body)
            case Order(kind="silence"):
                await asyncio.sleep(FOREVER)
                return _abort(request)
            case Order(kind="swallow"):
                await self._pass_on(request, body)
                await asyncio.sleep(FOREVER)
                return _abort(request)
            case _:
                raise ValueError(f"no such order: {order.kind}")

    async def _pass_on(self, request: web.Request, body: bytes, *, stream: int | None = None) -> web.StreamResponse:
        """Pass a request on and return its answer; one of unknown length is passed back while it comes when `stream`,
        the request's number, is given."""
        headers = _end_to_end(request.headers)
        # aiohttp warns of bytes that are so many, and takes them as a file
        data = body if len(body) <= REMEMBERED else io.BytesIO(body)
        try:
            async with self._opened().request(
                request.method, self._where(request), data=data, headers=headers, allow_redirects=False
            ) as answer:
                kept = _end_to_end(answer.headers)
                if stream is not None and answer.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    return await self._stream(request, answer, kept, stream)
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
        except (aiohttp.ClientError, ConnectionError):
            return _abort(request)

    async def _stream(
        self, request: web.Request, answer: aiohttp.ClientResponse, headers: dict[str, str], number: int
    ) -> web.StreamResponse:
        back = web.StreamResponse(status=answer.status, headers=headers)
        await self._unless_muted(number)
        await back.prepare(request)
        while not answer.content.at_eof():
            try:
                async with asyncio.timeout(LOOKS_FOR_THE_CLIENT_SECONDS):
                    chunk = await answer.content.readany()
            except TimeoutError:
                if request.transport is None or request.transport.is_closing():
                    break
                continue
            await self._unless_muted(number)
            await back.write(chunk)
        return back

    async def _unless_muted(self, number: int) -> None:
        if number in self._muted:
            await asyncio.sleep(FOREVER)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("enter the proxy before using it")
        return self._session

    def _where(self, request: web.Request) -> yarl.URL:
        return yarl.URL(self._target + request.raw_path, encoded=True)

    def _do_later(self, work: Coroutine[Any, Any, None]) -> None:
        late = asyncio.create_task(work)
        self._late.add(late)
        late.add_done_callback(self._late.discard)

    async def _pass_on_later(self, request: web.Request, body: bytes, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._pass_on(request, body)


def _end_to_end(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}


def _is_of_handshake(name: str) -> bool:
    return name.lower().startswith("sec-websocket-")


def _abort(request: web.Request) -> web.Response:
    """Cut the connection of a request; what is answered reaches nobody."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
