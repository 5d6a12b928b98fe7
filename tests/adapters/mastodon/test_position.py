"""Where listening goes on."""

from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.mastodon.position import MOST_TAKEN, SETTLING_SECONDS, Position, newer, place


def test_ids_compare_by_length_and_then_as_they_are() -> None:
    assert newer("100", "99")
    assert newer("01HXA", "01HX9")
    assert not newer("7", "7")
    assert max(["9", "10", "2"], key=place) == "10"


def test_what_was_taken_is_not_taken_again_and_a_late_lower_id_is() -> None:
    position = Position("10")
    position.take("12", 0.0)
    assert position.has("12")
    assert position.has("10")
    assert position.has("9")
    assert not position.has("11"), "it came into the list after 12"


def test_a_cursor_holds_what_was_taken() -> None:
    position = Position("10")
    position.take("12", 0.0)
    again = Position.read(position.cursor(), since=0.0)
    assert again is not None
    assert again.has("12")
    assert not again.has("11")


def test_a_cursor_of_somebody_else_is_no_place() -> None:
    assert Position.read(None, since=0.0) is None
    assert Position.read("17", since=0.0) is None
    assert Position.read('{"low": 1}', since=0.0) is None


def test_only_a_look_through_the_list_settles_what_was_taken_well_before() -> None:
    position = Position("10")
    position.take("12", 0.0)
    position.swept(SETTLING_SECONDS - 1)
    assert not position.has("11")
    position.swept(SETTLING_SECONDS)
    assert position.low == "12"
    assert position.has("11"), "the list was read to its end long after 12 came"


def test_a_cursor_does_not_grow_without_end() -> None:
    position = Position("0")
    for number in range(1, 5000):
        position.take(str(number), 0.0)
    assert position.low == str(4999 - MOST_TAKEN)
    assert len(position.cursor()) < 10 * MOST_TAKEN


@given(st.permutations([str(number) for number in range(1, 40)]), st.integers(0, 39))
def test_in_whatever_order_things_come_each_is_taken_once_over_a_restart(order: list[str], stop: int) -> None:
    position = Position("0")
    taken: list[str] = []
    for number, name in enumerate(order):
        if number == stop:
            read = Position.read(position.cursor(), since=0.0)
            assert read is not None
            position = read
        if not position.has(name):
            position.take(name, 0.0)
            taken.append(name)
    assert taken == order
