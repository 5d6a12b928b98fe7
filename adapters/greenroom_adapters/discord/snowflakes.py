"""The ids of Discord, which hold the moment in which they were made (API reference, "Snowflakes")."""

from datetime import UTC, datetime, timedelta

__all__ = ["first_of", "moment_of"]

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
REST_BITS = 22
"""What is below the time: worker, process and a counter."""


def moment_of(snowflake: str) -> datetime:
    """Return when an id was made, to the millisecond.

    :raises ValueError: it is no id, or none that a calendar has a day for
    """
    try:
        return EPOCH + (int(snowflake) >> REST_BITS) * MILLISECOND
    except OverflowError as exc:
        raise ValueError("no time that a calendar has") from exc


def first_of(moment: datetime) -> int:
    """Return the smallest id of this moment (aware); every id that is made later is larger."""
    return max(0, (moment - EPOCH) // MILLISECOND) << REST_BITS
