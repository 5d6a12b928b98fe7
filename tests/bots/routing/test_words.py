"""Texts are cut into words alike, whatever their script, case and disguise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom.routing.words import contains, cut


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Refund, please!", ["refund", "please"]),
        ("don't e-mail snake_case", ["don", "t", "e", "mail", "snake_case"]),
        ("@Ada: 24h?", ["ada", "24h"]),
        ("Olá, É VOCÊ?", ["olá", "é", "você"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("\uff32\uff25\uff26und", ["refund"]),
        ("re\u200bfund re\u00adfund", ["refund", "refund"]),
        ("i\u0301 í", ["í", "í"]),
        ("ΣΊΣΥΦΟΣ", ["σίσυφοσ"]),
        ("हिन्दी की", ["हिन्दी", "की"]),
        ("我要退款。", ["我", "要", "退", "款"]),
        ("灯台adaです", ["灯", "台", "ada", "で", "す"]),
        ("❤️ love🔥", ["❤", "love", "🔥"]),
        ("curly \u2019quotes\u2019 — and dashes", ["curly", "quotes", "and", "dashes"]),
        ("👍🏽 ^_^ 12°", ["👍", "_", "12", "°"]),
        ("…!?", []),
        ("", []),
    ],
)
def test_a_text_is_cut_into_folded_words(text: str, words: list[str]) -> None:
    assert cut(text) == words


@given(st.text(st.characters(max_codepoint=127)))
def test_the_shortcut_for_ascii_cuts_as_the_long_way_does(text: str) -> None:
    assert cut(text) == cut(f"{text} é")[:-1]


@given(st.text())
def test_cutting_what_was_cut_changes_nothing(text: str) -> None:
    words = cut(text)
    assert cut(" ".join(words)) == words


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc"), min_size=1, max_size=3))
def test_a_phrase_is_contained_where_its_words_stand_in_a_row(words: list[str], phrase: list[str]) -> None:
    assert contains(words, phrase) == ("".join(phrase) in "".join(words))
