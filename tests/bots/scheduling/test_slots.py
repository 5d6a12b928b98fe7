"""When what comes from a feed or a folder is posted."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.clock import from_micros, to_micros
from greenroom.scheduling.slots import Slots
from greenroom.settings import BotFile, Rate
from greenroom.settings.posting import PostEntry

MONDAY = datetime(2026, 11, 23, 12, tzinfo=UTC)


def slots(**fields: object) -> Slots:
    origin = {"feed": "https://harbour.example/feed", **({"most": fields.pop("most")} if "most" in fields else {})}
    entry = PostEntry.model_validate({"name": "boats", "from": origin, **fields})
    file = BotFile.model_validate(
        {"bot": "ada", "persona": "ada.yaml", "accounts": {"home": {"platform": "stage"}}, "timezone": "UTC"}
    )
    return Slots(entry, file)


def places(found: Slots, count: int, *, now: datetime = MONDAY, taken: tuple[datetime, ...] = ()) -> list[datetime]:
    known = [to_micros(one) for one in taken]
    for _ in range(count):
        place = found.next_after(known, to_micros(now))
        assert place is not None
        known.append(place)
    return [from_micros(one) for one in known[len(taken) :]]


def test_without_times_it_is_now_as_long_as_there_is_a_place() -> None:
    found = slots(most=Rate(count=2, per=timedelta(days=1)))
    tomorrow = MONDAY + timedelta(days=1)
    assert places(found, 4) == [MONDAY, MONDAY, tomorrow, tomorrow]


def test_with_times_each_takes_the_next_that_nobody_has() -> None:
    found = slots(at=(datetime(2026, 1, 1, 9).time(),))  # noqa: DTZ001 - only the time of day
    assert [place.isoformat()[:16] for place in places(found, 2)] == ["2026-11-24T09:00", "2026-11-25T09:00"]


def test_when_its_times_are_over_there_is_no_place() -> None:
    assert slots(at=(datetime(2026, 11, 23, 11),)).next_after((), to_micros(MONDAY)) is None  # noqa: DTZ001 - the owner's


def test_other_days_than_its_own_are_passed_over() -> None:
    assert places(slots(days=frozenset({2})), 1) == [datetime(2026, 11, 25, tzinfo=UTC)]


@given(
    count=st.integers(1, 4),
    hours=st.integers(1, 48),
    every=st.sampled_from([None, timedelta(hours=3)]),
    taken=st.lists(st.integers(-72, 0), max_size=4),
)
@pytest.mark.timeout(60)
def test_no_stretch_of_time_has_more_than_it_may(
    count: int, hours: int, every: timedelta | None, taken: list[int]
) -> None:
    per = timedelta(hours=hours)
    before = tuple(sorted(MONDAY + timedelta(hours=one) for one in taken))
    fields = {"most": Rate(count=count, per=per)} | ({} if every is None else {"every": every})
    found = places(slots(**fields), 8, taken=before)
    assert found == sorted(found)
    for place in found:
        assert sum(1 for one in found if place - per < one <= place) <= count
