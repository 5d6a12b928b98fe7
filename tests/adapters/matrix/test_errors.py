"""Every error code of the specification and of Synapse has a meaning here, and each meaning tells what to do next."""

import re
from pathlib import Path

import pytest

from greenroom_adapters.contract import AuthenticationFailed, Forbidden, PostRejected, TargetGone, TooLong, Unavailable
from greenroom_adapters.matrix.errors import MEANINGS, AlreadyThere, refusal, wait
from greenroom_adapters.transport import Answer, Effect

CODE = re.compile(r"\bM_[A-Z_]*[A-Z]\b")


def answer(status: int, body: bytes) -> Answer:
    return Answer(status=status, headers={}, body=body, effect=Effect.ONCE)


def test_every_code_of_the_specification_has_a_meaning(specs: Path) -> None:
    files = sorted((specs / "matrix" / "api" / "client-server").rglob("*.yaml"))
    named = {code for file in files for code in CODE.findall(file.read_text(encoding="utf-8"))}
    assert len(named) > 30
    assert named - MEANINGS.keys() == set()


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_a_meaning_says_that_nothing_went_out(code: str) -> None:
    assert issubclass(MEANINGS[code], PostRejected | AuthenticationFailed | Unavailable)
    found = refusal(answer(400, b'{"errcode": "%s", "error": "words"}' % code.encode()))
    assert found == (MEANINGS[code], f"{code} words")


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        ("M_FORBIDDEN", Forbidden),
        ("M_UNKNOWN_TOKEN", AuthenticationFailed),
        ("M_USER_DEACTIVATED", AuthenticationFailed),
        ("M_TOO_LARGE", TooLong),
        ("M_NOT_FOUND", TargetGone),
        ("M_DUPLICATE_ANNOTATION", AlreadyThere),
        ("M_LIMIT_EXCEEDED", Unavailable),
    ],
)
def test_the_codes_that_a_bot_meets_mean_what_they_should(code: str, meaning: type[Exception]) -> None:
    assert MEANINGS[code] is meaning


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b'{"errcode": 5}', b'{"errcode": "M_UNHEARD_OF"}'])
def test_an_answer_without_a_known_code_is_judged_by_its_status(body: bytes) -> None:
    assert refusal(answer(403, body)) is None
    assert wait(answer(429, body)) is None


@pytest.mark.parametrize(("said", "seconds"), [(0, 0.0), (1500, 1.5), (-5, 0.0), (10**15, 86400.0)])
def test_the_wait_that_a_body_names_is_bounded(said: int, seconds: float) -> None:
    asked = wait(answer(429, b'{"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": %d}' % said))
    assert asked is not None
    assert asked.total_seconds() == seconds
