"""Server-sent events come back by themselves, are given up in silence, and leave nothing behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from greenroom_adapters.contract import AuthenticationFailed, Secret
from greenroom_adapters.testing.serving import serving
from greenroom_adapters.transport import Closed, Http, Message, Opened, Pace, messages

QUICK = Pace(fast=(timedelta(0),) * 3, slow=timedelta(seconds=0.01))
Peer = Callable[[web.Request, web.StreamResponse], Awaitable[None]]


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Callable[[Peer], Awaitable[str]]]:
    async with AsyncExitStack() as peers:

        async def start(peer: Peer) -> str:
            async def stream(request: web.Request) -> web.StreamResponse:
                assert request.headers["Accept"] == "text/event-stream"
                answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
                await answer.prepare(request)
                await peer(request, answer)
                return answer

            app = web.Application()
            app.router.add_get("/stream", stream)
            served = await peers.enter_async_context(serving(app))
            return f"http://127.0.0.1:{served.port}"

        yield start


async def collect(url: str, count: int, *, path: str = "/stream", **options: Any) -> list[Any]:
    seen: list[Any] = []
    async with Http(url, platform="somewhere", account="ada", secrets=(Secret("sesame"),)) as http:
        http.authorize(Secret("sesame"))
        async with asyncio.timeout(10), aclosing(messages(http, path, pace=QUICK, **options)) as stream:
            async for one in stream:
                seen.append(one)
                if len(seen) == count:
                    break
    return seen


@pytest.mark.asyncio
async def test_events_are_put_together_from_whatever_pieces_they_come_in(
    serve: Callable[[Peer], Awaitable[str]],
) -> None:
    sent = ':)\nevent: update\ndata: {"a":1}\n\n:thump\r\ndata: one\r\ndata: two \u00e9\r\n\r\nid: 7\n\nevent: odd\n\n'

    async def peer(request: web.Request, answer: web.StreamResponse) -> None:
        for byte in sent.encode():
            await answer.write(bytes([byte]))

    opened, update, two, closed = await collect(await serve(peer), 4)
    assert isinstance(opened, Opened)
    assert update == Message(event="update", data='{"a":1}')
    assert two == Message(event="message", data="one\ntwo \u00e9")
    assert isinstance(closed, Closed), "what has no data is no event"


@pytest.mark.asyncio
async def test_a_stream_that_ends_is_opened_again(serve: Callable[[Peer], Awaitable[str]]) -> None:
    async def peer(request: web.Request, answer: web.StreamResponse) -> None:
        await answer.write(b"data: x\n\n")

    seen = await collect(await serve(peer), 6)
    assert [type(one) for one in seen] == [Opened, Message, Closed] * 2


@pytest.mark.asyncio
async def test_a_comment_keeps_a_stream_and_silence_ends_it(serve: Callable[[Peer], Awaitable[str]]) -> None:
    opened: list[float] = []

    async def peer(request: web.Request, answer: web.StreamResponse) -> None:
        opened.append(asyncio.get_running_loop().time())
        for _ in range(5):
            await asyncio.sleep(0.15)
            await answer.write(b":thump\n")
        await asyncio.sleep(10)

    seen = await collect(await serve(peer), 3, silence=timedelta(seconds=0.4))
    assert [type(one) for one in seen] == [Opened, Closed, Opened]
    assert opened[1] - opened[0] > 1.0


@pytest.mark.parametrize("sent", [b"data: " + b"x" * 5000, b"data: x\n" * 5000])
@pytest.mark.asyncio
async def test_an_event_without_end_is_given_up(serve: Callable[[Peer], Awaitable[str]], sent: bytes) -> None:
    async def peer(request: web.Request, answer: web.StreamResponse) -> None:
        await answer.write(sent)
        await asyncio.sleep(10)

    _, closed = await collect(await serve(peer), 2, message_cap=1000)
    assert isinstance(closed, Closed)
    assert "larger than 1000" in closed.reason


@pytest.mark.asyncio
async def test_who_is_not_let_in_is_told(serve: Callable[[Peer], Awaitable[str]]) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=401)

    app = web.Application()
    app.router.add_get("/stream", refuse)
    async with serving(app) as served:
        with pytest.raises(AuthenticationFailed) as caught:
            await collect(f"http://127.0.0.1:{served.port}", 1)
    assert "sesame" not in str(caught.value)


@pytest.mark.asyncio
async def test_a_stream_that_is_asked_to_wait_waits() -> None:
    answers = iter([{"Retry-After": "7"}, {}])
    waits: list[float] = []

    async def stream(request: web.Request) -> web.StreamResponse:
        headers = next(answers, None)
        if headers is not None:
            return web.Response(status=429, headers=headers)
        return web.Response(body=b"data: let in\n\n", content_type="text/event-stream")

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    app = web.Application()
    app.router.add_get("/stream", stream)
    async with serving(app) as served:
        seen = await collect(f"http://127.0.0.1:{served.port}", 3, sleep=sleep)
    assert isinstance(seen[0], Closed)
    assert seen[0].wait == timedelta(seconds=7)
    assert waits == [7.0, 60.0]
    assert seen[2] == Opened()


@pytest.mark.asyncio
async def test_one_refusal_of_the_credentials_ends_no_stream() -> None:
    asked: list[str] = []

    async def stream(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers["Authorization"])
        if len(asked) == 1:
            return web.Response(status=401)
        return web.Response(body=b"data: let in\n\n", content_type="text/event-stream")

    app = web.Application()
    app.router.add_get("/stream", stream)
    async with serving(app) as served:
        _, said = await collect(f"http://127.0.0.1:{served.port}", 2)
    assert isinstance(said, Message)
    assert said.data == "let in"
    assert asked == ["Bearer sesame"] * 2


@pytest.mark.asyncio
async def test_a_stream_that_is_not_there_is_tried_again() -> None:
    seen = await collect("http://127.0.0.1:9", 3)
    assert [type(one) for one in seen] == [Closed] * 3
