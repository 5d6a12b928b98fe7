"""What an error of a homeserver means for whoever asked: the one place that knows Matrix's error codes."""

from collections.abc import Mapping
from datetime import timedelta

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

__all__ = ["MEANINGS", "AlreadyThere", "refusal", "wait"]


class AlreadyThere(PostRejected):
    """The same reaction of ours is there already (`M_DUPLICATE_ANNOTATION`): for us that is done."""


MEANINGS: Mapping[str, type[AdapterError]] = {
    # The account itself: a person must act.
    "M_UNKNOWN_TOKEN": AuthenticationFailed,
    "M_MISSING_TOKEN": AuthenticationFailed,
    "M_UNAUTHORIZED": AuthenticationFailed,
    "M_USER_DEACTIVATED": AuthenticationFailed,
    "M_USER_LOCKED": AuthenticationFailed,
    "M_USER_SUSPENDED": AuthenticationFailed,
    "M_CONSENT_NOT_GIVEN": AuthenticationFailed,
    "M_GUEST_ACCESS_FORBIDDEN": AuthenticationFailed,
    "M_APPSERVICE_LOGIN_UNSUPPORTED": AuthenticationFailed,
    "ORG_MATRIX_EXPIRED_ACCOUNT": AuthenticationFailed,
    # This account may not do this here.
    "M_FORBIDDEN": Forbidden,
    "M_EXCLUSIVE": Forbidden,
    "M_INVITE_BLOCKED": Forbidden,
    "M_UNABLE_TO_AUTHORISE_JOIN": Forbidden,
    "M_UNABLE_TO_GRANT_JOIN": Forbidden,
    "M_CANNOT_LEAVE_SERVER_NOTICE_ROOM": Forbidden,
    "M_SERVER_NOT_TRUSTED": Forbidden,
    # What it is about is not there (any more).
    "M_NOT_FOUND": TargetGone,
    # Too much of it.
    "M_TOO_LARGE": TooLong,
    "M_CANNOT_OVERWRITE_MEDIA": MediaRefused,
    "M_NOT_YET_UPLOADED": MediaRefused,
    # The server cannot serve now, and says that it has done nothing.
    "M_LIMIT_EXCEEDED": Unavailable,
    "M_RESOURCE_LIMIT_EXCEEDED": Unavailable,
    "M_USER_LIMIT_EXCEEDED": Unavailable,
    "M_CONNECTION_FAILED": Unavailable,
    "M_CONNECTION_TIMEOUT": Unavailable,
    # A second time under the same name.
    "M_DUPLICATE_ANNOTATION": AlreadyThere,
    # The request itself is not one that this server takes: nobody mends that by asking again.
    "M_BAD_ALIAS": PostRejected,
    "M_BAD_JSON": PostRejected,
    "M_BAD_PAGINATION": PostRejected,
    "M_BAD_STATE": PostRejected,
    "M_BAD_STATUS": PostRejected,
    "M_INCOMPATIBLE_ROOM_VERSION": PostRejected,
    "M_INVALID_PARAM": PostRejected,
    "M_INVALID_ROOM_STATE": PostRejected,
    "M_INVALID_SIGNATURE": PostRejected,
    "M_INVALID_USERNAME": PostRejected,
    "M_KEY_TOO_LARGE": PostRejected,
    "M_MISSING_PARAM": PostRejected,
    "M_NOT_JSON": PostRejected,
    "M_PROFILE_TOO_LARGE": PostRejected,
    "M_ROOM_IN_USE": PostRejected,
    "M_UNKNOWN": PostRejected,
    "M_UNKNOWN_DEVICE": PostRejected,
    "M_UNKNOWN_POS": PostRejected,
    "M_UNRECOGNIZED": PostRejected,
    "M_UNSUPPORTED_ROOM_VERSION": PostRejected,
    "M_URL_NOT_SET": PostRejected,
    "M_USER_IN_USE": PostRejected,
    "M_WRONG_ROOM_KEYS_VERSION": PostRejected,
    # Of registration, e-mail addresses and captchas, which are never asked for here.
    "M_CAPTCHA_INVALID": PostRejected,
    "M_CAPTCHA_NEEDED": PostRejected,
    "M_PASSWORD_IN_DICTIONARY": PostRejected,
    "M_PASSWORD_NO_DIGIT": PostRejected,
    "M_PASSWORD_NO_LOWERCASE": PostRejected,
    "M_PASSWORD_NO_SYMBOL": PostRejected,
    "M_PASSWORD_NO_UPPERCASE": PostRejected,
    "M_PASSWORD_TOO_SHORT": PostRejected,
    "M_THREEPID_AUTH_FAILED": PostRejected,
    "M_THREEPID_DENIED": PostRejected,
    "M_THREEPID_IN_USE": PostRejected,
    "M_THREEPID_MEDIUM_NOT_SUPPORTED": PostRejected,
    "M_THREEPID_NOT_FOUND": PostRejected,
    "M_WEAK_PASSWORD": PostRejected,
}
"""Error code → what its answer means, for answers with a status of 400 to 499. Client-server API, "Common error codes",
the codes of its single endpoints, and those that Synapse has beside them."""


class WireError(msgspec.Struct, frozen=True):
    """The body of an error (client-server API, "Standard error response")."""

    errcode: str
    error: str = ""
    retry_after_ms: int | None = None


ERRORS = msgspec.json.Decoder(WireError)


def refusal(answer: Answer) -> tuple[type[AdapterError], str] | None:
    """Say which refusal an answer is, in the server's words; None: its status must do."""
    said = _said(answer)
    meaning = MEANINGS.get(said.errcode) if said is not None else None
    if said is None or meaning is None:
        return None
    return meaning, f"{said.errcode} {said.error}".strip()


def wait(answer: Answer) -> timedelta | None:
    """Say how long `M_LIMIT_EXCEEDED` asks us to wait in its body: servers older than version 1.10 of the
    specification have no `Retry-After` ("Rate limiting")."""
    said = _said(answer)
    if said is None or said.retry_after_ms is None:
        return None
    return timedelta(milliseconds=min(max(0, said.retry_after_ms), 24 * 3600 * 1000))


def _said(answer: Answer) -> WireError | None:
    try:
        return ERRORS.decode(answer.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
