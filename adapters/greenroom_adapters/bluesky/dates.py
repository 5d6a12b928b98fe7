"""Dates as the AT Protocol writes them."""

from datetime import UTC, datetime

__all__ = ["moment", "written"]


def moment(written: str) -> datetime | None:
    """Return a date of the platform, aware; None: it is none."""
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def written(moment: datetime) -> str:
    """Return a date as the official clients write it (AT Protocol, "datetime")."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03}Z"
