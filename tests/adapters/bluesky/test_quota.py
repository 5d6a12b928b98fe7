"""What the limit headers of a data server say about posts."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from greenroom_adapters.bluesky.publishing import quota_of
from greenroom_adapters.transport import Answer, Effect

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def answer(headers: Mapping[str, str]) -> Answer:
    return Answer(status=200, headers=headers, body=b"{}", effect=Effect.ONCE)


def told(limit: int, remaining: int, window: int) -> dict[str, str]:
    reset = str(int((NOON + timedelta(seconds=window)).timestamp()))
    return {
        "RateLimit-Limit": str(limit),
        "RateLimit-Remaining": str(remaining),
        "RateLimit-Reset": reset,
        "RateLimit-Policy": f"{limit};w={window}",
    }


@pytest.mark.parametrize(("limit", "window"), [(5000, 3600), (35000, 86400)])
def test_limits_in_points_are_told_in_posts(limit: int, window: int) -> None:
    quota = quota_of(answer(told(limit, 101, window)), now=NOON)
    assert quota is not None
    assert (quota.limit, quota.remaining) == (limit // 2, 50)
    assert (quota.bucket, quota.resets_at) == (f"writes {limit};w={window}", NOON + timedelta(seconds=window))


def test_a_limit_of_requests_is_told_as_it_is() -> None:
    quota = quota_of(answer(told(3000, 2999, 300)), now=NOON)
    assert quota is not None
    assert (quota.limit, quota.remaining) == (3000, 2999)


def test_a_server_that_tells_of_no_limit_has_none() -> None:
    assert quota_of(answer({}), now=NOON) is None
