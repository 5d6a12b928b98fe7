"""Every failure of a request becomes the error that says whether something may have gone out."""

import asyncio
import gc
import gzip
import socket
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import msgspec
import pytest

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    ConfigurationError,
    Duplicate,
    Forbidden,
    MediaRefused,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
    Secret,
    TargetGone,
    Unavailable,
)
from greenroom_adapters.transport import Answer, AnswerTooLarge, Effect, Http, fitting

StartServer = Callable[..., Awaitable[Any]]
SOON = timedelta(seconds=0.3)
USED_UP = {"X_RateLimit_Limit": "1", "X_RateLimit_Remaining": "0"}


def http_to(url: str, **options: Any) -> Http:
    return Http(url, platform="somewhere", account="ada", **options)


async def error_of(http: Http, effect: Effect, method: str = "POST", **options: Any) -> AdapterError:
    with pytest.raises(AdapterError) as caught:
        await http.call(method, "/api/posts", effect=effect, json={"text": "hi"}, deadline=SOON, **options)
    assert (caught.value.platform, caught.value.account) == ("somewhere", "ada")
    return caught.value


@pytest.mark.asyncio
async def test_json_goes_there_and_comes_back(start_server: StartServer, behaviours: Any) -> None:
    server = await start_server(behaviours.answering(200, b'{"id": "7"}', X_Found="yes"))
    async with http_to(server.url + "/base/") as http:
        http.authorize(Secret("sesame"))
        answer = await http.call(
            "POST", "/api/posts", effect=Effect.ONCE, json={"text": "hé"}, query={"a": "b c"}, headers={"Key": "k"}
        )
    (request,) = server.seen
    assert request.line == "POST /base/api/posts?a=b+c"
    assert msgspec.json.decode(request.body) == {"text": "hé"}
    assert (request.headers["authorization"], request.headers["key"]) == ("Bearer sesame", "k")
    assert request.headers["content-type"] == "application/json"
    assert (answer.status, answer.body, answer.headers["x-found"]) == (200, b'{"id": "7"}', "yes")


@pytest.mark.asyncio
async def test_an_answer_is_kept_by_whoever_asked_alone(start_server: StartServer, behaviours: Any) -> None:
    server = await start_server(behaviours.answering(200, b"large"))
    async with http_to(server.url) as http:
        answer = await http.call("GET", "/", effect=Effect.REPEATABLE)
        holders = gc.get_referrers(answer)
        assert not any(isinstance(one, tuple | dict) for one in holders)


