"""What is sent in error or in malice gets an answer, never a traceback."""

import contextlib
import http.client
import json
import socket
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom_adapters.testing.stage import RunningStage

Handles = Callable[[str], str]
Send = Callable[..., tuple[int, bytes]]


@pytest.fixture
def send(stage: RunningStage, fresh_handle: Handles) -> Iterator[Send]:
    """Send raw bytes as a signed-in person; return status and body."""
    token = stage.sign_in(fresh_handle("eve"))
    port = urlsplit(stage.url).port
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:

        def sent(
            method: str, path: str, body: bytes | None = None, content_type: str = "application/json", **headers: str
        ) -> tuple[int, bytes]:
            connection.request(
                method,
                path,
                body,
                {"Authorization": f"Bearer {token}", "Content-Type": content_type, **headers},
            )
            answer = connection.getresponse()
            return answer.status, answer.read()

        yield sent
    assert "Traceback" not in stage.log


def assert_refused(answer: tuple[int, bytes], *statuses: int) -> None:
    status, body = answer
    assert status in statuses, (status, body)
    assert set(json.loads(body)) == {"error", "message"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"text": 1}',
        b'{"text": null}',
        b'{"text": ["x"]}',
        b'{"text": "x", "media": "x"}',
        b'{"text": "x", "media": [1]}',
        b'{"text": "x", "in_reply_to": 5}',
        b'{"text": "x", "unknown": true}',
        b'{"text": "\\ud800"}',
        b'{"text": "\\u0000"}',
        b'{"text": "a\\u001bb"}',
        b'{"text": "\xff\xfe"}',
        b'{"text": "x", "language": "not a language"}',
        b'{"text": "x", "content_warning": "\\u0007"}',
        b"[" * 100_000,
        b'{"text": "x", "room": "r", "direct_to": "d"}',
    ],
)
def test_a_body_that_does_not_fit_is_refused(send: Send, body: bytes) -> None:
    assert_refused(send("POST", "/api/posts", body), 422, 410)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(send: Send, stage: RunningStage) -> None:
    assert_refused(send("POST", "/api/posts", b'{"text": "' + b"x" * 300_000 + b'"}'), 413)
    host, port = urlsplit(stage.url).hostname, urlsplit(stage.url).port
    with socket.create_connection((str(host), int(port or 0)), timeout=10) as connection:
        connection.sendall(
            b"POST /api/posts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            b"Content-Length: 99999999999\r\n\r\n"
        )
        assert connection.recv(64).startswith(b"HTTP/1.1 413")


def test_only_json_is_taken_for_json(send: Send) -> None:
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonp"):
        assert_refused(send("POST", "/api/posts", b'{"text": "x"}', content_type), 422)
    assert send("POST", "/api/posts", b'{"text": "x"}', "application/json; charset=utf-8")[0] == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=edge", b"not multipart at all"),
        (
            "multipart/form-data; boundary=edge",
            b'--edge\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--edge--',
        ),
        ("multipart/form-data; boundary=edge", b"--edge--\r\n"),
        ("multipart/form-data; boundary=edge", b"--edge\r\n" * 1000),
    ],
)
def test_an_upload_that_is_none_is_refused(send: Send, content_type: str, body: bytes) -> None:
    assert_refused(send("POST", "/api/media", body, content_type), 400, 415, 422)


@pytest.mark.parametrize("query", ["after=-1", "after=x", "after=", "after=" + "9" * 30, "after=1&limit=0", "limit=x"])
def test_a_cursor_or_a_limit_that_is_none_is_refused(send: Send, query: str) -> None:
    assert_refused(send("GET", f"/api/events?{query}"), 422)


def test_a_limit_that_is_too_large_is_cut(send: Send) -> None:
    assert send("GET", "/api/me/posts?limit=999999999")[0] == 200
    assert_refused(send("GET", "/api/me/posts?before=nothing"), 422)


@given(
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    path=st.sampled_from(
        ["posts/{}", "posts/{}/thread", "posts/{}/like", "accounts/{}", "accounts/{}/follow", "rooms/{}/join", "{}"]
    ),
    middle=st.text(st.sampled_from("a0%/.@\u00e4?#-_"), max_size=12),
    body=st.one_of(st.none(), st.binary(max_size=40)),
)
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_no_request_is_answered_with_an_error_of_the_server(
    send: Send, method: str, path: str, middle: str, body: bytes | None
) -> None:
    encoded = middle.encode().decode("latin-1").encode("ascii", "ignore").decode()

    status, answer = send(method, "/api/" + path.format(encoded), body)

    assert status < 500, answer


def test_another_hosts_name_is_refused(send: Send) -> None:
    status, _ = send("GET", "/api/instance", None, Host="evil.example")

    assert status == 400


def test_a_long_key_is_refused(send: Send) -> None:
    assert_refused(send("POST", "/api/posts", b'{"text": "x"}', **{"Idempotency-Key": "k" * 256}), 422)
    assert send("POST", "/api/posts", b'{"text": "x"}', **{"Idempotency-Key": "k" * 255})[0] == 200
