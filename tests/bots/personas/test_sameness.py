"""What a post says is the same under another date."""

import unicodedata
from datetime import date, timedelta

import pytest

from greenroom.personas.dates import date_in, weekday_in
from greenroom.personas.sameness import gist
from greenroom.personas.tongues import TONGUES


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
    "text",
    [
        "Dienstag, 24. November 2026, 7:30 Uhr: Pan",
        "24. Dezember: Pan",
        "14.30 Uhr: Pan",
        "Tag 12: Pan",
        "martes 24 de noviembre de 2026. Pan",
        "miercoles, 3 de diciembre. Pan",
        "mardi 1er décembre 2026 : pan",
        "24 août, 7h30. Pan",
        "mercoledì 3 dicembre. Pan",
        "dinsdag 24 november, 14:30 uur: pan",
        "terça-feira, 24 de novembro de 2026. Pan",
        "terca-feira, 3 de marco. Pan",
        unicodedata.normalize("NFD", "sábado, 3 de março: pan"),
    ],
)
def test_days_are_known_in_the_languages_that_a_persona_is_checked_for(text: str) -> None:
    assert gist(text) == "pan"


@pytest.mark.parametrize("tag", sorted(TONGUES))
def test_every_day_of_a_year_is_known_in_every_language(tag: str) -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    stamps = [f"{weekday_in(tag, day)}, {date_in(tag, day)} {day.year}" for day in days]
    assert len(set(stamps)) == 365
    assert {gist(f"{stamp}: the rye is out") for stamp in stamps} == {"the rye is out"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It may rain.", "It rain."),
        ("Non piove mai.", "Non piove."),
        ("O mar está calmo.", "O está calmo."),
        ("Mars is bright.", "Is bright."),
    ],
)
def test_a_word_that_is_no_month_where_it_stands_is_what_a_post_says(one: str, other: str) -> None:
    assert gist(one) != gist(other)


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
