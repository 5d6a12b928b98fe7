"""A stream comes back by itself, notices a peer that is silent, and leaves nothing behind."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from datetime import timedelta
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web

from greenroom_adapters.contract import AuthenticationFailed, Secret
from greenroom_adapters.testing.serving import serving
from greenroom_adapters.transport import Closed, Http, Opened, Pace, frames

QUICK = Pace(fast=(timedelta(0),) * 3, slow=timedelta(seconds=0.01))
Peer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Callable[[Peer], Awaitable[str]]]:
    async with AsyncExitStack() as peers:

        async def start(peer: Peer) -> str:
            app = web.Application()
            app.router.add_get("/stream", peer)
            served = await peers.enter_async_context(serving(app))
            return f"http://127.0.0.1:{served.port}"

        yield start


def http_to(url: str) -> Http:
    return Http(url, platform="somewhere", account="ada", secrets=(Secret("sesame"),))


async def collect(http: Http, count: int, **options: Any) -> list[Any]:
    seen: list[Any] = []
    async with asyncio.timeout(10), aclosing(frames(http, "/stream", pace=QUICK, **options)) as stream:
        async for frame in stream:
            seen.append(frame)
            if len(seen) == count:
                break
    return seen


@pytest.mark.asyncio
async def test_frames_arrive_and_a_closed_stream_opens_again_where_it_ended(
    serve: Callable[[Peer], Awaitable[str]],
) -> None:
    asked: list[str] = []

    async def peer(request: web.Request) -> web.StreamResponse:
        asked.append(request.query["after"])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(f"text {len(asked)}")
        await socket.send_bytes(b"bytes")
        await socket.close(code=1001)
        return socket

    places = iter("abc")
    async with http_to(await serve(peer)) as http:
        seen = await collect(http, 6, query=lambda: {"after": next(places)})
    closed = Closed(reason="closed with code 1001", wait=timedelta(0))
    assert seen == [Opened(), "text 1", b"bytes", closed, Opened(), "text 2"]
    assert asked == ["a", "b"]


@pytest.mark.asyncio
async def test_a_peer_that_is_not_there_is_tried_again_and_again() -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with http_to("http://127.0.0.1:9") as http:
        seen = await collect(http, 5, sleep=sleep, rng=random.Random(1))  # noqa: S311 - jitter, not a secret
    assert all(isinstance(frame, Closed) for frame in seen)
    assert waits[:3] == [0, 0, 0]
    assert 0.005 <= waits[3] <= 0.015


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.asyncio
async def test_a_peer_that_does_not_let_us_in_ends_the_stream(
    status: int, serve: Callable[[Peer], Awaitable[str]]
) -> None:
    async def peer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status)

    async with http_to(await serve(peer)) as http:
        http.authorize(Secret("sesame"))
        with pytest.raises(AuthenticationFailed) as caught:
            await collect(http, 1)
    assert caught.value.__cause__ is None
    assert "sesame" not in repr(caught.value)


@pytest.mark.asyncio
async def test_one_refusal_of_the_credentials_ends_no_stream(serve: Callable[[Peer], Awaitable[str]]) -> None:
    asked: list[str] = []

    async def peer(request: web.Request) -> web.StreamResponse:
        asked.append(request.headers["Authorization"])
        if len(asked) == 1:
            return web.Response(status=401)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("let in")
        return socket

    async with http_to(await serve(peer)) as http:
        http.authorize(Secret("sesame"))
        assert await collect(http, 2) == [Opened(), "let in"]
    assert asked == ["Bearer sesame"] * 2


@pytest.mark.asyncio
async def test_a_server_that_fails_is_tried_again(serve: Callable[[Peer], Awaitable[str]]) -> None:
    async def peer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=502)

    async with http_to(await serve(peer)) as http:
        seen = await collect(http, 2)
    assert [type(frame) for frame in seen] == [Closed, Closed]


@pytest.mark.asyncio
async def test_a_peer_that_asks_us_to_wait_is_given_the_time_that_it_asks_for(
    serve: Callable[[Peer], Awaitable[str]],
) -> None:
    answers = iter([{"Retry-After": "7"}, {}])
    waits: list[float] = []

    async def peer(request: web.Request) -> web.StreamResponse:
        headers = next(answers, None)
        if headers is not None:
            return web.Response(status=429, headers=headers)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        return socket

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with http_to(await serve(peer)) as http:
        seen = await collect(http, 3, sleep=sleep)
    assert isinstance(seen[0], Closed)
    assert seen[0].wait == timedelta(seconds=7)
    assert waits == [7.0, 60.0]
    assert seen[2] == Opened()


@pytest.mark.asyncio
async def test_a_peer_that_answers_no_ping_is_given_up(serve: Callable[[Peer], Awaitable[str]]) -> None:
    async def peer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        await asyncio.sleep(5)
        return socket

    async with http_to(await serve(peer)) as http:
        seen = await collect(http, 3, heartbeat=timedelta(seconds=0.2))
    assert [type(frame) for frame in seen] == [Opened, Closed, Opened]


@pytest.mark.asyncio
async def test_a_frame_that_is_too_large_closes_the_stream_and_no_more(
    serve: Callable[[Peer], Awaitable[str]],
) -> None:
    async def peer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str("x" * 5000)
        await asyncio.sleep(5)
        return socket

    async with http_to(await serve(peer)) as http:
        seen = await collect(http, 3, message_cap=1000)
    assert [type(frame) for frame in seen] == [Opened, Closed, Opened]


def test_waits_are_short_first_and_then_long_with_jitter() -> None:
    rng = random.Random(7)  # noqa: S311 - jitter, not a secret
    pace = Pace()
    waits = [pace.wait(failures, rng) for failures in range(1, 20)]
    assert tuple(waits[: len(pace.fast)]) == pace.fast
    assert all(pace.slow * 0.5 <= wait <= pace.slow * 1.5 for wait in waits[len(pace.fast) :])
    assert len(set(waits[len(pace.fast) :])) > 5


@pytest.mark.parametrize("depth", [900, 990, 50_000])
@pytest.mark.asyncio
async def test_a_frame_that_is_nested_without_an_end_can_be_read(
    depth: int, serve: Callable[[Peer], Awaitable[str]]
) -> None:
    frame = '{"said": "ä", "deep": ' + "[" * depth + "]" * depth + ', "then": 1}'

    async def peer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(frame)
        await socket.send_bytes(frame.encode())
        return socket

    async with http_to(await serve(peer)) as http:
        _, as_text, as_bytes = await collect(http, 3)
    assert isinstance(as_text, str)
    assert isinstance(as_bytes, bytes)

    def read(text: str | bytes, deeper: int) -> Any:
        """Read it from far down the stack, where depth is scarce."""
        return read(text, deeper - 1) if deeper else msgspec.json.decode(text)

    for text in (as_text, as_bytes):
        found = read(text, 500)
        assert (found["said"], found["then"]) == ("ä", 1)


@pytest.mark.asyncio
async def test_a_peer_that_pings_and_says_nothing_is_given_up_where_that_is_wanted(
    serve: Callable[[Peer], Awaitable[str]],
) -> None:
    async def peer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=0.1)
        await socket.prepare(request)
        for _ in range(3):
            await asyncio.sleep(0.2)
            await socket.send_str("here")
        async for _ in socket:
            pass
        return socket

    async with http_to(await serve(peer)) as http:
        seen = await collect(http, 6, silence=timedelta(seconds=0.5), heartbeat=timedelta(seconds=0.1))
    silent = Closed(reason="it fell silent", wait=timedelta(0))
    assert seen == [Opened(), "here", "here", "here", silent, Opened()]