# Before anything was sent ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.asyncio
async def test_nobody_listening_is_unavailable(effect: Effect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    async with http_to(f"http://127.0.0.1:{port}") as http:
        assert type(await error_of(http, effect)) is Unavailable


@pytest.mark.asyncio
async def test_a_name_that_nobody_has_is_unavailable() -> None:
    async with http_to("http://nowhere.invalid") as http:
        with pytest.raises(Unavailable):
            await http.call("POST", "/", effect=Effect.ONCE, json={}, deadline=timedelta(seconds=5))


@pytest.mark.asyncio
async def test_a_server_that_speaks_no_tls_is_unavailable(start_server: StartServer, behaviours: Any) -> None:
    server = await start_server(behaviours.answering(200))
    async with http_to(server.url.replace("http:", "https:")) as http:
        assert type(await error_of(http, Effect.ONCE)) is Unavailable
    assert server.seen == []


@pytest.mark.asyncio
async def test_waiting_too_long_for_a_free_connection_is_unavailable(
    start_server: StartServer, behaviours: Any
) -> None:
    server = await start_server(behaviours.stalling)
    async with http_to(server.url, connections=1) as http:
        first = asyncio.create_task(http.call("POST", "/", effect=Effect.ONCE))
        await server.asked.wait()
        assert type(await error_of(http, Effect.ONCE)) is Unavailable
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
    assert len(server.seen) == 1


@pytest.mark.asyncio
async def test_a_connection_that_nobody_accepts_is_unavailable() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        address = server.getsockname()
        # A backlog of nothing is filled by these; later connections wait for ever.
        fillers = [socket.socket() for _ in range(8)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        async with http_to(f"http://127.0.0.1:{address[1]}") as http:
            error = await error_of(http, Effect.ONCE)
        for filler in fillers:
            filler.close()
    assert type(error) is Unavailable


# After it was sent -------------------------------------------------------------------------------------------------

LOST: dict[str, Callable[[Any], Any]] = {
    "cut": lambda b: b.cutting,
    "no answer in time": lambda b: b.stalling,
    "half a head": lambda b: b.saying(b"HTTP/1.1 200 O"),
    "half a body": lambda b: b.saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
    "half a chunk": lambda b: b.saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"),
    "not HTTP": lambda b: b.saying(b"\x00\x01\x02 hello\r\n\r\n"),
    "a length that is none": lambda b: b.saying(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"),
    "broken compression": lambda b: b.answering(200, b"nonsense", Content_Encoding="gzip"),
    "too large": lambda b: b.answering(200, b"x" * 2000),
    "too large when unpacked": lambda b: b.answering(200, gzip.compress(b"x" * 100_000), Content_Encoding="gzip"),
    "a redirect": lambda b: b.answering(302, Location="/elsewhere"),
    "500": lambda b: b.answering(500),
    "503": lambda b: b.answering(503, Retry_After="3"),
}


@pytest.mark.parametrize("behaviour", LOST)
@pytest.mark.asyncio
async def test_a_lost_answer_is_unknown_for_what_shows_and_unavailable_for_what_may_be_repeated(
    behaviour: str, start_server: StartServer, behaviours: Any
) -> None:
    server = await start_server(LOST[behaviour](behaviours))
    async with http_to(server.url, body_cap=1000) as http:
        assert type(await error_of(http, Effect.ONCE)) is OutcomeUnknown
        expected = AnswerTooLarge if behaviour.startswith("too large") else Unavailable
        assert type(await error_of(http, Effect.REPEATABLE)) is expected


@pytest.mark.asyncio
async def test_of_a_list_whose_page_is_too_large_fewer_entries_are_asked_for(
    start_server: StartServer, behaviours: Any
) -> None:
    async def pages(request: Any, writer: asyncio.StreamWriter) -> None:
        limit = int(request.line.partition("limit=")[2])
        await behaviours.answering(200, b"x" * (100 * limit))(request, writer)

    server = await start_server(pages)

    async def size(http: Http) -> tuple[int, int]:
        async def fetch(limit: int) -> int:
            answer = await http.call("GET", "/list", effect=Effect.REPEATABLE, query={"limit": str(limit)})
            return len(answer.body)

        return await fitting(fetch, 80)

    async with http_to(server.url, body_cap=1050) as http:
        assert await size(http) == (1000, 10)
    async with http_to(server.url, body_cap=99) as http:
        with pytest.raises(AnswerTooLarge) as caught:
            await size(http)
        assert caught.value.beginning == b"x" * 100


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.asyncio
async def test_a_write_is_sent_once_even_when_a_kept_connection_breaks(
    method: str, start_server: StartServer, behaviours: Any
) -> None:
    server = await start_server(behaviours.answering(200), behaviours.cutting, behaviours.answering(200))
    async with http_to(server.url) as http:
        await http.call("GET", "/", effect=Effect.REPEATABLE)
        assert isinstance(await error_of(http, Effect.ONCE, method), OutcomeUnknown)
    assert len(server.seen) == 2


@pytest.mark.asyncio
async def test_an_answer_that_says_something_else_is_judged_by_the_effect(
    start_server: StartServer, behaviours: Any
) -> None:
    server = await start_server(behaviours.answering(200, b"<html>"))
    decoder = msgspec.json.Decoder(dict[str, str])
    async with http_to(server.url) as http:
        for effect, kind in ((Effect.ONCE, OutcomeUnknown), (Effect.REPEATABLE, Unavailable)):
            answer = await http.call("POST", "/", effect=effect)
            with pytest.raises(kind):
                http.decode(answer, decoder)


@pytest.mark.asyncio
async def test_a_call_that_is_cancelled_gives_its_connection_back(start_server: StartServer, behaviours: Any) -> None:
    server = await start_server(behaviours.stalling, behaviours.answering(200))
    async with http_to(server.url, connections=1) as http:
        call = asyncio.create_task(http.call("POST", "/", effect=Effect.ONCE, json={}))
        await server.asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await http.call("POST", "/", effect=Effect.ONCE, json={})


# What the platform said --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", Effect)
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, PostRejected),
        (401, AuthenticationFailed),
        (403, Forbidden),
        (404, TargetGone),
        (405, PostRejected),
        (408, Unavailable),
        (410, TargetGone),
        (415, MediaRefused),
        (422, PostRejected),
        (425, Unavailable),
        (429, RateLimited),
    ],
)
@pytest.mark.asyncio
async def test_a_refusal_is_certain(
    effect: Effect, status: int, kind: type[AdapterError], start_server: StartServer, behaviours: Any
) -> None:
    server = await start_server(behaviours.answering(status, b"because"))
    async with http_to(server.url) as http:
        assert type(await error_of(http, effect)) is kind


