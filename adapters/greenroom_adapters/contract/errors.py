"""Every error that Greenroom raises on purpose, sorted by what the caller must do next.

GreenroomError
├── ConfigurationError          a person mends the configuration; nothing went out
└── AdapterError                carries platform and account
    ├── PostRejected            give up on this post; nothing went out, do not retry
    │   ├── TooLong
    │   ├── MediaRefused
    │   ├── Duplicate           the platform says it has this post already: perhaps ours, look it up
    │   ├── Forbidden           this account may not do this here
    │   └── TargetGone          what it answers is gone
    ├── AuthenticationFailed    pause the account, tell a person; nothing went out
    ├── Unavailable             nothing went out; retry later with the same key
    │   └── RateLimited         ... but not before `retry_after`
    ├── OutcomeUnknown          it may have gone out: ask `find` before anything else
    └── Unsupported             a programming error: ask `capabilities` before

The branch of `OutcomeUnknown` is what makes "never twice" possible: a time-out after the request was
sent is `OutcomeUnknown`, a time-out before it is `Unavailable`. No message carries a secret.
"""

from datetime import timedelta

__all__ = [
    "AdapterError",
    "AuthenticationFailed",
    "ConfigurationError",
    "Duplicate",
    "Forbidden",
    "GreenroomError",
    "MediaRefused",
    "OutcomeUnknown",
    "PostRejected",
    "RateLimited",
    "TargetGone",
    "TooLong",
    "Unavailable",
    "Unsupported",
]


class GreenroomError(Exception):
    """Base of every error that Greenroom raises on purpose."""


class ConfigurationError(GreenroomError):
    """The configuration asks for something that does not exist or cannot work."""


class AdapterError(GreenroomError):
    """Base of every error that an adapter raises on purpose."""

    def __init__(self, message: str, *, platform: str = "", account: str = "") -> None:
        super().__init__(message)
        self.platform = platform
        self.account = account


class PostRejected(AdapterError):
    """The platform will never accept this post. Nothing was published; do not retry."""


class TooLong(PostRejected):
    """The text is over the platform's limit."""


class MediaRefused(PostRejected):
    """A picture or clip is too large, of a kind that the platform does not take, or unreadable."""


class Duplicate(PostRejected):
    """The platform says that it already has this post; it may be our own, so look it up."""


class Forbidden(PostRejected):
    """This account may not do this here."""


class TargetGone(PostRejected):
    """The post that was to be answered or acted upon no longer exists."""


class AuthenticationFailed(AdapterError):
    """The credentials do not work (any more). Nothing was published; a person must act."""


class Unavailable(AdapterError):
    """The platform could not be reached or refused to serve. Nothing was published; retry later."""


class RateLimited(Unavailable):
    """The platform asked us to wait. Nothing was published; retry after `retry_after`."""

    def __init__(self, message: str, *, retry_after: timedelta, platform: str = "", account: str = "") -> None:
        super().__init__(message, platform=platform, account=account)
        self.retry_after = retry_after


class OutcomeUnknown(AdapterError):
    """The request left but no conclusive answer came. Ask `Adapter.find` before anything else."""


class Unsupported(AdapterError):
    """The adapter was asked for something that its capabilities do not list."""
