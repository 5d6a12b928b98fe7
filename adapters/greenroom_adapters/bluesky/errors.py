"""What an error of the AT Protocol means for whoever asked: the one place that knows its names."""

from collections.abc import Mapping

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Duplicate,
    Forbidden,
    MediaRefused,
    PostRejected,
    TargetGone,
    TooLong,
    Unavailable,
)
from greenroom_adapters.transport import Answer

__all__ = ["MEANINGS", "SessionExpired", "refusal"]


class SessionExpired(AuthenticationFailed):
    """The token of this session has run out, or is none of the server's: a new one may be had."""


MEANINGS: Mapping[str, type[AdapterError]] = {
    # The session: to be renewed, then a person must act.
    "ExpiredToken": SessionExpired,
    "InvalidToken": SessionExpired,
    # The account itself: a person must act.
    "AuthMissing": AuthenticationFailed,
    "AuthenticationRequired": AuthenticationFailed,
    "AuthFactorTokenRequired": AuthenticationFailed,
    "AccountTakedown": AuthenticationFailed,
    "AccountDeactivated": AuthenticationFailed,
    # This account may not do this here; the first is of direct messages alone.
    "AccountSuspended": Forbidden,
    "BlockedActor": Forbidden,
    "BlockedByActor": Forbidden,
    "BlockedSubject": Forbidden,
    "ConvoLocked": Forbidden,
    "MessagesDisabled": Forbidden,
    "NotFollowedBySender": Forbidden,
    # What it is about is not there (any more).
    "HandleNotFound": TargetGone,
    "InvalidConvo": TargetGone,
    "NotFound": TargetGone,
    "RecipientNotFound": TargetGone,
    "RecordNotFound": TargetGone,
    "RepoDeactivated": TargetGone,
    "RepoNotFound": TargetGone,
    "RepoSuspended": TargetGone,
    "RepoTakendown": TargetGone,
    "ReplyTargetNotFound": TargetGone,
    # Too much of it.
    "BlobTooLarge": MediaRefused,
    "PayloadTooLarge": MediaRefused,
    # Another record has the place that was to be taken.
    "InvalidSwap": Duplicate,
    # The server cannot serve now, and says that it has done nothing.
    "RateLimitExceeded": Unavailable,
    # The request itself is not one that this server takes: nobody mends that by asking again.
    "BadQueryString": PostRejected,
    "InvalidRequest": PostRejected,
    "InvalidResponse": PostRejected,
    "UnknownMethod": PostRejected,
    "XRPCNotSupported": PostRejected,
}
"""Error name → what its answer means, for answers with a status of 400 to 499: those of the lexicons of the calls that
are made here, and those that every call may have."""

IN_WORDS: tuple[tuple[str, str, type[AdapterError]], ...] = (
    # A session that is good, and an app password that was not allowed to do this.
    ("InvalidToken", "Bad token", Forbidden),
    # A record is measured against its lexicon, and the error has no name of its own.
    ("InvalidRequest", "grapheme too big", TooLong),
    ("InvalidRequest", "string too big", TooLong),
    ("InvalidRequest", "must not be longer than", TooLong),
    ("InvalidRequest", "too large", MediaRefused),
    ("InvalidRequest", "Profile not found", TargetGone),
)
"""(error name, words in its message, what that means): where a name stands for several things."""


class WireError(msgspec.Struct, frozen=True):
    """The body of an error (AT Protocol, "Error responses")."""

    error: str
    message: str = ""


ERRORS = msgspec.json.Decoder(WireError)


def refusal(answer: Answer) -> tuple[type[AdapterError], str] | None:
    """Say which refusal an answer is, in the server's words; None: its status must do."""
    try:
        said = ERRORS.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    meaning = MEANINGS.get(said.error)
    for name, words, special in IN_WORDS:
        if said.error == name and words in said.message:
            meaning = special
            break
    if meaning is None:
        return None
    return meaning, f"{said.error} {said.message}".strip()
