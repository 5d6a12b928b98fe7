"""What a post says is the same under another date."""

import pytest

from greenroom.personas.sameness import gist


@pytest.mark.parametrize(
    "text",
    [
        "The rye is out.",
        "26 November, 07:30. The rye is out.",
        "Tuesday, 24 November 2026, 7:30 am. The rye is out.",
        "November 24th: the rye is out",
        "2026-11-24 The rye is out",
        "24.11.2026: The rye is out.",
        "The rye is out (6 pm)",
        "The rye is out. 18:02",
        "7:30 am, Tuesday: the rye is out.",
        "Day 12. The rye is out.",
        "#12: The rye is out.",
        "Log 143. The rye is out.",
    ],
)
def test_dates_times_and_the_number_of_a_post_are_not_what_it_says(text: str) -> None:
    assert gist(text) == "the rye is out"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Water at 3.4 m.", "Water at 3.1 m."),
        ("12 boats are in.", "14 boats are in."),
        ("Version 1.4 is out.", "Version 1.5 is out."),
        ("Wind west, 5.", "Wind west, 6."),
        ("18:02", "18:03"),
        ("High tide at 06:12 and 18:40.", "High tide at 07:02 and 19:31."),
        ("Tuesday. The ferry leaves at 6 pm.", "Wednesday. The ferry leaves at 7 pm."),
        ("Monday", "Tuesday"),
    ],
)
def test_numbers_that_are_the_news_are_what_a_post_says(one: str, other: str) -> None:
    assert gist(one) != gist(other)
