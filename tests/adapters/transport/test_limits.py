"""Headers about limits are read in every form that platforms use, and nonsense does no harm."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_adapters.transport import read_quota, read_retry_after

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("3", 3),
        (" 1.5 ", 1.5),
        ("-4", 0),
        ("99999999999", timedelta(days=31).total_seconds()),
        ("Tue, 24 Nov 2026 08:01:00 GMT", 60),
        ("Tue, 24 Nov 2026 07:00:00 GMT", 0),
        ("", None),
        ("later", None),
        ("nan", None),
        ("inf", None),
        ("Tue, 24 Nov 99999999999999999999 08:01:00 GMT", None),
        ("Tue, 24 Nov 2026 08:01:00 +99999999999999999999", None),
        ("Fri, 31 Dec 9999 23:30:00 -0100", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(written: str, seconds: float | None) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert read_retry_after({"Retry-After": written}, now=NOW) == expected


def test_a_date_is_compared_with_the_date_of_the_answer() -> None:
    headers = {"Retry-After": "Tue, 24 Nov 2026 09:00:05 GMT", "Date": "Tue, 24 Nov 2026 09:00:00 GMT"}
    assert read_retry_after(headers, now=NOW) == timedelta(seconds=5)


@pytest.mark.parametrize(
    ("reset", "resets_at"),
    [
        (f"{NOW.timestamp() + 60:.0f}", NOW + timedelta(seconds=60)),
        (f"{NOW.timestamp() + 0.5}", NOW + timedelta(seconds=0.5)),
        ("30", NOW + timedelta(seconds=30)),
        ("2026-11-24T08:05:00.000Z", NOW + timedelta(minutes=5)),
        ("2026-11-24T08:05:00", NOW + timedelta(minutes=5)),
    ],
)
def test_a_reset_is_an_epoch_a_distance_or_a_time(reset: str, resets_at: datetime) -> None:
    headers = {"x-limit": "300", "x-remaining": "299", "x-reset": reset}
    quota = read_quota(headers, prefix="x", bucket="posts", now=NOW) or read_quota(
        {name.title(): value for name, value in headers.items()}, prefix="X", bucket="posts", now=NOW
    )
    assert quota is not None
    assert (quota.bucket, quota.limit, quota.remaining, quota.resets_at) == ("posts", 300, 299, resets_at)


def test_the_platforms_own_name_of_a_bucket_wins() -> None:
    headers = {"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "-1", "X-RateLimit-Reset": "1"}
    quota = read_quota({**headers, "X-RateLimit-Bucket": "writes"}, bucket="posts", now=NOW)
    assert quota is not None
    assert (quota.bucket, quota.remaining) == ("writes", 0)


WRITTEN = st.one_of(st.text(max_size=40), st.integers().map(str), st.floats().map(str), st.datetimes().map(str))


@settings(max_examples=200)
@given(WRITTEN, WRITTEN, WRITTEN, WRITTEN)
def test_whatever_a_platform_writes_is_read_or_passed_over(a: str, b: str, c: str, d: str) -> None:
    wait = read_retry_after({"Retry-After": a, "Date": b}, now=NOW)
    assert wait is None or timedelta(0) <= wait <= timedelta(days=31)
    quota = read_quota({"X-RateLimit-Limit": a, "X-RateLimit-Remaining": b, "X-RateLimit-Reset": c}, bucket=d, now=NOW)
    assert quota is None or (quota.remaining >= 0 and quota.resets_at.tzinfo is not None)
