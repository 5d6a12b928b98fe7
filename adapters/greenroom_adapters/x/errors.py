"""What a refusal of X means for whoever asked: the one place that knows X's problems and words."""

import re
from collections.abc import Iterator
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Duplicate,
    Forbidden,
    PostRejected,
    RateLimited,
    TargetGone,
    TooLong,
    Unavailable,
)
from greenroom_adapters.transport import Answer
from greenroom_adapters.x.wire import PROBLEMS, WireProblem, first

__all__ = ["CAPPED", "AlreadyDone", "refusal", "wait"]

NO_CREDIT = 402
CAPPED = timedelta(hours=1)
"""How long nothing is asked for when the app has used up what it may use in a day or a month, or its credit. Nobody's
credentials are wrong then, and no post is: a cap ends by itself, and either at once when the owner raises it or pays.
So the account is not paused, but asks again every hour, at no cost."""
DUPLICATE = re.compile(r"duplicate content|already (?:said|posted) that", re.IGNORECASE)
ALREADY_DONE = re.compile(r"already (?:retweeted|reposted)", re.IGNORECASE)
GONE = re.compile(r"deleted or not visible|no status found|does not exist", re.IGNORECASE)
TOO_LONG = re.compile(r"too long|needs to be a bit shorter", re.IGNORECASE)


class AlreadyDone(PostRejected):
    """It was reposted before: for us that is done."""


PROBLEM_MEANINGS: tuple[tuple[str, type[AdapterError]], ...] = (
    ("usage-capped", Unavailable),
    # The app may not use the API at all, whatever it asks for: a person must act in the developer console.
    ("client-forbidden", AuthenticationFailed),
    ("unsupported-authentication", AuthenticationFailed),
    ("resource-not-found", TargetGone),
    ("resource-unavailable", TargetGone),
    ("not-authorized-for-resource", Forbidden),
    ("disallowed-resource", Forbidden),
)
"""Last part of a problem's type → what it means. The first part was `api.twitter.com` once and is `api.x.com` now."""
GRANTS = frozenset({"invalid_grant", "invalid_request", "invalid_client", "unauthorized_client"})
"""Errors of the token endpoint (RFC 6749, section 5.2): X calls a spent refresh token an invalid request."""


def refusal(answer: Answer) -> tuple[type[AdapterError], str] | None:
    """Say which refusal an answer is, in X's words; None: its status must do."""
    problem = _read(answer.body)
    words = "" if problem is None else " ".join(_words(problem))
    if answer.status == NO_CREDIT:
        return RateLimited, words
    if problem is None:
        return None
    if problem.error in GRANTS:
        return AuthenticationFailed, words
    for ending, meaning in PROBLEM_MEANINGS:
        if problem.type.endswith(f"/problems/{ending}"):
            return meaning, words
    for pattern, kind in ((DUPLICATE, Duplicate), (ALREADY_DONE, AlreadyDone), (GONE, TargetGone), (TOO_LONG, TooLong)):
        if pattern.search(words):
            return kind, words
    return (Forbidden, words) if answer.status == 403 else None


def wait(answer: Answer) -> timedelta | None:
    """Say how long to wait after an answer that asks for it and whose headers do not say how long."""
    problem = _read(answer.body)
    if answer.status == NO_CREDIT or (problem is not None and problem.type.endswith("/problems/usage-capped")):
        return CAPPED
    return None


def _words(problem: WireProblem) -> Iterator[str]:
    yield from dict.fromkeys(
        said
        for said in (problem.title, problem.detail, problem.message, problem.error, problem.error_description)
        if said
    )
    yield from (inner.message or inner.detail for inner in first(PROBLEMS, problem.errors) if inner != problem)


def _read(body: bytes) -> WireProblem | None:
    try:
        return PROBLEMS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
