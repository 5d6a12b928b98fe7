"""Moments as the Graph API writes them."""

from datetime import UTC, datetime

__all__ = ["from_epoch", "moment"]

MILLISECONDS_FROM = 100_000_000_000
"""A larger number of an epoch counts milliseconds."""


def moment(text: str) -> datetime:
    """Return what stands there as `2026-11-30T20:00:00+0000`.

    :raises ValueError: it is no moment
    """
    read = datetime.fromisoformat(text)
    try:
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(str(error)) from None


def from_epoch(number: int) -> datetime:
    """Return the moment of so many seconds or milliseconds since 1970.

    :raises ValueError: it is none
    """
    try:
        return datetime.fromtimestamp(number / 1000 if number >= MILLISECONDS_FROM else number, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(str(error)) from None
