"""Moments as they are typed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.cli.when import moment_of
from greenroom_adapters.contract import ConfigurationError

LISBON = ZoneInfo("Europe/Lisbon")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/Lisbon", "America/New_York", "Asia/Kathmandu")])
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the strategy wants them naive


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("now", NOW),
        ("in 2 hours", NOW + timedelta(hours=2)),
        ("in 90 days", NOW + timedelta(days=90)),
        ("18:00", datetime(2026, 11, 24, 18, 0, tzinfo=UTC)),
        ("11:59", datetime(2026, 11, 25, 11, 59, tzinfo=UTC)),
        ("12:00", datetime(2026, 11, 25, 12, 0, tzinfo=UTC)),
        ("2027-07-01 18:00", datetime(2027, 7, 1, 17, 0, tzinfo=UTC)),
    ],
)
def test_moments_are_on_the_clock_of_the_bot(text: str, moment: datetime) -> None:
    assert moment_of(text, now=NOW, zone=LISBON) == moment


@pytest.mark.parametrize(
    "text", ["", "in", "in 5", "in 10m", "24:00", "2026-13-01 10:00", "yesterday", "2026-11-24 11:59"]
)
def test_what_is_no_moment_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"write|has passed"):
        moment_of(text, now=NOW, zone=LISBON)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("tomorrow 8:00", "write '2026-11-25 08:00'"),
        ("Tomorrow at 8pm", "write '2026-11-25 20:00'"),
        ("today 18.30", "write '2026-11-24 18:30'"),
        ("12am", "write 00:00"),
        ("tomorrow", "write 18:00, 2026-12-24 18:00, or in 2 hours"),
        ("tomorrow 25:00", "write 18:00, 2026-12-24 18:00, or in 2 hours"),
    ],
)
def test_what_was_probably_meant_is_told_in_the_form_that_works(text: str, form: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        moment_of(text, now=NOW, zone=LISBON)
    assert str(refused.value) == f"`{text}` does not say when: {form}"
    written = form.removeprefix("write ").strip("'")
    if "," not in written:
        assert moment_of(written, now=NOW, zone=LISBON) > NOW


@settings(max_examples=150)
@given(now=MOMENTS, zone=ZONES, hour=st.integers(0, 23), minute=st.integers(0, 59))
def test_a_time_of_day_is_its_next_coming(now: datetime, zone: ZoneInfo, hour: int, minute: int) -> None:
    moment = moment_of(f"{hour:02}:{minute:02}", now=now, zone=zone)
    assert timedelta(0) < moment - now <= timedelta(hours=26)
