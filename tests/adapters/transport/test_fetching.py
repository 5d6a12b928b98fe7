"""What somebody attached is fetched within a size, with nothing sent along, and never from within the house."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import web

from greenroom_adapters.contract import AdapterError, MediaRefused, RemoteMedia, Secret, TargetGone
from greenroom_adapters.transport import Http, fetch


@pytest_asyncio.fixture
async def server() -> AsyncIterator[tuple[str, list[web.Request]]]:
    """A server on this machine with a file of 1,000 bytes: its address, and what it was asked."""
    asked: list[web.Request] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request)
        if request.path == "/nested":
            return web.Response(status=404, body=b"[" * 32_000_000)
        if request.path == "/elsewhere":
            return web.Response(status=302, headers={"Location": "/file"})
        return web.Response(body=b"x" * 1_000)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()


def way(server: str) -> Http:
    made = Http(server, platform="stage", account="home")
    made.authorize(Secret("a-token-that-stays-here"))
    return made


def at(url: str) -> RemoteMedia:
    return RemoteMedia(url=url, media_type="image/png")


@pytest.mark.asyncio
async def test_the_own_server_is_asked_without_a_token(server: tuple[str, list[web.Request]]) -> None:
    url, asked = server
    assert await fetch(at(f"{url}/media/1?size=large"), beside=way(f"{url}/api"), most=1_000) == b"x" * 1_000
    assert asked[0].path_qs == "/media/1?size=large"
    assert "Authorization" not in asked[0].headers


@pytest.mark.asyncio
async def test_a_token_is_shown_to_the_own_server_alone(server: tuple[str, list[web.Request]]) -> None:
    url, asked = server
    token = Secret("where-the-server-wants-one")
    await fetch(at(f"{url}/file"), beside=way(url), most=1_000, token=token)
    assert asked[0].headers["Authorization"] == "Bearer where-the-server-wants-one"
    other = url.replace("127.0.0.1", "localhost")
    with pytest.raises(AdapterError):
        await fetch(at(f"{other}/file"), beside=way(url), most=1_000, token=token)
    assert len(asked) == 1


@pytest.mark.asyncio
async def test_what_is_larger_than_wanted_is_not_read(server: tuple[str, list[web.Request]]) -> None:
    url, _ = server
    with pytest.raises(AdapterError):
        await fetch(at(f"{url}/file"), beside=way(url), most=999)


@pytest.mark.asyncio
async def test_a_refusal_that_is_nested_deep_holds_nobody_up(server: tuple[str, list[web.Request]]) -> None:
    url, _ = server
    begun = time.process_time()
    with pytest.raises(TargetGone):
        await fetch(at(f"{url}/nested"), beside=way(url), most=32_000_000)
    assert time.process_time() - begun < 30


@pytest.mark.asyncio
async def test_nobody_is_sent_elsewhere(server: tuple[str, list[web.Request]]) -> None:
    url, asked = server
    with pytest.raises(AdapterError):
        await fetch(at(f"{url}/elsewhere"), beside=way(url), most=1_000)
    assert [request.path for request in asked] == ["/elsewhere"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])  # noqa: S104 - nothing binds
@pytest.mark.asyncio
async def test_another_address_of_this_house_is_not_asked(server: tuple[str, list[web.Request]], host: str) -> None:
    url, asked = server
    port = url.rpartition(":")[2]
    with pytest.raises(AdapterError):
        await fetch(at(f"http://{host}:{port}/file"), beside=way("https://social.example"), most=1_000)
    assert asked == []


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://files.example/a",
        "mxc://a/b",
        "http://",
        "http://u:p@files.example/a",
        "http://a:x/",
        "http://xn--/",
        "http://ex\\ample/",
        "http://\ud800/",
    ],
)
@pytest.mark.asyncio
async def test_what_is_no_address_of_the_web_is_refused(url: str) -> None:
    with pytest.raises(MediaRefused, match="no address of the web"):
        await fetch(at(url), beside=way("https://social.example"), most=1_000)
