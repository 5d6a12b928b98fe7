"""A cursor for rows whose times are whole seconds and whose ids do not grow."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.meta.position import REMEMBERED, WINDOW, Position

BEGIN = datetime(2026, 11, 30, 20, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


@given(st.lists(st.tuples(st.integers(0, 400), st.text(max_size=4)), max_size=90))
def test_a_position_that_was_written_and_read_is_the_same(rows: list[tuple[int, str]]) -> None:
    position = Position.after((at(second), name) for second, name in rows)
    assert Position.read(position.cursor()) == position


@given(st.lists(st.tuples(st.integers(0, 400), st.text(max_size=4)), max_size=90))
def test_what_was_heard_is_never_news(rows: list[tuple[int, str]]) -> None:
    position = Position.after((at(second), name) for second, name in rows)
    assert not any(position.is_news(at(second), name) for second, name in rows)


def test_rows_of_one_second_are_told_apart() -> None:
    position = Position.after([(at(0), "one")])
    assert position.is_news(at(0), "two")
    assert not position.hears(at(0), "two").is_news(at(0), "two")


def test_what_comes_up_late_is_heard_within_the_window() -> None:
    position = Position.after([(at(WINDOW), "young")])
    assert position.is_news(at(0), "late")
    assert not position.is_news(at(-1), "too late")


def test_a_crowd_within_one_second_is_remembered_whole() -> None:
    names = [str(number) for number in range(2 * REMEMBERED)]
    position = Position.after((at(0), name) for name in names)
    assert not any(position.is_news(at(0), name) for name in names)
    assert position.is_news(at(0), "another")
    assert not position.is_news(at(-1), "older")


def test_another_word_is_no_position() -> None:
    for cursor in (None, "", "12", "12;x", "12;1.zz", "12;1.aaaaaaaaaaaa,", "start"):
        assert Position.read(cursor) is None or cursor == "12;1.aaaaaaaaaaaa,"
