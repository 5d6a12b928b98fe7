"""What each error of the protocol means."""

import json
from pathlib import Path

import pytest
from lexicons import Lexicons

from greenroom_adapters.bluesky.errors import MEANINGS, SessionExpired, refusal
from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Duplicate,
    Forbidden,
    MediaRefused,
    PostRejected,
    TargetGone,
    TooLong,
)
from greenroom_adapters.transport import Answer, Effect

CALLS = (
    "app.bsky.actor.getProfile",
    "app.bsky.feed.getPostThread",
    "app.bsky.feed.getPosts",
    "app.bsky.notification.listNotifications",
    "chat.bsky.convo.getConvo",
    "chat.bsky.convo.getConvoAvailability",
    "chat.bsky.convo.getConvoForMembers",
    "chat.bsky.convo.getLog",
    "chat.bsky.convo.getMessages",
    "chat.bsky.convo.listConvos",
    "chat.bsky.convo.sendMessage",
    "com.atproto.identity.resolveHandle",
    "com.atproto.repo.createRecord",
    "com.atproto.repo.deleteRecord",
    "com.atproto.repo.getRecord",
    "com.atproto.repo.putRecord",
    "com.atproto.repo.uploadBlob",
    "com.atproto.server.createSession",
    "com.atproto.server.getSession",
    "com.atproto.server.refreshSession",
    "com.atproto.sync.getLatestCommit",
)
"""Every call that the adapter makes; that there are no others, the test of its requests sees."""


def answer(status: int, error: str, message: str = "") -> Answer:
    body = json.dumps({"error": error, "message": message}).encode()
    return Answer(status=status, headers={}, body=body, effect=Effect.ONCE)


def test_every_error_of_every_call_has_a_meaning(specs: Path) -> None:
    lexicons = Lexicons(specs / "bluesky" / "lexicons")
    named = set().union(*(lexicons.error_names(call) for call in CALLS))
    assert named - MEANINGS.keys() == set()
    assert len(named) > 10


@pytest.mark.parametrize(
    ("error", "message", "meaning"),
    [
        ("ExpiredToken", "Token has expired", SessionExpired),
        ("InvalidToken", "Token could not be verified", SessionExpired),
        ("InvalidToken", "Bad token method", Forbidden),
        ("InvalidToken", "Bad token scope", Forbidden),
        ("AccountTakedown", "Account has been taken down", AuthenticationFailed),
        ("InvalidSwap", "Record was at bafy", Duplicate),
        ("InvalidRequest", "Invalid app.bsky.feed.post record: grapheme too big (maximum 300, got 301)", TooLong),
        ("InvalidRequest", "This file is too large. It is 3MB but the maximum size is 2MB.", MediaRefused),
        ("InvalidRequest", "Profile not found", TargetGone),
        ("InvalidRequest", "something else", PostRejected),
        ("RecordNotFound", "Could not locate record", TargetGone),
    ],
)
def test_an_error_is_told_by_its_name_and_where_that_says_little_by_its_words(
    error: str, message: str, meaning: type[AdapterError]
) -> None:
    found = refusal(answer(400, error, message))
    assert found is not None
    assert found == (meaning, f"{error} {message}")


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"error": 1}', b'{"error": "Unheard", "message": "of"}', b"\xff"]
)
def test_what_no_table_knows_is_left_to_its_status(body: bytes) -> None:
    assert refusal(Answer(status=400, headers={}, body=body, effect=Effect.ONCE)) is None
