"""How far was listened: what Telegram may forget, and what is told twice."""

from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.telegram.position import Position


def test_what_becomes_safe_while_telegram_answers_is_not_taken_in_again() -> None:
    position = Position("0")
    assert position.ask() is None
    position.took(7, is_event=True)
    assert position.ask() is None
    position.acknowledged("7")
    assert position.is_known(7), "the answer that is on its way was asked for before"
    assert position.ask() == 8
    assert not position.is_known(7), "whoever says it now says it anew"


def test_an_acknowledgement_of_what_was_never_handed_out_changes_nothing() -> None:
    position = Position("5")
    position.took(6, is_event=True)
    position.acknowledged("9")
    assert position.ask() == 6
    assert position.waits


@given(st.lists(st.booleans(), max_size=30), st.data())
def test_the_offset_stands_before_the_first_that_waits(are_events: list[bool], data: st.DataObject) -> None:
    position = Position("100")
    numbers = range(101, 101 + len(are_events))
    for number, is_event in zip(numbers, are_events, strict=True):
        position.took(number, is_event=is_event)
    events = [number for number, is_event in zip(numbers, are_events, strict=True) if is_event]
    safe = data.draw(st.integers(0, len(events)))
    if safe:
        position.acknowledged(str(events[safe - 1]))
    first = events[safe] if safe < len(events) else 101 + len(are_events)
    assert position.ask() == first
    assert position.waits == (safe < len(events))
