"""What a refusal of the Graph API means for whoever asked: the one place that knows its codes."""

from collections.abc import Mapping

import msgspec

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
from greenroom_adapters.meta.wire import ERRORS, WireErrorBody
from greenroom_adapters.transport import Answer

__all__ = ["CODES", "SUBCODES", "meaning_of", "refusal"]

LOGIN = "make a new token and sign in again with `greenroom login`"
TOO_LATE = "they have not written within the last 24 hours, and Meta lets nobody answer after that"
DASHBOARD = "look into the account in its own app, and end the pause with `greenroom resume`"


class Broken(AdapterError):
    """Something broke on Meta's side: of a write nobody knows then whether it was done."""


Meaning = tuple[type[AdapterError], str]
"""What an error means, and what its owner can do about it; no words: nothing."""

SUBCODES: Mapping[int, Meaning] = {
    458: (AuthenticationFailed, f"the app was removed from the account: {LOGIN}"),
    460: (AuthenticationFailed, f"the password was changed: {LOGIN}"),
    463: (AuthenticationFailed, f"the token has run out: {LOGIN}"),
    467: (AuthenticationFailed, f"the token is not good any more: {LOGIN}"),
    33: (TargetGone, ""),
    1363047: (Broken, ""),
    1609010: (Broken, ""),
    1346003: (PostRejected, "what it says is blocked"),
    1404102: (PostRejected, "what it says is blocked"),
    1366051: (Duplicate, ""),
    1390008: (RateLimited, "it posts too fast"),
    1404078: (AuthenticationFailed, f"the person behind the page has to be authorised to publish: {DASHBOARD}"),
    1545041: (Forbidden, "they take no messages now"),
    2018065: (Forbidden, TOO_LATE),
    2018108: (Forbidden, "they take no messages now"),
    2018278: (Forbidden, TOO_LATE),
    2207001: (Broken, ""),
    2207032: (Broken, ""),
    2207053: (Broken, ""),
    2207082: (Broken, ""),
    2207003: (Unavailable, "Instagram could not fetch the file in time"),
    2207052: (Unavailable, "Instagram could not fetch the file: `media_url` has to be reached from outside"),
    2207020: (Unavailable, "the container has run out, and nothing of it went out"),
    2207008: (Unavailable, "the container is not there any more, and nothing of it went out"),
    2207027: (Unavailable, "the container is not ready yet"),
    2207010: (TooLong, ""),
    2207004: (MediaRefused, "the file is too large"),
    2207005: (MediaRefused, "Instagram takes no files of this kind"),
    2207009: (MediaRefused, "the picture is too high or too wide: 4:5 to 1.91:1"),
    2207026: (MediaRefused, "Instagram takes no video of this kind"),
    2207042: (RateLimited, "the account has posted as often as Instagram lets it in 24 hours"),
    4279009: (Unavailable, "the container is not there, or not ready yet, and nothing of it went out"),
    2207050: (AuthenticationFailed, f"Instagram has restricted the account: {DASHBOARD}"),
    2207051: (AuthenticationFailed, f"Instagram takes what the account does for spam: {DASHBOARD}"),
}
"""Subcode of an error → its meaning; it says more than the code."""

CODES: Mapping[int, Meaning] = {
    1: (Broken, ""),
    2: (Broken, ""),
    3: (Forbidden, "the app lacks the capability"),
    4: (RateLimited, "the app has asked as often as it may for now"),
    10: (Forbidden, "the app lacks a permission"),
    17: (RateLimited, "the account has asked as often as it may for now"),
    32: (RateLimited, "the page has asked as often as it may for now"),
    101: (AuthenticationFailed, "the app's id and its secret have to be those of the app that the token is for"),
    102: (AuthenticationFailed, LOGIN),
    190: (AuthenticationFailed, LOGIN),
    341: (RateLimited, "the app has asked as often as it may for now"),
    368: (AuthenticationFailed, f"the account is blocked for a while: {DASHBOARD}"),
    506: (Duplicate, ""),
    551: (Forbidden, "they take no messages now"),
    613: (RateLimited, "the account has done this as often as it may for now"),
    803: (TargetGone, ""),
    1200: (Broken, ""),
}
"""Code of an error → its meaning. 200 to 299 are permissions, 80000 to 80999 limits of use cases."""

DEAD_WORDS = ("session has been invalidated", "revoked_access_token")


def refusal(answer: Answer) -> tuple[type[AdapterError], str] | None:
    """Say which refusal an answer is, in Meta's words and with the mend; None: its status must do."""
    try:
        said = ERRORS.decode(answer.body).error
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    kind, mend = _meaning(said)
    if kind is Broken:
        kind = OutcomeUnknown if answer.effect.shows else Unavailable
    code = f"{said.code}/{said.error_subcode}" if said.error_subcode else f"{said.code}"
    words = f"error {code}, {said.error_user_msg or said.message}"
    return kind, f"{words}: {mend}" if mend else words


def meaning_of(subcode: int) -> Meaning:
    """Return what a subcode means that stands by itself; what is not known may pass."""
    kind, mend = SUBCODES.get(subcode, (Broken, ""))
    return (Unavailable if kind is Broken else kind), mend


def _meaning(said: WireErrorBody) -> Meaning:
    if any(words in said.message.casefold() for words in DEAD_WORDS):
        return AuthenticationFailed, LOGIN
    for known, code in ((SUBCODES, said.error_subcode), (CODES, said.code)):
        if code in known:
            return known[code]
    if 200 <= said.code <= 299:
        return Forbidden, "the app lacks a permission"
    if 80000 <= said.code <= 80999:
        return RateLimited, "the account has asked as often as it may for now"
    return (Broken, "") if said.is_transient else (PostRejected, "")