@pytest.mark.asyncio
async def test_a_platform_names_its_refusals_itself(start_server: StartServer, behaviours: Any) -> None:
    def refusal(answer: Answer) -> tuple[type[PostRejected], str] | None:
        return (Duplicate, "said\nbefore\x1b[31m") if answer.body == b"dup" else None

    server = await start_server(behaviours.answering(403, b"dup"), behaviours.answering(403, b"else"))
    async with http_to(server.url, refusal=refusal) as http:
        error = await error_of(http, Effect.ONCE)
        assert type(error) is Duplicate
        assert str(error).endswith("said before [31m")
        assert type(await error_of(http, Effect.ONCE)) is Forbidden


@pytest.mark.parametrize("depth", [950, 50_000])
@pytest.mark.asyncio
async def test_a_refusal_that_is_nested_without_an_end_is_read(
    start_server: StartServer, behaviours: Any, depth: int
) -> None:
    def refusal(answer: Answer) -> tuple[type[PostRejected], str] | None:
        return Duplicate, str(msgspec.json.decode(answer.body)["said"])

    body = b'{"about": ' + b"[" * depth + b"]" * depth + b', "said": "twice"}'
    server = await start_server(behaviours.answering(403, body))
    async with http_to(server.url, refusal=refusal) as http:
        error = await error_of(http, Effect.ONCE)
    assert type(error) is Duplicate
    assert str(error).endswith("twice")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "0.5"}, 0.5),
        ({"Retry_After": "Tue, 24 Nov 2026 08:00:30 GMT", "Date": "Tue, 24 Nov 2026 08:00:00 GMT"}, 30),
        ({**USED_UP, "X_RateLimit_Reset": "90"}, 90),
        ({**USED_UP, "X_RateLimit_Reset": "1795507230", "Date": "Tue, 24 Nov 2026 08:00:00 GMT"}, 30),
        ({**USED_UP, "X_RateLimit_Reset": "90", "Date": "Tue, 24 Nov 2026 08:00:00 GMT"}, 90),
        ({**USED_UP, "X_RateLimit_Reset": "9999-12-31T23:59:59Z"}, 31 * 86_400),
        ({}, 60),
        ({"Retry_After": "soon"}, 60),
    ],
)
@pytest.mark.asyncio
async def test_being_asked_to_wait_says_how_long(
    headers: dict[str, str], seconds: float, start_server: StartServer, behaviours: Any
) -> None:
    server = await start_server(behaviours.answering(429, **headers))
    async with http_to(server.url) as http:
        error = await error_of(http, Effect.ONCE)
    assert isinstance(error, RateLimited)
    assert error.retry_after.total_seconds() == pytest.approx(seconds, abs=1)


@pytest.mark.parametrize(("headers", "seconds"), [({}, 3), ({"Retry_After": "7"}, 7), ({"Retry_After": "soon"}, 3)])
@pytest.mark.asyncio
async def test_a_platform_may_say_in_its_own_way_how_long_to_wait_where_no_header_does(
    headers: dict[str, str], seconds: float, start_server: StartServer, behaviours: Any
) -> None:
    server = await start_server(behaviours.answering(429, b"3", **headers))
    async with http_to(server.url, wait=lambda answer: timedelta(seconds=int(answer.body))) as http:
        error = await error_of(http, Effect.ONCE)
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=seconds)


@pytest.mark.asyncio
async def test_a_platform_may_ask_to_wait_with_another_status(start_server: StartServer, behaviours: Any) -> None:
    server = await start_server(behaviours.answering(400, b"3"))
    seconds = lambda answer: timedelta(seconds=int(answer.body))  # noqa: E731 - it is said in one line
    async with http_to(server.url, refusal=lambda _: (RateLimited, "too fast"), wait=seconds) as http:
        error = await error_of(http, Effect.ONCE)
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=3)
    assert "too fast" in str(error)


