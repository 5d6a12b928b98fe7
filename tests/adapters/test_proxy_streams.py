"""The proxy passes WebSockets and streamed bodies on as they come, and does to a frame what it is told, once."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from greenroom_adapters.testing import FaultyProxy, Order
from greenroom_adapters.testing.serving import serving

FRAME = "^say "


class Server:
    """Says every frame back, in capitals, and streams a body of two chunks, the second one when it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.sockets: list[web.WebSocketResponse] = []
        self.second = asyncio.Event()
        self.is_left = asyncio.Event()
        self.url = ""

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        """Talk."""
        socket = web.WebSocketResponse(protocols=("parrot",))
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                await socket.send_bytes(message.data[::-1])
                continue
            self.heard.append(message.data)
            if message.data == "bye":
                await socket.close(code=4001, message=b"gone")
            else:
                await socket.send_str(message.data.upper())
        return socket

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Stream."""
        answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await answer.prepare(request)
        try:
            await answer.write(b"data: one\n\n")
            await self.second.wait()
            await answer.write(b"data: two\n\n")
        finally:
            self.is_left.set()
        return answer


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_get("/socket", server.socket)
    app.router.add_get("/stream", server.stream)
    async with serving(app, handler_cancellation=True) as served:
        server.url = f"http://127.0.0.1:{served.port}"
        yield server


@pytest.fixture
def proxy(server: Server) -> Iterator[FaultyProxy]:
    running = FaultyProxy(server.url)
    with running:
        yield running


@pytest_asyncio.fixture
async def session(proxy: FaultyProxy) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(base_url=proxy.url) as opened:
        yield opened


@pytest_asyncio.fixture
async def socket(session: aiohttp.ClientSession) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with session.ws_connect("/socket?as=me", protocols=("parrot",)) as opened:
        yield opened


async def heard(socket: aiohttp.ClientWebSocketResponse, *, within: float = 2.0) -> str:
    """Return the next text frame."""
    async with asyncio.timeout(within):
        return await socket.receive_str()


def order(kind: str, **details: object) -> Order:
    """Return an order for the next frame that says something."""
    return Order(kind=kind, method="GET", path="^/socket", frame=FRAME, **details)  # type: ignore[arg-type]  # as named


async def until(server: Server, words: str) -> None:
    """Wait until the server has heard it."""
    async with asyncio.timeout(5):
        while words not in server.heard:
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_frames_of_all_sorts_pass_both_ways(
    server: Server, proxy: FaultyProxy, socket: aiohttp.ClientWebSocketResponse
) -> None:
    assert socket.protocol == "parrot"
    await socket.send_str("say ä")
    assert await heard(socket) == "SAY Ä"
    await socket.send_bytes(b"\x00\x01")
    assert await socket.receive_bytes() == b"\x01\x00"
    await server.sockets[0].send_str("unasked")
    assert await heard(socket) == "unasked"
    assert proxy.frames("as=me") == ["say ä"]
    assert [(seen.method, seen.path) for seen in proxy.requests()] == [("GET", "/socket?as=me")]


@pytest.mark.asyncio
async def test_the_end_of_one_side_ends_the_other_in_the_same_manner(
    server: Server, proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    socket = await session.ws_connect("/socket")
    await socket.send_str("bye")
    ended = await socket.receive(timeout=20)
    assert (ended.type, ended.data, ended.extra) == (aiohttp.WSMsgType.CLOSE, 4001, "gone")
    await socket.close()

    socket = await session.ws_connect("/socket")
    await socket.close(code=4002)
    async with asyncio.timeout(20):
        while not server.sockets[1].closed:
            await asyncio.sleep(0.01)
    assert server.sockets[1].close_code == 4002


@pytest.mark.asyncio
async def test_a_frame_is_taken_and_the_connection_cut_before_its_answer(
    server: Server, proxy: FaultyProxy, socket: aiohttp.ClientWebSocketResponse
) -> None:
    proxy.order(order("lose", until="^SAY"))
    await socket.send_str("other words")
    assert await heard(socket) == "OTHER WORDS"
    await socket.send_str("say it")
    await socket.send_str("other words")
    assert (await socket.receive(timeout=20)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    assert "say it" in server.heard
    assert proxy.orders == ()


@pytest.mark.asyncio
async def test_a_frame_is_cut_off(server: Server, proxy: FaultyProxy, socket: aiohttp.ClientWebSocketResponse) -> None:
    proxy.order(order("refuse"))
    await socket.send_str("say it")
    assert (await socket.receive(timeout=20)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    await asyncio.sleep(0.1)
    assert server.heard == []


@pytest.mark.asyncio
async def test_a_frame_is_cut_off_and_taken_late(
    server: Server, proxy: FaultyProxy, socket: aiohttp.ClientWebSocketResponse
) -> None:
    proxy.order(order("late", seconds=0.3))
    await socket.send_str("say it")
    assert (await socket.receive(timeout=20)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    assert server.heard == []
    await until(server, "say it")


@pytest.mark.asyncio
async def test_an_answer_comes_late_garbled_or_never(
    server: Server, proxy: FaultyProxy, socket: aiohttp.ClientWebSocketResponse
) -> None:
    proxy.order(order("delay", seconds=0.3))
    await socket.send_str("say it late")
    with pytest.raises(TimeoutError):
        await heard(socket, within=0.1)
    assert await heard(socket) == "SAY IT LATE"
    proxy.order(order("garble"))
    await socket.send_str("say it")
    assert await heard(socket) == '{"nonsense'
    proxy.order(order("swallow"))
    await socket.send_str("say it twice")
    await until(server, "say it twice")
    proxy.order(order("silence"))
    await socket.send_str("say nothing")
    await socket.send_str("say it again")
    assert await heard(socket) == "SAY IT AGAIN"
    assert "say nothing" not in server.heard


@pytest.mark.asyncio
async def test_an_answer_to_a_frame_may_repeat_words_of_it(
    server: Server, proxy: FaultyProxy, socket: aiohttp.ClientWebSocketResponse
) -> None:
    told = Order(kind="answer", method="GET", path="^/socket", frame=r"^say (\w+)", body=rb'no "\1"', count=2)
    proxy.order(told)
    await socket.send_str("say this")
    await socket.send_str("say that")
    assert [await heard(socket), await heard(socket)] == ['no "this"', 'no "that"']
    assert proxy.obeyed(told) == 2
    assert server.heard == []


@pytest.mark.parametrize(("way", "arrives"), [("both", False), ("there", False), ("back", True)])
@pytest.mark.asyncio
async def test_an_open_socket_goes_silent_in_either_direction(
    way: str, arrives: bool, server: Server, proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect("/socket", heartbeat=0.4) as socket:
        await asyncio.to_thread(proxy.mute, "^/socket", way)  # type: ignore[arg-type]  # one of its three
        await socket.send_str("say it")
        if arrives:
            await until(server, "say it")
        ended = await socket.receive(timeout=5)  # its ping was answered by nobody
        assert ended.type in (aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSED)
        assert ("say it" in server.heard) is arrives


@pytest.mark.asyncio
async def test_a_living_socket_answers_pings(
    server: Server, proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    async with session.ws_connect("/socket", heartbeat=0.2) as socket:
        with pytest.raises(TimeoutError):
            await heard(socket, within=0.8)
        await socket.send_str("say it")
        assert await heard(socket) == "SAY IT"


@pytest.mark.asyncio
async def test_an_open_socket_is_cut(proxy: FaultyProxy, socket: aiohttp.ClientWebSocketResponse) -> None:
    assert await asyncio.to_thread(proxy.cut, "^/socket") == 1
    assert (await socket.receive(timeout=20)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    async with asyncio.timeout(20):
        while proxy.open_connections:
            await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_a_handshake_is_refused_answered_or_put_off(
    server: Server, proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    proxy.order(Order(kind="refuse", method="GET", path="^/socket", count=2))  # the client tries a handshake twice
    with pytest.raises(aiohttp.ClientError):
        await session.ws_connect("/socket")
    proxy.order(Order(kind="answer", method="GET", path="^/socket", status=503))
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await session.ws_connect("/socket")
    with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
        await session.ws_connect("/no/such/place")
    proxy.order(Order(kind="delay", method="GET", path="^/socket", seconds=0.2))
    before = asyncio.get_running_loop().time()
    async with session.ws_connect("/socket"):
        assert asyncio.get_running_loop().time() - before >= 0.2
    assert len(server.sockets) == 1


@pytest.mark.asyncio
async def test_a_streamed_body_passes_chunk_by_chunk(
    server: Server, proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    async with session.get("/stream") as answer:
        assert answer.content_type == "text/event-stream"
        async with asyncio.timeout(20):
            assert await answer.content.readany() == b"data: one\n\n"
        server.second.set()
        assert await answer.read() == b"data: two\n\n"


@pytest.mark.asyncio
async def test_a_streamed_body_is_muted_or_cut_in_the_middle(
    server: Server, proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    async with session.get("/stream") as muted, session.get("/stream") as cut:
        for answer in (muted, cut):
            assert await answer.content.readany() == b"data: one\n\n"
        await asyncio.to_thread(proxy.mute, "^/stream")
        server.second.set()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await muted.content.readany()
        assert await asyncio.to_thread(proxy.cut, "^/stream") == 2
        with pytest.raises(aiohttp.ClientError):
            await muted.content.read()
        with pytest.raises(aiohttp.ClientError):
            await cut.content.read()


@pytest.mark.asyncio
async def test_a_stream_that_nobody_listens_to_any_more_is_ended(
    server: Server, proxy: FaultyProxy, session: aiohttp.ClientSession
) -> None:
    async with session.get("/stream") as answer:
        assert await answer.content.readany() == b"data: one\n\n"
        answer.close()
    async with asyncio.timeout(5):
        await server.is_left.wait()
