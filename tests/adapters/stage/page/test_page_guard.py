"""The page talks to browsers on this machine that come from the page itself, and to nobody else."""

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Scope

from greenroom_adapters.stage.page import Guard


async def answer_to(
    method: str = "GET", *, hosts: tuple[str, ...] = (), **headers: str
) -> tuple[int, dict[str, str], bool]:
    """Send a request through the guard; return status, headers, and whether it got through."""
    reached: list[str] = []
    sent: list[Message] = []

    async def app(scope: Scope, receive: object, send: object) -> None:
        reached.append(scope["path"])
        await PlainTextResponse("in")(scope, receive, send)  # type: ignore[arg-type]  # handed on as they came

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope: Scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "headers": raw}
    assert Request(scope).method == method
    await Guard(app, hosts=hosts)(scope, receive, send)
    names = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], names, bool(reached)


@pytest.mark.asyncio
@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "[::1]"])
async def test_loopback_names_pass(host: str) -> None:
    assert (await answer_to(host=host))[0] == 200


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "[::2]", "", "[", "10.0.0.7"]
)
async def test_rebound_names_are_refused(host: str) -> None:
    assert (await answer_to(host=host))[::2] == (421, False)


@pytest.mark.asyncio
async def test_a_request_without_host_is_refused() -> None:
    assert (await answer_to())[::2] == (421, False)


@pytest.mark.asyncio
async def test_the_bound_host_passes_when_it_is_named_and_any_host_when_all_are() -> None:
    assert (await answer_to(host="10.0.0.7:80", hosts=("10.0.0.7",)))[0] == 200
    assert (await answer_to(host="stage.example", hosts=("*",)))[0] == 200


@pytest.mark.asyncio
@pytest.mark.parametrize("site", ["cross-site", "same-site", "nonsense"])
async def test_writes_from_other_sites_are_refused_and_reads_are_not(site: str) -> None:
    assert (await answer_to("POST", host="localhost", sec_fetch_site=site))[::2] == (403, False)
    assert (await answer_to("GET", host="localhost", sec_fetch_site=site))[0] == 200


@pytest.mark.asyncio
@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:81", "null", ""])
async def test_writes_of_another_origin_are_refused(origin: str) -> None:
    assert (await answer_to("POST", host="localhost:80", origin=origin))[::2] == (403, False)


@pytest.mark.asyncio
@pytest.mark.parametrize("site", ["same-origin", "none"])
async def test_writes_from_the_page_itself_pass(site: str) -> None:
    assert (await answer_to("POST", host="localhost:8", sec_fetch_site=site, origin="http://localhost:8"))[0] == 200


@pytest.mark.asyncio
async def test_answers_confine_the_page() -> None:
    _, headers, _ = await answer_to(host="localhost")
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
