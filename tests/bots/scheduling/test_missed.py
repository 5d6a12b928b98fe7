"""What is posted after the clock was not looked at for a while."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greenroom.scheduling import Schedule, due_now

Make = Callable[..., Schedule]

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EIGHT = datetime(2026, 11, 24, 8, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)


def test_a_post_is_served_from_its_time_up_to_its_deadline(schedule: Make) -> None:
    posts = schedule("UTC", at=[time(8)])
    for now, served, skipped in [
        (EIGHT - INSTANT, 0, 0),
        (EIGHT, 1, 0),
        (EIGHT + HOUR, 1, 0),
        (EIGHT + HOUR + INSTANT, 0, 1),
    ]:
        due = due_now(posts, EIGHT - DAY / 2, now)
        assert (len(due.serve), len(due.skipped), due.considered_until) == (served, skipped, now)


def test_what_was_considered_is_never_considered_again(schedule: Make) -> None:
    posts = schedule("UTC", at=[time(8)])
    assert due_now(posts, EIGHT, EIGHT + MINUTE).serve == ()
    backwards = due_now(posts, EIGHT + HOUR, EIGHT)
    assert (backwards.serve, backwards.skipped, backwards.considered_until) == ((), (), EIGHT + HOUR)


def test_after_an_outage_only_the_newest_is_served_and_the_others_are_named(schedule: Make) -> None:
    due = due_now(schedule("UTC", every=30 * MINUTE), EIGHT - 3 * HOUR, EIGHT + 5 * MINUTE)
    assert [one.due for one in due.serve] == [EIGHT]
    assert [one.due for one in due.skipped] == [EIGHT - 3 * HOUR + n * 30 * MINUTE for n in range(1, 6)]


def test_a_new_post_misses_nothing_but_serves_its_present_period_where_that_is_not_too_late(schedule: Make) -> None:
    often = due_now(schedule("UTC", every=30 * MINUTE), None, EIGHT + 29 * MINUTE)
    assert ([one.due for one in often.serve], often.skipped) == ([EIGHT], ())
    daily = schedule("UTC", at=[time(8)])
    assert len(due_now(daily, None, EIGHT + 40 * MINUTE).serve) == 1
    late = due_now(daily, None, EIGHT + 61 * MINUTE)
    assert (late.serve, late.skipped, late.considered_until) == ((), (), EIGHT + 61 * MINUTE)


def test_a_very_long_outage_is_told_for_its_last_month(schedule: Make) -> None:
    due = due_now(schedule("UTC", every=HOUR), EIGHT - 400 * DAY, EIGHT)
    assert len(due.skipped) + len(due.serve) == 31 * 24 + 1
    patient = schedule("UTC", at=[datetime(2026, 9, 1, 8)], late_ok=100 * DAY)  # noqa: DTZ001 - in the schedule's zone
    assert len(due_now(patient, EIGHT - 400 * DAY, EIGHT).serve) == 1


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    ticks=st.lists(st.integers(1, 600), min_size=1, max_size=25),
    late_ok=st.sampled_from((timedelta(0), 10 * MINUTE, HOUR, 5 * HOUR)),
    every=st.sampled_from((20, 60, 360)),
    spread=st.sampled_from((0, 15, 90)),
)
def test_however_the_clock_is_looked_at_each_period_is_decided_exactly_once(
    ticks: list[int], late_ok: timedelta, every: int, spread: int, schedule: Make
) -> None:
    posts = schedule("Europe/Lisbon", every=every * MINUTE, late_ok=late_ok, spread=spread * MINUTE)
    start = now = datetime(2026, 10, 24, 20, tzinfo=UTC)
    until: datetime = start
    decided: list[str] = []
    for tick in ticks:
        now += tick * MINUTE
        due = due_now(posts, until, now)
        assert len(due.serve) <= 1
        assert all(one.due <= now <= one.deadline for one in due.serve)
        decided += [one.period for one in (*due.skipped, *due.serve)]
        until = due.considered_until
    assert decided == [one.period for one in posts.between(start, now)]
