"""How old a reader has to be."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.generation.bounds import Bound, Rules
from greenroom.generation.readability import reading_age
from greenroom.personas import Bounds

CHILD = "The sea is calm. The lamp is lit. I like soup."
CLERK = (
    "Notwithstanding considerable administrative difficulties, departmental representatives subsequently "
    "implemented comprehensive navigational recommendations concerning automated illumination infrastructure."
)


def test_short_words_in_short_sentences_are_for_children_and_the_office_is_for_nobody() -> None:
    assert reading_age(CHILD) == 6
    assert reading_age(CLERK) == 18
    assert reading_age("Ask the harbour office, 07:00. I only know that I would stay in.") < 10


def test_names_links_and_hashtags_are_not_counted() -> None:
    assert reading_age(f"{CHILD} @somebody@harbourmaster.example https://navigational.example/x #illumination") == 6


@pytest.mark.parametrize("text", ["", "   ", "12", "😀"])
def test_a_text_without_words_is_for_everybody(text: str) -> None:
    assert reading_age(text) == 6


@given(st.text(max_size=400))
def test_every_text_has_an_age(text: str) -> None:
    assert 6 <= reading_age(text) <= 18


def test_a_long_row_of_full_stops_is_read_at_once() -> None:
    before = time.process_time()
    assert reading_age(f"{CHILD}{'.' * 20_000}x") == 6
    assert time.process_time() - before < 1


def test_a_bound_breaks_above_it_and_holds_at_it() -> None:
    text = "The harbour is shut because of the weather, and nobody knows whether it opens."
    age = reading_age(text)
    assert 6 < age < 18

    def broken(most: int) -> list[Bound]:
        return [fault.bound for fault in Rules(Bounds(reading_age=most)).broken(text, limits=(), asked=None)]

    assert broken(age) == broken(age + 1) == []
    assert broken(age - 1) == [Bound.READING_AGE]
