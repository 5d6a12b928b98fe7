"""Moments as the Graph API writes them, and as its answers tell them."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from greenroom_adapters.transport import Answer

__all__ = ["answered_at", "from_epoch", "moment"]

MILLISECONDS_FROM = 100_000_000_000
"""A larger number of an epoch counts milliseconds."""


def moment(text: str) -> datetime:
    """Return what stands there as `2026-11-30T20:00:00+0000`.

    :raises ValueError: it is no moment
    """
    read = datetime.fromisoformat(text)
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def from_epoch(number: int) -> datetime:
    """Return the moment of so many seconds or milliseconds since 1970.

    :raises ValueError: it is none
    """
    try:
        return datetime.fromtimestamp(number / 1000 if number >= MILLISECONDS_FROM else number, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(str(error)) from None


def answered_at(answer: Answer, now: Callable[[], datetime]) -> datetime:
    """Return when an answer was given, by the clock of who gave it."""
    try:
        read = parsedate_to_datetime(answer.headers.get("Date", ""))
    except ValueError:
        return now()
    return read if read.tzinfo else read.replace(tzinfo=UTC)
