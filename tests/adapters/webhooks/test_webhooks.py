"""The server for what platforms push: 200 is said only when it is on disk, and to whom it belongs."""

import asyncio
import contextlib
import http.client
import io
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.webhooks import LARGEST_BODY, Lent, Receiver, Reply, Webhooks, bounded, server


class Door:
    """A receiver that obeys the test."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.on_disk = asyncio.Event()
        self.takes = True

    def challenge(self, query: Mapping[str, str]) -> Reply | None:
        return Reply(body=f'"{query["token"]}"'.encode()) if "token" in query else None

    def is_genuine(self, headers: Mapping[str, str], body: bytes) -> bool:
        return headers.get("x-signature") == str(len(body))

    async def deliver(self, body: bytes) -> bool:
        self.heard.append(body)
        await self.on_disk.wait()
        return self.takes


async def call(port: int, path: str = "/door", *, body: bytes | None = b"{}", method: str = "POST") -> int:
    headers = {"X-Signature": str(len(body or b""))}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}{path}", data=body, headers=headers) as answer,
    ):
        return answer.status


@pytest.mark.asyncio
@pytest.mark.parametrize(("said", "slowly"), [(b"", b""), (b"POST /door HTTP/1.1\r\nX-Slow: ", b"a")])
async def test_who_does_not_say_what_he_wants_in_time_is_hung_up_on(
    monkeypatch: pytest.MonkeyPatch, said: bytes, slowly: bytes
) -> None:
    monkeypatch.setattr(bounded, "SILENCE", 0.3)
    async with Webhooks().mounted("0", "/door", Door()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        async with asyncio.timeout(20):
            with suppress(ConnectionError):
                while not reader.at_eof():
                    writer.write(slowly)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(reader.read(), 0.05)
        writer.close()


@pytest.mark.asyncio
async def test_who_connects_and_says_nothing_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST", 5)
    door = Door()
    door.on_disk.set()
    async with Webhooks().mounted("0", "/door", door) as port, AsyncExitStack() as stack:
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        for _, writer in silent:
            stack.callback(writer.close)
        assert await call(port) == 200
        with suppress(ConnectionError):
            assert await asyncio.wait_for(silent[0][0].read(), 20) == b"", "who has waited longest is gone"
        assert await call(port) == 200
        assert not silent[4][0].at_eof()


@pytest.mark.asyncio
async def test_a_connection_serves_one_request_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "MOST", 1)
    door = Door()
    door.on_disk.set()
    async with Webhooks().mounted("0", "/door", door) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(b"POST /door HTTP/1.1\r\nHost: a\r\nX-Signature: 2\r\nContent-Length: 2\r\n\r\n{}")
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
            assert answer.startswith(b"HTTP/1.1 200")
        writer.close()
    assert door.heard == [b"{}"] * 3


@pytest.mark.asyncio
async def test_a_call_is_answered_when_it_is_on_disk_and_not_before() -> None:
    door = Door()
    async with Webhooks().mounted("0", "/door", door) as port:
        calling = asyncio.create_task(call(port, body=b"news"))
        while not door.heard:
            await asyncio.sleep(0.01)
        assert not calling.done()
        door.on_disk.set()
        assert await calling == 200
    assert door.heard == [b"news"]


@pytest.mark.asyncio
async def test_what_does_not_get_on_disk_in_time_is_asked_for_again() -> None:
    door = Door()
    async with Webhooks(answer_within=timedelta(seconds=0.2)).mounted("0", "/door", door) as port:
        assert await call(port) == 503
        door.takes = False
        door.on_disk.set()
        assert await call(port) == 503


@pytest.mark.asyncio
async def test_a_call_that_is_not_signed_is_not_heard() -> None:
    door = Door()
    door.on_disk.set()
    async with (
        Webhooks().mounted("0", "/door", door) as port,
        aiohttp.ClientSession() as session,
        session.post(f"http://127.0.0.1:{port}/door", data=b"{}") as answer,
    ):
        assert answer.status == 401
    assert door.heard == []


@pytest.mark.parametrize(("over", "status"), [(0, 200), (1, 413)])
@pytest.mark.parametrize("is_told", [True, False])
@pytest.mark.asyncio
async def test_a_call_has_a_largest_size(over: int, status: int, is_told: bool) -> None:
    door = Door()
    door.on_disk.set()
    size = LARGEST_BODY + over

    async def content() -> AsyncIterator[bytes]:
        for _ in range(16):
            yield b"x" * (size // 16)
        yield b"x" * (size % 16)

    async with Webhooks().mounted("0", "/door", door) as port, aiohttp.ClientSession() as session:
        data = io.BytesIO(b"x" * size) if is_told else content()
        headers = {"X-Signature": str(size)}
        async with session.post(f"http://127.0.0.1:{port}/door", data=data, headers=headers) as answer:
            assert answer.status == status
    assert [len(body) for body in door.heard] == ([] if over else [size])


@pytest.mark.asyncio
async def test_who_calls_and_says_nothing_keeps_nobody_out_and_is_no_matter_for_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    door = Door()
    door.on_disk.set()
    async with Webhooks().mounted("0", "/door", door) as port, AsyncExitStack() as stack:
        for _ in range(220):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.push_async_callback(writer.wait_closed)
            stack.callback(writer.close)
            writer.write(b"POST /door HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
        assert await call(port, body=b"news") == 200
        await stack.aclose()
        assert await call(port, body=b"more") == 200
    assert door.heard == [b"news", b"more"]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.asyncio
async def test_what_nobody_has_signed_yet_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "UNKNOWN", 10)
    door = Door()
    door.on_disk.set()
    async with Webhooks().mounted("0", "/door", door) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /door HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n12345678")
        async with asyncio.timeout(20):
            while await call(port, body=b"news") != 503:
                await asyncio.sleep(0.01)
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(20):
            while await call(port, body=b"news") != 200:
                await asyncio.sleep(0.01)


@pytest.mark.asyncio
async def test_everything_else_is_answered_in_few_words() -> None:
    door = Door()
    async with Webhooks().mounted("0", "/door", door) as port:
        assert await call(port, "/other") == 404
        assert await call(port, "/door/") == 404
        assert await call(port, method="PUT") == 405
        assert await call(port, method="GET", body=None) == 405
        assert await call(port, "/door?token=7", method="GET", body=None) == 200


@pytest.mark.asyncio
async def test_accounts_share_an_address_each_with_its_own_path() -> None:
    webhooks, one, other = Webhooks(), Door(), Door()
    one.on_disk.set()
    other.on_disk.set()
    async with AsyncExitStack() as stack:
        port = await stack.enter_async_context(webhooks.mounted("127.0.0.1:0", "/one", one))
        async with webhooks.mounted("0", "/other", other) as same:
            assert same == port
            assert await call(port, "/one", body=b"1") == await call(port, "/other", body=b"22") == 200
            with pytest.raises(ConfigurationError, match="taken by another account"):
                await stack.enter_async_context(webhooks.mounted("0", "/one", other))
        assert await call(port, "/other") == 404
        assert await call(port, "/one") == 200
        with pytest.raises(ConfigurationError, match="nothing can listen on"):
            await stack.enter_async_context(Webhooks().mounted(str(port), "/x", other))
    assert (one.heard, other.heard) == ([b"1", b"{}"], [b"22"])
    with pytest.raises(aiohttp.ClientConnectionError):
        await call(port, "/one")


@pytest.mark.parametrize("listen", ["", "here", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536"])
@pytest.mark.asyncio
async def test_an_address_that_is_none_is_refused_with_an_example(listen: str) -> None:
    receiver: Receiver = Door()
    with pytest.raises(ConfigurationError, match="write HOST:PORT"):
        async with Webhooks().mounted(listen, "/door", receiver):
            pass


@pytest.mark.parametrize("turns", range(5))
@pytest.mark.asyncio
async def test_who_calls_in_the_last_moment_is_not_left_hanging(turns: int) -> None:
    async with Webhooks().mounted("0", "/door", Door()) as port:
        visitor = socket.create_connection(("127.0.0.1", port))
        visitor.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)
    with visitor:
        async with asyncio.timeout(10):
            try:
                heard = await asyncio.get_running_loop().sock_recv(visitor, 1)
            except ConnectionResetError:
                heard = b""
    assert heard == b""


async def fetched(port: int, path: str, method: str = "GET") -> tuple[int, str, bytes]:
    address = f"http://127.0.0.1:{port}{path}"
    async with aiohttp.ClientSession() as session, session.request(method, address) as answer:
        return answer.status, answer.content_type, await answer.read()


@pytest.mark.asyncio
async def test_a_file_is_lent_to_who_knows_its_path_until_the_last_takes_it_back(tmp_path: Path) -> None:
    picture = tmp_path / "lamp.jpg"
    picture.write_bytes(b"\xff\xd8 a lamp")
    webhooks, lent = Webhooks(), {"/shelf/4711.jpg": Lent(file=picture, media_type="image/jpeg")}
    async with webhooks.mounted("0", "/door", Door()) as port:
        async with webhooks.lending("0", lent), webhooks.lending("0", lent):
            pass
        async with webhooks.lending("0", lent):
            async with webhooks.lending("0", lent) as same:
                assert same == port, "one server for one address"
                assert await fetched(port, "/shelf/4711.jpg") == (200, "image/jpeg", b"\xff\xd8 a lamp")
                assert (await fetched(port, "/shelf/4711.jpg", "HEAD"))[0] == 200
                assert (await fetched(port, "/shelf/4712.jpg"))[0] == 404
                assert await call(port, "/shelf/4711.jpg") == 404
            assert (await fetched(port, "/shelf/4711.jpg"))[0] == 200
        assert (await fetched(port, "/shelf/4711.jpg"))[0] == 404


def fetched_in_turn(port: int, path: str, *asked: tuple[str, dict[str, str]]) -> list[bytes]:
    """Return what a client gets that asks over one connection and makes no other."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.connect()
    connection.auto_open = 0
    with contextlib.closing(connection):
        got: list[bytes] = []
        for method, headers in asked:
            connection.request(method, path, headers=headers)
            got.append(connection.getresponse().read())
        return got


@pytest.mark.asyncio
async def test_files_are_lent_in_turn_over_one_connection_whole_and_in_pieces(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    picture = tmp_path / "lamp.jpg"
    picture.write_bytes(b"a lamp" * 100_000)
    lent = {"/lamp.jpg": Lent(file=picture, media_type="image/jpeg")}
    asked: list[tuple[str, dict[str, str]]] = [("GET", {}), ("GET", {"Range": "bytes=2-5"}), ("HEAD", {}), ("GET", {})]
    async with Webhooks().lending("0", lent) as port:
        got = await asyncio.to_thread(fetched_in_turn, port, "/lamp.jpg", *asked)
    assert got == [b"a lamp" * 100_000, b"lamp", b"", b"a lamp" * 100_000]
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.asyncio
async def test_a_server_that_only_lent_is_closed_with_the_last_file(tmp_path: Path) -> None:
    picture = tmp_path / "lamp.jpg"
    picture.write_bytes(b"a lamp")
    lent = {"/lamp.jpg": Lent(file=picture, media_type="image/jpeg")}
    async with Webhooks().lending("0", lent) as port:
        assert (await fetched(port, "/lamp.jpg"))[0] == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await fetched(port, "/lamp.jpg")
