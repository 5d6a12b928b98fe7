"""What an error of Discord means for whoever asked: the one place that knows its error codes."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, cast

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Forbidden,
    MediaRefused,
    PostRejected,
    TargetGone,
    TooLong,
    Unavailable,
)
from greenroom_adapters.transport import Answer

__all__ = ["CLOSE_CODES", "MEANINGS", "AlreadyAnswered", "TokenSpent", "code_of", "refusal", "wait"]


class TokenSpent(AuthenticationFailed):
    """The token of one command is good for nothing any more. Nothing is wrong with that of the bot."""


class AlreadyAnswered(PostRejected):
    """This command is acknowledged already."""


MEANINGS: Mapping[int, type[AdapterError]] = {
    # What it is about is not there (any more).
    10003: TargetGone,  # unknown channel
    10004: TargetGone,  # unknown server
    10007: TargetGone,  # unknown member
    10008: TargetGone,  # unknown message
    10013: TargetGone,  # unknown user
    # The command that is answered.
    10015: TargetGone,  # unknown webhook: it was never acknowledged
    10062: TargetGone,  # unknown interaction: not acknowledged in time
    40060: AlreadyAnswered,
    50027: TokenSpent,  # its fifteen minutes are over
    # The account itself: a person must act.
    40001: AuthenticationFailed,  # unauthorised
    40002: AuthenticationFailed,  # the account must be verified
    50014: AuthenticationFailed,  # the token is none
    # This account may not do this here.
    20001: Forbidden,  # not for bots
    20009: Forbidden,  # explicit content
    20012: Forbidden,  # not for this application
    40007: Forbidden,  # banned there
    50001: Forbidden,  # no access
    50007: Forbidden,  # this person takes no messages from us
    50008: Forbidden,  # no messages in such a channel
    50009: Forbidden,  # the server asks for more verification
    50013: Forbidden,  # no permission
    50083: Forbidden,  # the thread is archived
    50278: Forbidden,  # no server in common with this person
    90001: Forbidden,  # the person blocks our reactions
    160002: Forbidden,  # answers need the permission to read the history
    160005: Forbidden,  # the thread is locked
    200000: Forbidden,  # refused by the server's AutoMod
    200001: Forbidden,  # the title is refused by AutoMod
    340015: Forbidden,  # no direct messages between these two for the time being
    # Too much of it.
    40005: MediaRefused,  # the request is too large
    50045: MediaRefused,  # a file is too large
    50046: MediaRefused,  # a file cannot be read
    # Discord cannot serve now, and says that it has done nothing.
    40004: Unavailable,  # sending is switched off for everybody
    130000: Unavailable,  # overloaded
    # The request itself: nobody mends that by asking again.
    10014: PostRejected,  # unknown emoji
    30010: PostRejected,  # the message has as many different reactions as it can have
    30046: PostRejected,  # too many edits of an old message
    40067: PostRejected,  # the forum demands a tag
    50006: PostRejected,  # nothing in it
    50024: PostRejected,  # not in this kind of channel
    50035: PostRejected,  # a form that is not filled in right; see `IN_FORMS`
    50109: PostRejected,  # no JSON
    50190: PostRejected,
    160006: Unavailable,  # as many active threads as there can be
    520000: PostRejected,
}
"""Error code → what its answer means, for answers with a status of 400 to 499. API reference, "Opcodes and status
codes"; those of actions that are never taken here are left to their status."""

IN_FORMS: Mapping[str, type[AdapterError]] = {
    "REPLIES_UNKNOWN_MESSAGE": TargetGone,
    "MESSAGE_REFERENCE_UNKNOWN_MESSAGE": TargetGone,
    "BASE_TYPE_MAX_LENGTH": TooLong,
}
"""Code of one field of a form (error 50035) → what it means."""

DEEPEST = 8
"""Fields within fields that are looked into."""

CLOSE_CODES: Mapping[int, str] = {
    4004: "the token is not valid (any more): make a new one on the page *Bot* of the developer portal",
    4010: "the number of this shard is wrong",
    4011: "the bot is in so many servers that it must be sharded, and it is not",
    4012: "this version of the gateway is gone: update Greenroom",
    4013: "Discord does not know an intent that was asked for: update Greenroom",
    4014: (
        "the *Message Content Intent* was taken from the application: switch it on again on the page *Bot* of the "
        "developer portal"
    ),
}
"""Code with which the gateway closes for good → what a person must do ("Gateway close event codes")."""


class WireError(msgspec.Struct, frozen=True):
    """The body of an error (`ErrorResponse`), and of a 429 (`RatelimitedResponse`)."""

    code: int = 0
    message: str = ""
    errors: Any = None
    retry_after: float | None = None


ERRORS = msgspec.json.Decoder(WireError)


def refusal(answer: Answer) -> tuple[type[AdapterError], str] | None:
    """Say which refusal an answer is, in Discord's words; None: its status must do."""
    said = _said(answer)
    if said is None:
        # Not from the API: what stands before it turns whole addresses away for a while.
        return (Unavailable, "not an answer of the API") if answer.status == 403 else None
    if answer.status == 413:
        return MediaRefused, said.message
    meaning = MEANINGS.get(said.code)
    for code in _codes(said.errors):
        meaning = IN_FORMS.get(code, meaning)
    if meaning is None:
        return None
    return meaning, f"{said.code} {said.message}".strip()


def code_of(answer: Answer) -> int:
    """Return Discord's error code; 0: it says none."""
    said = _said(answer)
    return 0 if said is None else said.code


def wait(answer: Answer) -> timedelta | None:
    """Say how long a 429 asks us to wait in its body ("Rate limits")."""
    said = _said(answer)
    if said is None or said.retry_after is None:
        return None
    return timedelta(seconds=min(max(0.0, said.retry_after), 24 * 3600.0))


def _codes(errors: object, depth: int = 0) -> Iterator[str]:
    """Yield the codes of the fields of a form, wherever they are."""
    if depth > DEEPEST:
        return
    if isinstance(errors, dict):
        fields = cast(dict[str, object], errors)
        if isinstance(code := fields.get("code"), str):
            yield code
        for part in fields.values():
            yield from _codes(part, depth + 1)
    elif isinstance(errors, list):
        for part in cast(list[object], errors):
            yield from _codes(part, depth + 1)


def _said(answer: Answer) -> WireError | None:
    try:
        return ERRORS.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
