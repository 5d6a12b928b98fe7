"""A cursor on X forgives what becomes visible late, and nothing is heard twice."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.x.ids import id_at, moment_of
from greenroom_adapters.x.position import REMEMBERED, WINDOW, Position

BASE = id_at(datetime(2026, 11, 1, tzinfo=UTC))
SECOND = 1000 << 22


def test_an_id_tells_its_moment_and_a_moment_its_first_id() -> None:
    moment = datetime(2026, 11, 1, 12, 30, tzinfo=UTC)
    assert moment_of(id_at(moment)) == moment
    assert moment_of(id_at(moment) - 1) < moment
    # the first post that X has an id of this kind for
    assert moment_of(29700859247).year == 2010


def test_what_comes_up_late_is_news_until_the_window_has_passed() -> None:
    position = Position(floor=BASE).hears(BASE + 20 * SECOND)
    assert position.is_news(BASE + 10 * SECOND)
    assert not position.is_news(BASE + 20 * SECOND)
    position = position.hears(BASE + 10 * SECOND)
    assert not position.is_news(BASE + 10 * SECOND)
    later = position.hears(BASE + 20 * SECOND + int(WINDOW.total_seconds()) * SECOND)
    assert not later.is_news(BASE + 15 * SECOND)


def test_a_settled_position_begins_behind_the_newest() -> None:
    position = Position(floor=BASE).hears(BASE + 2).hears(BASE + 5).settled()
    assert position == Position(floor=BASE + 5)
    assert Position(floor=BASE).settled() == Position(floor=BASE)


def test_what_is_no_cursor_of_ours_is_none() -> None:
    for cursor in (None, "", "abc", "1,", "-4", "1;2", "9" * 30):
        assert Position.read(cursor) is None


@given(st.lists(st.integers(min_value=1, max_value=100 * SECOND), max_size=200))
def test_a_cursor_remembers_enough_and_not_without_end(steps: list[int]) -> None:
    position = Position(floor=BASE)
    for step in steps:
        if position.is_news(BASE + step):
            position = position.hears(BASE + step)
            assert not position.is_news(BASE + step)
        assert Position.read(position.cursor()) == position
        assert len(position.heard) <= REMEMBERED
