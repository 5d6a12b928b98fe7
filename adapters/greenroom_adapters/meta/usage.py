"""What Graph's headers say about how much of the limits is used."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from greenroom_adapters.contract import Quota
from greenroom_adapters.transport import Answer, levelled

__all__ = ["quota", "wait"]

APP, CASES = "X-App-Usage", "X-Business-Use-Case-Usage"
T = TypeVar("T")

PARTS = ("call_count", "total_time", "total_cputime")
"""What is counted, each in percent of what may be used."""
WINDOW = timedelta(hours=1)
"""Graph counts over the last hour. Where it does not say when a limit is regained, it is asked again after a while."""
ASKED_AGAIN = timedelta(minutes=5)


def quota(headers: Mapping[str, str], *, now: datetime) -> Quota | None:
    """Return how much is left, in percent of the limit that is nearest to its end; None: not told."""
    counted = [one.get(name) for one in _told(headers) for name in PARTS]
    used = [float(percent) for percent in counted if isinstance(percent, int | float)]
    if not used:
        return None
    regained = _regained(headers) or WINDOW
    return Quota(bucket="graph", limit=100, remaining=max(0, 100 - int(max(used))), resets_at=now + regained)


def wait(answer: Answer) -> timedelta | None:
    """Say how long to wait after an answer that asks us to."""
    return _regained(answer.headers) or ASKED_AGAIN


def _regained(headers: Mapping[str, str]) -> timedelta | None:
    minutes = [
        float(value)
        for one in _told(headers)
        if isinstance(value := one.get("estimated_time_to_regain_access"), int | float)
    ]
    longest = max(minutes, default=0.0)
    return timedelta(minutes=min(longest, 31 * 24 * 60)) if longest > 0 else None


def _told(headers: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the counts of the app, and those of each use case of each account."""
    told = [_read(headers.get(APP, ""), dict[str, Any]) or {}]
    for counts in (_read(headers.get(CASES, ""), dict[str, list[dict[str, Any]]]) or {}).values():
        told += counts
    return told


def _read(header: str, shape: type[T]) -> T | None:
    try:
        return msgspec.json.decode(levelled(header.encode()), type=shape)
    except (msgspec.DecodeError, UnicodeError):
        return None
