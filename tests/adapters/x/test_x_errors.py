"""Each refusal of X says what is to be done next."""

import json
from datetime import timedelta
from typing import Any

import pytest

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Duplicate,
    Forbidden,
    TargetGone,
    TooLong,
    Unavailable,
)
from greenroom_adapters.transport import Answer, Effect
from greenroom_adapters.x.errors import CAPPED, AlreadyDone, refusal, wait

PROBLEMS = "https://api.twitter.com/2/problems/"
NEW_PROBLEMS = "https://api.x.com/2/problems/"


def answer(status: int, body: Any) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status=status, headers={}, body=raw, effect=Effect.ONCE)


def plain(detail: str, kind: str = "about:blank") -> dict[str, Any]:
    return {"title": "Forbidden", "type": kind, "status": 403, "detail": detail}


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        (plain("You are not allowed to create a Tweet with duplicate content."), Duplicate),
        (plain("You attempted to reply to a Tweet that is deleted or not visible to you."), TargetGone),
        (plain("Your Tweet text is too long. For more info, see the documentation."), TooLong),
        (plain("You have already retweeted this Tweet."), AlreadyDone),
        (plain("Reply to this conversation is not allowed because you have not been mentioned."), Forbidden),
        (plain("", f"{PROBLEMS}client-forbidden"), AuthenticationFailed),
        (plain("", f"{NEW_PROBLEMS}resource-not-found"), TargetGone),
        (plain("", f"{PROBLEMS}usage-capped"), Unavailable),
        ({"error": "invalid_request", "error_description": "Value passed for the token was invalid."},) * 1
        + (AuthenticationFailed,),
    ],
)
def test_a_refusal_says_what_is_to_be_done(body: dict[str, Any], meaning: type[AdapterError]) -> None:
    found = refusal(answer(403, body))
    assert found is not None
    assert found[0] is meaning


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"[]", b"\xff\xfe", b'{"errors": "none"}'])
def test_a_refusal_that_cannot_be_read_is_left_to_its_status(body: bytes) -> None:
    assert refusal(answer(400, body)) is None


def test_the_words_of_x_are_told_with_those_of_its_inner_errors() -> None:
    body = {"title": "Invalid Request", "type": f"{PROBLEMS}invalid-request", "detail": "One or more parameters"}
    body["errors"] = [{"message": "The `since_id` is wrong", "parameters": {}}]  # type: ignore[assignment]  # JSON
    assert refusal(answer(400, body)) is None
    found = refusal(answer(403, body))
    assert found is not None
    assert "since_id" in found[1]


def test_a_used_up_cap_is_asked_about_every_hour() -> None:
    assert wait(answer(429, plain("", f"{PROBLEMS}usage-capped"))) == CAPPED == timedelta(hours=1)
    assert wait(answer(429, plain("Too Many Requests"))) is None
