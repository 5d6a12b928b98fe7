"""What a refusal of the server means for whoever asked: the one place that reads its words."""

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Forbidden,
    MediaRefused,
    PostRejected,
    TargetGone,
    TooLong,
)
from greenroom_adapters.transport import Answer

__all__ = ["refusal"]

ABOUT_THE_ACCOUNT = (
    "outside the authorized scopes",
    "login is currently disabled",
    "login is currently pending approval",
    "missing a confirmed e-mail",
    "account is suspended",
)
"""Of a 403: the account itself may do nothing of the kind until a person acts. Mastodon's API has no error codes; these
are the words of its controllers, in English whatever the account's language."""


class WireError(msgspec.Struct, frozen=True):
    """The body of an error (documentation, "Error")."""

    error: str = ""
    error_description: str | None = None


ERRORS = msgspec.json.Decoder(WireError)


def refusal(answer: Answer) -> tuple[type[AdapterError], str] | None:
    """Say which refusal an answer is, in the server's words; None: its status must do."""
    try:
        said = ERRORS.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    words = said.error_description or said.error
    return _meaning(answer.status, words.lower()), words


def _meaning(status: int, words: str) -> type[AdapterError]:
    match status:
        case 403:
            return AuthenticationFailed if any(known in words for known in ABOUT_THE_ACCOUNT) else Forbidden
        case 404 | 410:
            return TargetGone
        case 413 | 415:
            return MediaRefused
        case 422 if "character limit" in words:
            return TooLong
        case _:
            return PostRejected
