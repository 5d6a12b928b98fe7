"""A place among notifications, which are sorted by dates that their authors may have chosen."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from greenroom_adapters.bluesky.position import LOOK_BACK, REMEMBERED, Position

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def again(position: Position) -> Position:
    """Return the place as it comes back from its cursor."""
    read = Position.read(position.cursor())
    assert read is not None
    return read


def test_what_was_taken_is_done_and_what_comes_up_below_it_is_not() -> None:
    position = Position(at(-60))
    position.take("a", at(0))
    for place in (position, again(position)):
        assert place.is_done("a", at(0))
        assert not place.is_done("late", at(-30)), "dated before what was taken, and arrived after it"
        assert not place.is_done("same moment", at(0))
        assert place.is_done("before the floor", at(-60))


def test_what_is_older_than_the_look_back_is_done() -> None:
    position = Position(at(-9_999_999))
    position.take("a", at(0))
    assert position.floor == at(0) - LOOK_BACK
    assert again(position).is_done("old", at(0) - LOOK_BACK)


def test_more_than_are_remembered_move_the_floor_and_nothing_above_it_is_forgotten() -> None:
    position = Position(at(-60))
    for number in range(REMEMBERED + 50):
        position.take(f"n{number}", at(number / 100))
    assert len(position.cursor()) < 16 * REMEMBERED
    place = again(position)
    for number in range(REMEMBERED + 50):
        assert place.is_done(f"n{number}", at(number / 100))
    assert not place.is_done("new", at(REMEMBERED / 100))


def test_many_at_one_moment_are_bounded_and_none_is_told_twice() -> None:
    position = Position(at(-60))
    for number in range(2 * REMEMBERED):
        position.take(f"n{number}", at(0))
    assert len(position.cursor()) < 16 * REMEMBERED
    assert all(position.is_done(f"n{number}", at(0)) for number in range(2 * REMEMBERED))


def test_whatever_the_order_of_arrival_each_is_heard_once_over_restarts() -> None:
    dice = random.Random(20261129)  # noqa: S311 - a test's dice
    named = [(f"n{number}", at(dice.uniform(0, 600))) for number in range(250)]
    position, heard = Position(at(-1)), list[str]()
    shown: list[tuple[str, datetime]] = []
    for arrival in dice.sample(named, len(named)):
        shown = sorted([*shown, arrival], key=lambda one: one[1])
        for name, moment in shown:
            if not position.is_done(name, moment):
                position.take(name, moment)
                heard.append(name)
        if dice.random() < 0.3:
            position = again(position)
    assert sorted(heard) == sorted(name for name, _ in named)


@pytest.mark.parametrize("cursor", ["", "now", "{}", "[1]", '[1,2,"x"]', '["a","b","c"]', '[9e99,1,""]'])
def test_a_cursor_that_is_none_of_ours_is_no_place(cursor: str) -> None:
    assert Position.read(cursor) is None