@pytest.mark.parametrize("kind", [AuthenticationFailed, Unavailable])
@pytest.mark.asyncio
async def test_a_platform_may_say_that_a_refusal_is_about_the_account_or_about_now(
    kind: type[AdapterError], start_server: StartServer, behaviours: Any
) -> None:
    server = await start_server(behaviours.answering(403, b"x"))
    async with http_to(server.url, refusal=lambda _: (kind, "words")) as http:
        assert type(await error_of(http, Effect.ONCE)) is kind


@pytest.mark.asyncio
async def test_credentials_that_are_refused_are_so_in_the_platforms_words_whatever_kind_it_names(
    start_server: StartServer, behaviours: Any
) -> None:
    class Expired(AuthenticationFailed):
        """A kind of it."""

    server = await start_server(*[behaviours.answering(401, b"x")] * 2)
    for named, raised in ((Expired, Expired), (Forbidden, AuthenticationFailed)):
        async with http_to(server.url, refusal=lambda _, kind=named: (kind, "your token has run out")) as http:
            error = await error_of(http, Effect.ONCE)
        assert type(error) is raised
        assert str(error).endswith("your token has run out")


@pytest.mark.parametrize("effect", [Effect.REPEATABLE, Effect.KEYED])
@pytest.mark.asyncio
async def test_one_refusal_of_the_credentials_is_not_believed_and_a_second_one_is(
    effect: Effect, start_server: StartServer, behaviours: Any
) -> None:
    refusal, welcome = behaviours.answering(401, b"x"), behaviours.answering(200, b'{"id": "7"}')
    server = await start_server(refusal, welcome, refusal, refusal, welcome)
    async with http_to(server.url) as http:
        http.authorize(Secret("sesame"))
        answer = await http.call("POST", "/api/posts", effect=effect, json={"text": "hi"}, headers={"Key": "k"})
        assert answer.status == 200
        first, second = server.seen
        assert first == second
        with pytest.raises(AuthenticationFailed):
            await http.call("POST", "/api/posts", effect=effect, json={"text": "hi"})
    assert len(server.seen) == 4


@pytest.mark.asyncio
async def test_a_form_is_whole_also_when_it_is_sent_a_second_time(start_server: StartServer, behaviours: Any) -> None:
    def form() -> aiohttp.FormData:
        return aiohttp.FormData({"lamp": "lit"})

    server = await start_server(behaviours.answering(401, b"x"), behaviours.answering(200))
    async with http_to(server.url) as http:
        http.authorize(Secret("sesame"))
        await http.call("POST", "/upload", effect=Effect.REPEATABLE, form=form)
    assert [request.body for request in server.seen] == [b"lamp=lit"] * 2


@pytest.mark.asyncio
async def test_what_no_key_protects_is_not_sent_again_whoever_refuses_the_credentials(
    start_server: StartServer, behaviours: Any
) -> None:
    server = await start_server(behaviours.answering(401, b"x"), behaviours.answering(200))
    async with http_to(server.url) as http:
        http.authorize(Secret("sesame"))
        with pytest.raises(AuthenticationFailed):
            await http.call("POST", "/api/posts", effect=Effect.ONCE, json={"text": "hi"})
    assert len(server.seen) == 1


@pytest.mark.parametrize(("proof", "kind"), [(200, Unavailable), (401, AuthenticationFailed)])
@pytest.mark.asyncio
async def test_where_the_platform_knows_the_account_all_the_same_it_may_be_tried_later(
    proof: int, kind: type[AdapterError], start_server: StartServer, behaviours: Any
) -> None:
    server = await start_server(behaviours.answering(401, b"x"), behaviours.answering(proof, b"x"))
    async with http_to(server.url, proof="/me") as http:
        http.authorize(Secret("sesame"))
        with pytest.raises(kind) as caught:
            await http.call("POST", "/api/posts", effect=Effect.ONCE, json={"text": "hi"})
    assert type(caught.value) is kind
    assert [request.line for request in server.seen] == ["POST /api/posts", "GET /me"]


