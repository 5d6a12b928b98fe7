"""When a post is due, in every zone and in the nights when clocks change."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.scheduling import Form, Schedule
from greenroom_adapters.contract import ConfigurationError

Make = Callable[..., Schedule]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ZONES = (
    "Europe/Lisbon",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour
    "Asia/Kathmandu",  # never
    "Pacific/Apia",  # left a day out in 2011
    "Africa/Casablanca",  # back for Ramadan
    "America/Havana",  # at midnight
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]  # mypy cannot count unpacked arguments


def shown(schedule: Schedule, after: datetime, *, days: float) -> list[str]:
    """What the clocks of the zone show at each occurrence, with the day of the month."""
    return [f"{one.due.astimezone(schedule.timezone):%d %H:%M}" for one in schedule.between(after, after + days * DAY)]


times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 1, 15, 30, 45, 59)))
steps = st.one_of(
    st.sampled_from((5, 20, 30, 45, 60)), st.sampled_from((90, 120, 360, 420, 1440, 2160, 2880, 10080))
).map(lambda minutes: timedelta(minutes=minutes))
crons = st.sampled_from(("30 1 * * *", "*/20 0-3 * * *", "0 2 * * 0", "0 8 1 * 5", "59 23 * * 1-5", "15 0 */9 * *"))
spreads = st.sampled_from((timedelta(0), timedelta(minutes=7), timedelta(minutes=45), timedelta(hours=30)))
when = st.one_of(
    st.fixed_dictionaries({"at": st.lists(times, min_size=1, max_size=3).map(tuple)}),
    st.fixed_dictionaries({"every": steps}),
    st.fixed_dictionaries({"cron": crons}),
)
moments = st.one_of(
    st.datetimes(datetime(2009, 1, 1), datetime(2030, 1, 1)),  # noqa: DTZ001 - made aware below
    # the nights in which something happens to a clock
    st.sampled_from(
        [(2011, 12, 30, 9), (2026, 3, 8, 6), (2026, 3, 29, 0), (2026, 10, 25, 0), (2026, 11, 1, 4), (2026, 4, 4, 14)]
    ).flatmap(
        lambda parts: st.integers(-600, 600).map(
            lambda minutes: datetime(*parts) + timedelta(minutes=minutes)  # noqa: DTZ001 - made aware below
        )
    ),
).map(lambda moment: moment.replace(tzinfo=UTC))
tried = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@tried
@given(fields=when, spread=spreads, zone=st.sampled_from(ZONES), start=moments)
def test_occurrences_grow_and_no_period_comes_twice(
    fields: dict[str, object], spread: timedelta, zone: str, start: datetime, schedule: Make
) -> None:
    found = list(islice(schedule(zone, spread=spread, **fields).between(start, start + 20 * DAY), 80))
    assert all(one.due < other.due for one, other in pairwise(found))
    assert len({one.period for one in found}) == len(found)
    assert all(one.due > start and one.deadline == one.due + HOUR for one in found)


@tried
@given(fields=when, spread=spreads, zone=st.sampled_from(ZONES), start=moments)
def test_between_is_one_next_after_another(
    fields: dict[str, object], spread: timedelta, zone: str, start: datetime, schedule: Make
) -> None:
    posts = schedule(zone, spread=spread, **fields)
    found = list(islice(posts.between(start, start + 5 * DAY), 8))
    moment = start
    for one in found:
        following = posts.next_after(moment)
        assert following == one
        assert posts.next_after(one.due - timedelta(microseconds=1)) == one
        moment = one.due


@tried
@given(at=times, zone=st.sampled_from(ZONES), start=moments)
def test_a_daily_post_serves_each_day_of_the_calendar_once(
    at: time, zone: str, start: datetime, schedule: Make
) -> None:
    found = [date.fromisoformat(one.period) for one in schedule(zone, at=[at]).between(start, start + 10 * DAY)]
    for one, other in pairwise(found):
        left_out = zone == "Pacific/Apia" and one == date(2011, 12, 29)
        assert other - one == (2 if left_out else 1) * DAY


@tried
@given(at=times, other=times, zone=st.sampled_from(ZONES), start=moments, spread=spreads)
def test_moving_a_daily_post_within_the_day_keeps_its_period(
    at: time, other: time, zone: str, start: datetime, spread: timedelta, schedule: Make
) -> None:
    day = schedule(zone, at=[at], spread=spread).next_after(start)
    assert day is not None
    noon = datetime.combine(date.fromisoformat(day.period), time(), ZoneInfo(zone))
    moved = schedule(zone, at=[other]).between(noon.astimezone(UTC) - DAY, noon.astimezone(UTC) + 2 * DAY)
    assert day.event_id in {one.event_id for one in moved}


@tried
@given(fields=when, spread=spreads, zone=st.sampled_from(ZONES), start=moments)
def test_spread_is_stable_bounded_and_ends_before_the_next_time(
    fields: dict[str, object], spread: timedelta, zone: str, start: datetime, schedule: Make
) -> None:
    plain = {one.period: one for one in islice(schedule(zone, **fields).between(start - 3 * DAY, start + 20 * DAY), 60)}
    nominal = list(plain.values())
    following = {one.period: other.due for one, other in pairwise(nominal)}
    for _ in range(2):
        for one in islice(schedule(zone, spread=spread, **fields).between(start, start + 20 * DAY), 20):
            if one.period not in following:
                continue
            late = one.due - plain[one.period].due
            assert timedelta(0) <= late <= spread
            assert late < spread or not spread
            assert one.due < following[one.period]


def test_spread_differs_from_day_to_day_and_from_name_to_name(schedule: Make) -> None:
    def minutes(name: str) -> list[int]:
        posts = schedule("UTC", name=name, at=[time(8)], spread=HOUR)
        return [one.due.minute for one in posts.between(utc(2026, 11, 1), utc(2026, 11, 30))]

    assert len(set(minutes("morning"))) > 15
    assert minutes("morning") != minutes("evening")


@pytest.mark.parametrize(
    ("zone", "after", "found"),
    [
        ("Europe/Lisbon", (2026, 3, 28, 12), "29 02:00"),  # 01:00-02:00 is left out
        ("Europe/Lisbon", (2026, 10, 24, 12), "25 01:30"),  # comes twice
        ("Pacific/Apia", (2011, 12, 29, 23), "31 01:30"),  # the 30th is left out
    ],
)
def test_a_gap_is_served_at_its_end_and_a_fold_once_the_first_time(
    zone: str, after: tuple[int, ...], found: str, schedule: Make
) -> None:
    assert shown(schedule(zone, at=[time(1, 30)]), utc(*after), days=1)[:1] == [found]
    assert shown(schedule(zone, cron="30 1 * * *"), utc(*after), days=1)[:1] == [found]
    one = schedule(zone, at=[time(1, 30)]).next_after(utc(*after))
    assert one is not None
    assert zone != "Europe/Lisbon" or after[1] == 3 or one.due == utc(2026, 10, 25, 0, 30)


def test_times_that_fall_together_after_a_gap_are_served_once(schedule: Make) -> None:
    posts = schedule(at=[time(1), time(1, 30), time(2), time(3)])
    assert [one.period for one in posts.between(utc(2026, 3, 28, 12), utc(2026, 3, 29, 12))] == [
        "2026-03-29T02:00",
        "2026-03-29T03:00",
    ]


def test_every_six_hours_is_the_same_four_times_on_every_day_of_the_year(schedule: Make) -> None:
    for start in (utc(2026, 3, 28), utc(2026, 10, 24)):
        found = shown(schedule(every=6 * HOUR), start, days=3)
        assert {time.split()[1] for time in found} == {"00:00", "06:00", "12:00", "18:00"}


@pytest.mark.parametrize("zone", ZONES)
def test_half_hourly_stays_half_hourly_when_clocks_change(zone: str, schedule: Make) -> None:
    for start in (utc(2026, 3, 7), utc(2026, 3, 28), utc(2026, 4, 4), utc(2026, 10, 3), utc(2026, 10, 24)):
        found = list(schedule(zone, every=HOUR / 2).between(start, start + 3 * DAY))
        assert {other.due - one.due for one, other in pairwise(found)} == {HOUR / 2}


def test_what_does_not_divide_the_day_begins_anew_at_midnight(schedule: Make) -> None:
    found = shown(schedule(every=7 * HOUR), utc(2026, 11, 23, 23), days=1.5)
    assert found == ["24 00:00", "24 07:00", "24 14:00", "24 21:00", "25 00:00", "25 07:00"]


def test_longer_than_a_day_is_counted_from_a_monday(schedule: Make) -> None:
    weekly = [one.due for one in schedule(every=7 * DAY).between(utc(2026, 3, 1), utc(2026, 6, 1))]
    assert {one.astimezone(ZoneInfo("Europe/Lisbon")).strftime("%a %H:%M") for one in weekly} == {"Mon 00:00"}
    assert len(weekly) == 14
    second = shown(schedule(every=2 * DAY), utc(2026, 11, 22), days=7)
    assert second == ["23 00:00", "25 00:00", "27 00:00", "29 00:00"]


@pytest.mark.parametrize(
    ("line", "days"),
    [
        ("0 8 * * 0", {6}),
        ("0 8 * * 7", {6}),
        ("0 8 * * 1", {0}),
        ("0 8 * * 1-5", {0, 1, 2, 3, 4}),
        ("0 8 * * 5-7", {4, 5, 6}),
        ("0 8 * * sun,tue", {1, 6}),
        ("0 8 * * mon-fri/2", {0, 2, 4}),
        ("0 8 * * */3", {6, 2, 5}),
        ("0 8 * * 4/2", {3, 5}),
    ],
)
def test_weekdays_of_a_cron_line_are_those_of_a_crontab(line: str, days: set[int], schedule: Make) -> None:
    found = schedule("UTC", cron=line).between(utc(2026, 11, 1), utc(2026, 11, 29))
    assert {one.due.weekday() for one in found} == days


def test_a_cron_line_with_day_and_weekday_comes_on_either(schedule: Make) -> None:
    found = shown(schedule("UTC", cron="0 8 13 nov fri"), utc(2026, 11, 1), days=29)
    assert found == ["06 08:00", "13 08:00", "20 08:00", "27 08:00"]
    assert shown(schedule("UTC", cron="0 8 11 nov fri"), utc(2026, 11, 1), days=14) == [
        "06 08:00",
        "11 08:00",
        "13 08:00",
    ]
    assert shown(schedule("UTC", cron="0 8 */10 * fri"), utc(2026, 8, 1), days=30) == ["21 08:00"]


def test_the_days_of_an_entry_hold_for_each_way_of_writing_it(schedule: Make) -> None:
    days = frozenset({1, 4})
    for fields in (
        {"at": [time(8)]},
        {"every": 6 * HOUR},
        {"every": HOUR},
        {"every": 36 * HOUR},
        {"cron": "0 8 * * *"},
    ):
        posts = schedule("UTC", days=days, **fields)
        assert {one.due.weekday() for one in posts.between(utc(2026, 1, 1), utc(2026, 3, 1))} == days


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"cron": "0 0 30 2 *"}, "never comes"),
        ({"cron": "0 8 * * mon", "days": frozenset({2})}, "never comes"),
        ({"cron": "*/90 * * * *"}, "is not a cron line"),
        ({"every": 7 * DAY, "days": frozenset({2})}, "`every` never falls on one of its `days`"),
        ({"at": [datetime(2026, 12, 24, 18)], "days": frozenset({0})}, "`at` never falls"),  # noqa: DTZ001 - local
    ],
)
def test_what_never_comes_is_refused(fields: dict[str, object], reason: str, schedule: Make) -> None:
    with pytest.raises(ConfigurationError, match=f"post `log`: .*{reason}"):
        schedule(**fields)


def test_a_leap_day_comes_every_four_years(schedule: Make) -> None:
    one = schedule("UTC", cron="0 0 29 2 *").next_after(utc(2026, 1, 1))
    assert one is not None
    assert one.due == utc(2028, 2, 29)


def test_a_written_moment_comes_once(schedule: Make) -> None:
    posts = schedule(at=[datetime(2026, 12, 24, 18)])  # noqa: DTZ001 - in the schedule's zone
    one = posts.next_after(utc(2026, 1, 1))
    assert one is not None
    assert (one.event_id, one.due, posts.form) == ("post:log@2026-12-24", utc(2026, 12, 24, 18), Form.ONCE)
    assert posts.next_after(one.due) is None


def test_times_and_moments_of_one_entry_come_in_order(schedule: Make) -> None:
    posts = schedule("UTC", at=[datetime(2026, 11, 25, 7), time(8)])  # noqa: DTZ001 - in the schedule's zone
    periods = [one.period for one in posts.between(utc(2026, 11, 24), utc(2026, 11, 26))]
    assert periods == ["2026-11-24T08:00", "2026-11-25T07:00", "2026-11-25T08:00"]


@pytest.mark.parametrize(
    ("fields", "form", "identity"),
    [
        ({"at": [time(8)]}, Form.DAY, "post:log@2026-11-24"),
        ({"at": [time(8), time(20)]}, Form.TIME, "post:log@2026-11-24T08:00"),
        ({"every": 6 * HOUR}, Form.INSTANT, "post:log@2026-11-23T18:15Z"),
        ({"cron": "0 8 * * *"}, Form.INSTANT, "post:log@2026-11-24T02:15Z"),
    ],
)
def test_the_identity_is_the_name_and_the_period(
    fields: dict[str, object], form: Form, identity: str, schedule: Make
) -> None:
    posts = schedule("Asia/Kathmandu", **fields)
    one = posts.next_after(utc(2026, 11, 23, 18, 10))
    assert one is not None
    assert (posts.form, one.event_id) == (form, identity)


def test_a_moment_without_a_zone_is_refused(schedule: Make) -> None:
    with pytest.raises(ValueError, match="time zone"):
        schedule(every=HOUR).next_after(datetime(2026, 1, 1))  # noqa: DTZ001 - that is the mistake


@tried
@given(fields=when, spread=spreads, zone=st.sampled_from(ZONES), now=moments)
def test_what_comes_from_tomorrow_on_begins_with_tomorrows_first(
    fields: dict[str, object], spread: timedelta, zone: str, now: datetime, schedule: Make
) -> None:
    tomorrow = now.astimezone(ZoneInfo(zone)).date() + DAY
    plain, posts = schedule(zone, **fields), schedule(zone, spread=spread, **fields)
    nominal = next(
        one for one in plain.between(now, now + 60 * DAY) if one.due.astimezone(ZoneInfo(zone)).date() >= tomorrow
    )
    first = posts.next_after(posts.from_tomorrow(now))
    assert first is not None
    assert first.period == nominal.period
