"""What strangers write cannot act on a terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.text import plain

any_text = st.text(st.characters(exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Lamp lit at 18:02.", "Lamp lit at 18:02."),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("over\rwritten", "over\\x0dwritten"),
        ("\x9b31m", "\\x9b31m"),
        ("invoice\u202egnp.exe", "invoice\\u202egnp.exe"),
        ("\u2066hidden\u2069", "\\u2066hidden\\u2069"),
        ("zero\u200bwidth\ufeff", "zero\\u200bwidth\\ufeff"),
        ("tags\U000e0001", "tags\\U000e0001"),
        ("half \ud83d", "half \\ud83d"),
        ("👨\u200d👩\u200d👧 نص", "👨\u200d👩\u200d👧 نص"),
    ],
)
def test_what_could_act_or_mislead_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_one_line_stays_one_line() -> None:
    assert plain("a\nb\tc\r\n", one_line=True) == "a\\nb\\tc\\x0d\\n"
    assert plain("a\nb", one_line=True).isprintable()


@given(any_text)
def test_nothing_is_left_that_moves_a_cursor_or_turns_the_order(text: str) -> None:
    shown = plain(text)
    assert not {character for character in shown if character < " " and character not in "\t\n"}
    assert not set(shown) & set("\x7f\x9b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    shown.encode()


@given(any_text)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert plain(plain(text)) == plain(text)
    assert len(plain(text, one_line=True).splitlines()) <= 1