@pytest.mark.asyncio
async def test_a_refusal_that_the_platform_explains_is_believed_at_once_and_so_is_one_of_other_credentials(
    start_server: StartServer, behaviours: Any
) -> None:
    class Expired(AuthenticationFailed):
        """Whoever asks renews them."""

    server = await start_server(*[behaviours.answering(401, b"x")] * 2)
    for options, headers in (({"refusal": lambda _: (Expired, "run out")}, {}), ({}, {"Authorization": "own"})):
        async with http_to(server.url, **options) as http:
            http.authorize(Secret("sesame"))
            with pytest.raises(AuthenticationFailed):
                await http.call("GET", "/me", effect=Effect.REPEATABLE, headers=headers)
    assert len(server.seen) == 2


@pytest.mark.asyncio
async def test_a_file_goes_there_as_it_is(start_server: StartServer, behaviours: Any) -> None:
    server = await start_server(behaviours.answering(200))
    async with http_to(server.url) as http:
        sent = b"\x00\xff{not json"
        headers = {"Content-Type": "image/png"}
        await http.call("POST", "/upload", effect=Effect.REPEATABLE, content=sent, headers=headers)
    (request,) = server.seen
    assert (request.body, request.headers["content-type"]) == (sent, "image/png")


# Secrets, beginning and end ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("behaviour", [*LOST, "refused"])
@pytest.mark.asyncio
async def test_no_failure_shows_the_token(behaviour: str, start_server: StartServer, behaviours: Any) -> None:
    token = "12345:AAF/secret token"  # noqa: S105 - a made-up one
    quoted = "12345%3AAAF%2Fsecret%20token"
    echo = behaviours.answering(400, f"you sent {token}".encode())
    server = await start_server(LOST[behaviour](behaviours) if behaviour in LOST else echo)
    async with http_to(server.url, body_cap=1000, secrets=(Secret(token),)) as http:
        http.authorize(Secret(token))
        with pytest.raises(AdapterError) as caught:
            await http.call("POST", f"/bot{quoted}/send", effect=Effect.ONCE, json={}, deadline=SOON)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert token not in shown
    assert quoted not in shown
    assert "***" in str(caught.value)


@pytest.mark.parametrize("before", ["x" * 190, " " * 390, " " * 790])
@pytest.mark.asyncio
async def test_no_part_of_a_token_is_shown_where_what_the_server_says_is_cut_off(
    before: str, start_server: StartServer, behaviours: Any
) -> None:
    token = "12345:AAF-secret-token"  # noqa: S105 - a made-up one
    server = await start_server(behaviours.answering(400, f"no {before}{token}".encode()))
    async with http_to(server.url, secrets=(Secret(token),)) as http:
        with pytest.raises(AdapterError) as caught:
            await http.call("POST", "/send", effect=Effect.ONCE, json={})
    assert token[:5] not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.asyncio
async def test_no_request_goes_where_a_redirect_leads(status: int, start_server: StartServer, behaviours: Any) -> None:
    elsewhere = await start_server(behaviours.answering(200))
    server = await start_server(behaviours.answering(status, Location=f"{elsewhere.url}/latest/meta-data"))
    async with http_to(server.url) as http:
        http.authorize(Secret("sesame"))
        assert isinstance(await error_of(http, Effect.REPEATABLE, "GET"), Unavailable)
        with pytest.raises(Unavailable, match=str(status)):
            await http.open_websocket("/stream", query={}, heartbeat=None, message_cap=1000)
        with pytest.raises(Unavailable, match=str(status)):
            await http.open_lines("/lines", query={}, silence=SOON, accept="text/event-stream")
    assert len(server.seen) == 3
    assert elsewhere.seen == []


@pytest.mark.parametrize("address", ["", "nowhere", "ftp://example.org", "http://", "http://[::1", "file:///etc"])
def test_an_address_that_is_none_is_said_at_once(address: str) -> None:
    with pytest.raises(ConfigurationError, match="is not an http or https address"):
        http_to(address)


@pytest.mark.asyncio
async def test_before_entering_and_after_leaving_nothing_is_sent() -> None:
    http = http_to("http://127.0.0.1:1")
    with pytest.raises(RuntimeError, match="enter the transport"):
        await http.call("GET", "/", effect=Effect.REPEATABLE)
    async with http:
        pass
    await http.aclose()
    with pytest.raises(RuntimeError, match="enter the transport"):
        await http.call("GET", "/", effect=Effect.REPEATABLE)
