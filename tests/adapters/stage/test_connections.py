"""Connections to a Stage on which nothing is said end, and keep nobody out."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import aiohttp
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from greenroom_adapters.stage.connections import HTTPConnection, StreamConnection

GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10000\r\n"
PATIENCE = 20


Endpoint = Callable[[Request], Awaitable[PlainTextResponse]]


async def answer(request: Request) -> PlainTextResponse:
    """Say how much was sent."""
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def ticks(socket: WebSocket) -> None:
    """Say something ten times a second, for ever."""
    await socket.accept()
    while True:
        await socket.send_text("tick")
        await asyncio.sleep(0.1)


@asynccontextmanager
async def serving(endpoint: Endpoint = answer) -> AsyncGenerator[int, None]:
    """Serve while the block runs; yield the port."""
    app = Starlette(routes=[Route("/", endpoint, methods=["GET", "POST"]), WebSocketRoute("/ticks", ticks)])
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        http=HTTPConnection,
        ws=StreamConnection,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield int(listener.getsockname()[1])
    finally:
        server.should_exit = True
        await task


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes = GET) -> bool:
    writer.write(request)
    head = await asyncio.wait_for(reader.readuntil(b"bytes"), PATIENCE)
    return head.startswith(b"HTTP/1.1 200")


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("said", "slowly"),
    [
        (b"", b""),
        (b"", b"GET /slowly"),
        (GET, b"GET /slowly"),
        (POST + b"\r\nthe beginning", b""),
    ],
    ids=["nothing", "a slow head", "a slow head after a request", "a body that stops"],
)
async def test_who_does_not_say_what_he_wants_in_time_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch, said: bytes, slowly: bytes
) -> None:
    monkeypatch.setattr(HTTPConnection, "within", 0.3)
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        async with asyncio.timeout(PATIENCE):
            with suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(slowly[:1])
                    slowly = slowly[1:] + slowly[:1]
                    with suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(), 0.05)
        writer.close()


@pytest.mark.asyncio
async def test_who_connects_and_says_nothing_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HTTPConnection, "most", 5)
    async with serving() as port:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        ours = await asyncio.open_connection("127.0.0.1", port)
        assert await answered(*ours)
        with suppress(ConnectionError):
            assert await asyncio.wait_for(silent[0][0].read(), PATIENCE) == b"", "who has waited longest is gone"
        assert await answered(*ours), "the connection goes on"
        assert not silent[4][0].at_eof()
        for _, writer in (*silent, ours):
            writer.close()


@pytest.mark.asyncio
async def test_a_stream_lives_on_after_the_time_for_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HTTPConnection, "within", 0.3)
    async with (
        serving() as port,
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{port}/ticks") as stream,
    ):
        for _ in range(8):
            assert await stream.receive_str(timeout=PATIENCE) == "tick"


@pytest.mark.asyncio
async def test_a_body_may_take_long_as_long_as_more_of_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = asyncio.Queue[bytes]()

    async def listen(request: Request) -> PlainTextResponse:
        async for piece in request.stream():
            await heard.put(piece)
        return PlainTextResponse("all bytes")

    monkeypatch.setattr(HTTPConnection, "within", 1.0)
    async with serving(listen) as port, asyncio.timeout(PATIENCE):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"\r\n1")
        assert await heard.get() == b"1"
        begun = asyncio.get_running_loop().time()
        monkeypatch.setattr(HTTPConnection, "within", PATIENCE)
        writer.write(b"2")
        assert await heard.get() == b"2"
        # when the time of the first piece is over
        await asyncio.sleep(begun + 1.1 - asyncio.get_running_loop().time())
        assert await answered(reader, writer, b"3" * 9998)
        writer.close()
