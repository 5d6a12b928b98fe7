"""How far was listened: what Telegram may forget, and what is told twice."""

from itertools import chain, product

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


def test_the_offset_stands_before_the_first_that_waits() -> None:
    """For every order of updates that bring an event and updates that bring none, and every number that is safe."""
    for are_events in chain.from_iterable(product((True, False), repeat=length) for length in range(7)):
        events = [101 + place for place, is_event in enumerate(are_events) if is_event]
        for safe in range(len(events) + 1):
            let_go: list[int] = []
            position = Position("100", let_go=let_go.append)
            for place, is_event in enumerate(are_events):
                position.took(101 + place, is_event=is_event)
            if safe:
                position.acknowledged(str(events[safe - 1]))
            first = events[safe] if safe < len(events) else 101 + len(are_events)
            assert position.ask() == first
            assert position.waits == (safe < len(events))
            assert let_go == list(range(101, first))
