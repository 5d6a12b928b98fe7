"""What a refusal of TikTok means for whoever asked: the one place that knows its codes."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Forbidden,
    MediaRefused,
    OutcomeUnknown,
    PostRejected,
    RateLimited,
    TargetGone,
    Unavailable,
)
from greenroom_adapters.tiktok.wire import REFUSALS, WireError
from greenroom_adapters.transport import Answer, Effect, Http

__all__ = ["MEANINGS", "Stopped", "Withheld", "error_of", "failure", "refusal", "told_in", "wait"]

A_MINUTE, A_DAY = timedelta(minutes=1), timedelta(days=1)
NOT_LET_IN = 401
LONGEST_WORDS = 200
LOGIN = "sign in again with `greenroom login`"
SCOPE = f"give the app the scope, and {LOGIN}"


class Stopped(AuthenticationFailed):
    """The account may not post any more, whatever its token."""


class Withheld(AuthenticationFailed):
    """The token is good, and not for this: TikTok says it with the status of one that is not."""


class Broken(AdapterError):
    """Something broke on TikTok's side: of a write that shows nobody knows then whether it was done."""


Meaning = tuple[type[AdapterError], str]
"""What an error means, and what its owner can do about it; no words: nothing."""

MEANINGS: Mapping[str, Meaning] = {
    "access_token_invalid": (AuthenticationFailed, ""),
    "auth_removed": (Stopped, f"the account has taken its rights from the app: {LOGIN}"),
    "duration_check_failed": (MediaRefused, "the video is too short or too long"),
    "file_format_check_failed": (MediaRefused, "TikTok takes no files of this kind"),
    "frame_rate_check_failed": (MediaRefused, "the video needs 23 to 60 pictures a second"),
    "internal": (Broken, ""),
    "internal_error": (Broken, ""),
    "invalid_param": (PostRejected, ""),
    "invalid_params": (PostRejected, ""),
    "invalid_publish_id": (TargetGone, ""),
    "photo_pull_failed": (
        Unavailable,
        "TikTok could not fetch the pictures: outsiders have to reach `media_url`",
    ),
    "picture_size_check_failed": (MediaRefused, "it is too small or too large to look at"),
    "privacy_level_option_mismatch": (Forbidden, "the account does not let its posts be seen so: change `privacy`"),
    "publish_cancelled": (PostRejected, "it was cancelled in the app"),
    "rate_limit_exceeded": (RateLimited, ""),
    "reached_active_user_cap": (RateLimited, "the app has posted for as many accounts as it may in a day"),
    "scope_not_authorized": (Forbidden, SCOPE),
    "scope_permission_missed": (Forbidden, SCOPE),
    "spam_risk": (PostRejected, "TikTok takes it for spam"),
    "spam_risk_text": (PostRejected, "TikTok takes its words for spam"),
    "spam_risk_too_many_pending_share": (RateLimited, "too many of its posts wait to be finished in the app"),
    "spam_risk_too_many_posts": (RateLimited, "the account has posted as often as TikTok lets it in a day"),
    "spam_risk_user_banned_from_posting": (
        Stopped,
        "TikTok lets the account post no more: look into it in the app, and end the pause with `greenroom resume`",
    ),
    "token_not_authorized_for_specified_publish_id": (TargetGone, ""),
    "unaudited_client_can_only_post_to_private_accounts": (
        Forbidden,
        "TikTok has not audited the app: write `privacy: me`, and make the account private in TikTok's app",
    ),
    "url_ownership_unverified": (Forbidden, "verify the beginning of `media_url` under *URL properties* of the app"),
    "video_pull_failed": (Unavailable, "TikTok could not fetch the video"),
}
"""Code of an error, or reason of a failure → its meaning."""
DAY_LONG = frozenset(
    {"reached_active_user_cap", "spam_risk_too_many_pending_share", "spam_risk_too_many_posts"},
)
GRANTS = frozenset({"access_denied", "invalid_client", "invalid_grant", "invalid_request", "unauthorized_client"})
"""Errors of the token endpoint (RFC 6749, section 5.2)."""


def refusal(answer: Answer) -> tuple[type[AdapterError], str] | None:
    """Say which refusal an answer is, in TikTok's words and with the mend; None: its status must do."""
    told = told_in(answer)
    if told is None or (told.code not in MEANINGS and told.code not in GRANTS):
        return None
    kind = _kind(told, answer.effect)
    if answer.status == NOT_LET_IN and not issubclass(kind, AuthenticationFailed):
        kind = Withheld
    return kind, _words(told)


def wait(answer: Answer) -> timedelta | None:
    """Say how long to wait after an answer that asks us to."""
    told = told_in(answer)
    return A_DAY if told is not None and told.code in DAY_LONG else A_MINUTE


def told_in(answer: Answer) -> WireError | None:
    """Return what an answer says went wrong, whatever its status; None: nothing."""
    try:
        told = REFUSALS.decode(answer.body).told
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return told if told.is_one else None


def error_of(http: Http, told: WireError, effect: Effect) -> AdapterError:
    """Return the error that an answer is which calls itself good: what is not known there is refused for good."""
    return _made(http, _kind(told, effect), _words(told), told.code)


def failure(http: Http, reason: str) -> AdapterError:
    """Return what it means that nothing became of a post. What is not known may pass."""
    kind, mend = MEANINGS.get(reason, (Unavailable, ""))
    kind = Unavailable if kind is Broken else kind
    words = f"TikTok made no post of it: {_line(reason) or 'no reason given'}"
    return _made(http, kind, f"{words}: {mend}" if mend else words, reason)


def _made(http: Http, kind: type[AdapterError], words: str, code: str) -> AdapterError:
    if issubclass(kind, RateLimited):
        retry_after = A_DAY if code in DAY_LONG else A_MINUTE
        words = http.redactor.clean(words)
        return RateLimited(words, retry_after=retry_after, platform=http.platform, account=http.account)
    return http.error(kind, words)


def _kind(told: WireError, effect: Effect) -> type[AdapterError]:
    if told.code in GRANTS:
        return AuthenticationFailed
    kind, _ = MEANINGS.get(told.code, (PostRejected, ""))
    if kind is Broken:
        return OutcomeUnknown if effect.shows else Unavailable
    return kind


def _words(told: WireError) -> str:
    _, mend = MEANINGS.get(told.code, (PostRejected, ""))
    said = ", ".join(part for part in (_line(told.code), _line(told.message)) if part)
    return f"{said}: {mend}" if mend else said


def _line(text: str) -> str:
    """Return somebody else's words on one line, and no more than are of use."""
    line = "".join(letter if letter.isprintable() else " " for letter in text[:LONGEST_WORDS])
    return " ".join(line.split())
