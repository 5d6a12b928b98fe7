"""An edited file never serves a day twice."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

from greenroom.scheduling import Considered, Form, Schedule, due_now, plan_change

Make = Callable[..., Schedule]

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOW = datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
SERVED = Considered(until=NOW, form=Form.DAY)


def served(schedule: Schedule, considered: Considered, *, until: datetime) -> list[str]:
    """The identities that are served when the clock is looked at every ten minutes."""
    found: list[str] = []
    mark, now = considered.until, NOW
    while now <= until:
        due = due_now(schedule, mark, now)
        found += [one.event_id for one in due.serve]
        mark, now = due.considered_until, now + HOUR / 6
    return found


def test_a_first_file_begins_with_the_present_period(schedule: Make) -> None:
    posts = schedule("UTC", at=[time(8)])
    plan = plan_change({}, {"log": posts}, NOW)
    assert plan == {"log": Considered(until=None, form=Form.DAY)}
    assert served(posts, plan["log"], until=NOW) == ["post:log@2026-11-24"]


def test_a_name_that_stays_goes_on_and_a_moved_time_keeps_its_identity(schedule: Make) -> None:
    moved = schedule("UTC", at=[time(9)])
    plan = plan_change({"log": SERVED}, {"log": moved}, NOW)
    assert plan == {"log": SERVED}
    # The inbox has this identity already: it was served at eight.
    assert served(moved, plan["log"], until=NOW + 12 * HOUR) == ["post:log@2026-11-24"]


def test_a_name_that_comes_while_another_goes_begins_tomorrow(schedule: Make) -> None:
    renamed = schedule("UTC", name="morning", at=[time(9)])
    plan = plan_change({"log": SERVED}, {"morning": renamed}, NOW)
    assert plan["log"] == Considered(until=NOW, form=Form.DAY, present=False)
    assert served(renamed, plan["morning"], until=NOW + 30 * HOUR) == ["post:morning@2026-11-25"]


def test_a_name_that_comes_alone_begins_at_once(schedule: Make) -> None:
    old, new = schedule("UTC", at=[time(8)]), schedule("UTC", name="noon", at=[time(12)])
    plan = plan_change({"log": SERVED}, {"log": old, "noon": new}, NOW)
    assert plan["noon"].until is None
    assert served(new, plan["noon"], until=NOW + 6 * HOUR) == ["post:noon@2026-11-24"]


def test_a_written_moment_still_to_come_survives_a_new_name_and_a_past_one_does_not_return(schedule: Make) -> None:
    for hour, expected in ((18, ["post:lights@2026-11-24"]), (8, [])):
        moment = datetime(2026, 11, 24, hour)  # noqa: DTZ001 - in the schedule's zone
        lights = schedule("UTC", name="lights", at=[moment])
        plan = plan_change({"log": SERVED}, {"lights": lights}, NOW)
        assert served(lights, plan["lights"], until=NOW + 20 * HOUR) == expected


def test_a_name_that_changes_what_it_serves_begins_tomorrow(schedule: Make) -> None:
    changes: list[tuple[dict[str, object], str]] = [
        ({"at": [time(9), time(18)]}, "post:log@2026-11-25T09:00"),
        ({"every": 6 * HOUR}, "post:log@2026-11-25T00:00Z"),
        ({"cron": "0 9 * * *"}, "post:log@2026-11-25T09:00Z"),
    ]
    for fields, first in changes:
        changed = schedule("UTC", **fields)
        plan = plan_change({"log": SERVED}, {"log": changed}, NOW)
        assert plan["log"].form is changed.form
        assert served(changed, plan["log"], until=NOW + DAY + HOUR)[:1] == [first]


def test_a_name_that_returns_goes_on_without_making_up(schedule: Make) -> None:
    posts = schedule("UTC", every=HOUR)
    gone = Considered(until=NOW - 3 * DAY, form=Form.INSTANT, present=False)
    plan = plan_change({"log": gone}, {"log": posts}, NOW)
    due = due_now(posts, plan["log"].until, NOW)
    assert [one.due for one in due.serve] == [NOW - HOUR / 2]
    assert due.skipped == ()


def test_a_name_that_returns_at_once_does_not_serve_what_it_served(schedule: Make) -> None:
    posts = schedule("UTC", at=[time(8)])
    without = plan_change({"log": SERVED}, {}, NOW)
    again = plan_change(without, {"log": posts}, NOW + HOUR / 3)
    assert again == {"log": SERVED}
    assert served(posts, again["log"], until=NOW + 12 * HOUR) == []


def test_names_that_change_places_begin_tomorrow_however_often(schedule: Make) -> None:
    log, other = schedule("UTC", at=[time(9)]), schedule("UTC", name="other", at=[time(9)])
    first = plan_change({"log": SERVED}, {"other": other}, NOW)
    second = plan_change(first, {"log": log}, NOW)
    assert served(log, second["log"], until=NOW + 12 * HOUR) == []
    assert second["other"].present is False
