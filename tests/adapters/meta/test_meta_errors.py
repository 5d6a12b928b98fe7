"""Each refusal of the Graph API says what is to be done next."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Duplicate,
    Forbidden,
    MediaRefused,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
    TargetGone,
    TooLong,
    Unavailable,
)
from greenroom_adapters.meta.errors import CODES, SUBCODES, refusal
from greenroom_adapters.meta.usage import quota, wait
from greenroom_adapters.transport import Answer, Effect

NOW = datetime(2026, 11, 30, 20, tzinfo=UTC)
KNOWN: dict[tuple[int, int], type[AdapterError]] = {
    (190, 0): AuthenticationFailed,
    (190, 458): AuthenticationFailed,
    (190, 460): AuthenticationFailed,
    (190, 463): AuthenticationFailed,
    (190, 467): AuthenticationFailed,
    (101, 0): AuthenticationFailed,
    (102, 0): AuthenticationFailed,
    (368, 0): AuthenticationFailed,
    (100, 1404078): AuthenticationFailed,
    (9, 2207050): AuthenticationFailed,
    (9, 2207051): AuthenticationFailed,
    (4, 0): RateLimited,
    (17, 0): RateLimited,
    (32, 0): RateLimited,
    (341, 0): RateLimited,
    (613, 0): RateLimited,
    (80001, 0): RateLimited,
    (80999, 0): RateLimited,
    (1, 1390008): RateLimited,
    (9, 2207042): RateLimited,
    (24, 4279009): Unavailable,
    (3, 0): Forbidden,
    (10, 0): Forbidden,
    (10, 2018065): Forbidden,
    (10, 2018108): Forbidden,
    (10, 2018278): Forbidden,
    (551, 0): Forbidden,
    (551, 1545041): Forbidden,
    (200, 0): Forbidden,
    (299, 0): Forbidden,
    (100, 0): PostRejected,
    (100, 33): TargetGone,
    (803, 0): TargetGone,
    (506, 0): Duplicate,
    (100, 1366051): Duplicate,
    (100, 1346003): PostRejected,
    (100, 1404102): PostRejected,
    (36000, 2207004): MediaRefused,
    (36001, 2207005): MediaRefused,
    (36003, 2207009): MediaRefused,
    (352, 2207026): MediaRefused,
    (36004, 2207010): TooLong,
    (-2, 2207003): Unavailable,
    (9004, 2207052): Unavailable,
    (-2, 2207020): Unavailable,
    (24, 2207008): Unavailable,
    (9007, 2207027): Unavailable,
}
BROKEN = [
    *((1, 0), (2, 0), (2, 1363047), (2, 1609010), (1200, 0)),
    *((-1, 2207001), (-1, 2207032), (-1, 2207053), (-1, 2207082)),
]


def answer(code: int, subcode: int = 0, *, effect: Effect = Effect.ONCE, **more: Any) -> Answer:
    error = {"message": "Words of Meta", "type": "OAuthException", "code": code, "fbtrace_id": "A1", **more}
    if subcode:
        error["error_subcode"] = subcode
    return Answer(status=400, headers={}, body=json.dumps({"error": error}).encode(), effect=effect)


def meaning(told: Answer) -> type[AdapterError]:
    found = refusal(told)
    assert found is not None
    return found[0]


@pytest.mark.parametrize(("code", "subcode"), KNOWN)
def test_a_refusal_says_what_is_to_be_done(code: int, subcode: int) -> None:
    assert meaning(answer(code, subcode)) is KNOWN[code, subcode]


@pytest.mark.parametrize(("code", "subcode"), BROKEN)
def test_what_broke_on_their_side_may_have_been_done_where_that_shows(code: int, subcode: int) -> None:
    assert meaning(answer(code, subcode)) is OutcomeUnknown
    assert meaning(answer(code, subcode, effect=Effect.REPEATABLE)) is Unavailable


def test_every_code_that_is_known_has_its_meaning_tested() -> None:
    tested = [*KNOWN, *BROKEN]
    assert {subcode for _, subcode in tested} >= set(SUBCODES)
    assert {code for code, _ in tested} >= set(CODES)


def test_an_error_that_says_of_itself_that_it_passes_is_one_of_theirs() -> None:
    assert meaning(answer(4711, is_transient=True)) is OutcomeUnknown
    assert meaning(answer(4711)) is PostRejected


def test_a_session_that_is_over_is_told_by_its_words_alone_as_well() -> None:
    over = answer(1, message="The session has been invalidated because the user changed their password")
    assert meaning(over) is AuthenticationFailed


def test_a_refusal_is_told_with_its_code_and_the_words_for_people() -> None:
    found = refusal(answer(190, 463, error_user_msg="Your session has ended."))
    assert found is not None
    assert found[1].startswith("error 190/463, Your session has ended.: the token has run out: ")


@pytest.mark.parametrize("body", [b"", b"<html>Bad Gateway</html>", b"[]", b"\xff\xfe", b'{"error": "none"}'])
def test_a_refusal_that_cannot_be_read_is_left_to_its_status(body: bytes) -> None:
    assert refusal(Answer(status=400, headers={}, body=body, effect=Effect.ONCE)) is None


def with_headers(**headers: Any) -> Answer:
    told = {name.replace("_", "-"): json.dumps(value) for name, value in headers.items()}
    return Answer(status=400, headers=told, body=b"", effect=Effect.ONCE)


def test_a_wait_is_as_long_as_the_headers_say() -> None:
    cases = {"1784": [{"type": "pages", "call_count": 100, "estimated_time_to_regain_access": 19}]}
    assert wait(with_headers(X_Business_Use_Case_Usage=cases)) == timedelta(minutes=19)
    assert wait(with_headers(X_App_Usage={"call_count": 100})) == timedelta(minutes=5)
    assert wait(with_headers()) == timedelta(minutes=5)


def test_what_is_left_is_told_in_percent_of_the_limit_that_is_nearest_to_its_end() -> None:
    cases = {"1784": [{"type": "pages", "call_count": 97, "total_time": 12}]}
    told = quota(with_headers(X_App_Usage={"call_count": 28}, X_Business_Use_Case_Usage=cases).headers, now=NOW)
    assert told is not None
    assert (told.limit, told.remaining, told.resets_at) == (100, 3, NOW + timedelta(hours=1))


DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "header",
    [
        "",
        "[]",
        "null",
        "nonsense",
        '{"1": [3]}',
        '{"1": {"call_count": "many"}}',
        DEEP,
        f'{{"1": {DEEP}',
        '{"":' * 9000,
    ],
)
def test_headers_that_cannot_be_read_say_nothing(header: str) -> None:
    headers = {"X-App-Usage": header, "X-Business-Use-Case-Usage": header}
    assert quota(headers, now=NOW) is None
    assert wait(Answer(status=400, headers=headers, body=b"", effect=Effect.ONCE)) == timedelta(minutes=5)
