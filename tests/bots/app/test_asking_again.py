"""How long somebody waits who asks a platform again for something beside posting."""

from datetime import timedelta

import pytest

from greenroom.app.asking_again import pause_after
from greenroom_adapters.contract import RateLimited, Unavailable


@pytest.mark.parametrize(("failures", "seconds"), [(1, 2), (5, 32), (6, 60), (5000, 60)])
def test_the_pause_grows_to_the_longest_however_long_the_platform_is_away(failures: int, seconds: float) -> None:
    assert pause_after(Unavailable("it is away"), failures, longest=60.0) == seconds


def test_the_platform_may_ask_for_a_longer_one() -> None:
    limited = RateLimited("not so fast", retry_after=timedelta(minutes=15))
    assert pause_after(limited, 1, longest=60.0) == 900
