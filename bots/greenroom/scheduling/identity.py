"""Which period a scheduled post serves, as the name under which it is served once and never again."""

import enum
from datetime import UTC, datetime, timedelta
from hashlib import blake2b

__all__ = ["Form", "event_id", "numbered", "period_of", "spread_of"]


class Form(enum.StrEnum):
    """What counts as one period of a schedule. A schedule of another form serves other periods."""

    DAY = "day"
    """One time a day: the local date, so that another time on the same day is the same period."""
    TIME = "time"
    """Several times a day: the local date and the written time."""
    ONCE = "once"
    """Written moments, each on a day of its own: the local date."""
    INSTANT = "instant"
    """`every` and `cron`: the nominal instant, in UTC."""


def period_of(form: Form, *, wall: datetime, instant: datetime) -> str:
    """Return the period that is served at `wall` on the zone's clock (naive), which is `instant` (aware)."""
    match form:
        case Form.DAY | Form.ONCE:
            return wall.date().isoformat()
        case Form.TIME:
            return wall.isoformat(timespec="minutes")
        case Form.INSTANT:
            nominal = instant.astimezone(UTC).replace(tzinfo=None)
            return nominal.isoformat(timespec="seconds" if nominal.second else "minutes") + "Z"


def event_id(name: str, period: str) -> str:
    """Return the id under which the inbox takes this post, once: `post:morning@2026-11-24`."""
    return f"post:{name}@{period}"


def numbered(number: int | str, *, ledger: str) -> str:
    """Return the period of what has no time of its own but a number in the ledger of that id: another ledger gives the
    same number again, and a platform that knows the key would show the old post for it."""
    return f"{number}.{ledger}" if ledger else str(number)


def spread_of(name: str, period: str, *, room: timedelta) -> timedelta:
    """Return how long after its nominal time this period is due: whole seconds, 0 and more, less than `room`.

    Drawn from the identity, so every process and every restart draws alike.
    """
    seconds = room // timedelta(seconds=1)
    drawn = int.from_bytes(blake2b(f"{name}\0{period}".encode(), digest_size=8).digest())
    return timedelta(seconds=drawn * seconds >> 64)
