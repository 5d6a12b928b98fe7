"""Reads what a platform's headers say about its limits."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from greenroom_adapters.contract import Quota

__all__ = ["LONGEST_WAIT", "read_http_date", "read_quota", "read_retry_after"]

LONGEST_WAIT = timedelta(days=31)
"""No platform's window is longer; a larger number is a mistake and must not overflow anything."""


def read_retry_after(headers: Mapping[str, str], *, now: datetime) -> timedelta | None:
    """Return how long `Retry-After` asks us to wait: seconds, or the distance to an HTTP date.

    A date is compared with the answer's own `Date`, so a wrong clock on either side does not matter; with `now`
    where there is none. Never negative. None: the header is missing or unreadable.
    """
    written = headers.get("Retry-After", "").strip()
    if not written:
        return None
    seconds = _number(written)
    if seconds is not None:
        return _bounded(seconds)
    until = read_http_date(written)
    if until is None:
        return None
    since = read_http_date(headers.get("Date", "")) or now
    return _bounded((until - since).total_seconds())


def read_quota(
    headers: Mapping[str, str], *, prefix: str = "X-RateLimit", bucket: str = "", now: datetime
) -> Quota | None:
    """Return the limit that `{prefix}-Limit`, `-Remaining` and `-Reset` (and `-Bucket`) describe.

    `Reset` may be epoch seconds, seconds from now (any number that is too small for an epoch) or an ISO 8601 time.
    `bucket` names the limit where the platform does not. None: not told, or unreadable.
    """
    limit = _number(headers.get(f"{prefix}-Limit", ""))
    remaining = _number(headers.get(f"{prefix}-Remaining", ""))
    resets_at = _moment(headers.get(f"{prefix}-Reset", ""), now=now)
    if limit is None or remaining is None or resets_at is None:
        return None
    return Quota(
        bucket=headers.get(f"{prefix}-Bucket") or bucket,
        limit=int(limit),
        remaining=max(0, int(remaining)),
        resets_at=resets_at,
    )


def read_http_date(text: str) -> datetime | None:
    """Return the moment that a header names, in UTC; None: it names none."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _bounded(seconds: float) -> timedelta:
    return timedelta(seconds=min(max(0.0, seconds), LONGEST_WAIT.total_seconds()))


YEAR_2001 = 1_000_000_000
"""In epoch seconds; a smaller reset is a distance."""


def _moment(text: str, *, now: datetime) -> datetime | None:
    seconds = _number(text)
    if seconds is not None:
        if seconds < YEAR_2001:
            return now + _bounded(seconds)
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (OverflowError, OSError, ValueError):
            return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
