"""A text is as long as its platform says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.contract import CountingRule, TextLimit
from greenroom_adapters.text import count, excess, fits

FAMILY = "👨\u200d👩\u200d👧\u200d👦"
FLAG = "🇵🇹"
ENGLAND = "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
WAVE = "👋🏽"
KEYCAP = "1\ufe0f\u20e3"
DECOMPOSED = "e\u0301"
ZALGO = "H" + "\u0300" * 40

any_text = st.text(st.characters(exclude_categories=()), max_size=60)
"""Also half surrogates, which an engine's JSON may contain."""


@pytest.mark.parametrize(
    ("text", "code_points", "graphemes", "units", "octets", "emoji", "x"),
    [
        ("", 0, 0, 0, 0, 0, 0),
        ("Lamp lit.", 9, 9, 9, 9, 9, 9),
        ("line\r\nline", 10, 9, 10, 10, 10, 10),
        ("Hello, world! 👋", 15, 15, 16, 18, 18, 16),
        (FAMILY, 7, 1, 11, 25, 25, 2),
        (FLAG, 2, 1, 4, 8, 8, 2),
        (FLAG + FLAG, 4, 2, 8, 16, 16, 4),
        (ENGLAND, 7, 1, 14, 28, 28, 2),
        (WAVE, 2, 1, 4, 8, 8, 2),
        (KEYCAP, 3, 1, 3, 7, 7, 2),
        ("☺\ufe0f", 2, 1, 2, 6, 6, 2),
        ("\u203c \u2139 \u3030", 5, 5, 5, 11, 11, 8),
        (DECOMPOSED, 2, 1, 2, 3, 2, 1),
        (ZALGO, 41, 1, 41, 81, 41, 41),
        ("日本語", 3, 3, 3, 9, 3, 6),
        ("naïve — “so”", 12, 12, 12, 19, 12, 12),
    ],
)
def test_each_rule_counts_what_it_is_named_after(
    text: str, code_points: int, graphemes: int, units: int, octets: int, emoji: int, x: int
) -> None:
    assert count(text, CountingRule.CODE_POINTS) == code_points
    assert count(text, CountingRule.GRAPHEMES) == graphemes
    assert count(text, CountingRule.UTF16_UNITS) == units
    assert count(text, CountingRule.UTF8_BYTES) == octets
    assert count(text, CountingRule.EMOJI_AS_BYTES) == emoji
    assert count(text, CountingRule.X_WEIGHTED) == x


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("Hi http://test.co", 26),
        ("http://test.co", 23),
        ("https://www.twitter.com/aloha " * 10, 240),
        ("x" * 300, 300),
        ("の" * 140, 280),
        ("🐱" * 140, 280),
        ("H🐱☺" + FAMILY, 7),
        ("😷👾😡🔥💩", 10),
        ("🙋🏽👨\u200d🎤", 4),
        ("1\u20e3", 2),
        ("Unicode 10.0 emoji: 🤪; 🧕; 🧕🏾; " + ENGLAND, 34),
        ("Unicode 9.0 emoji: 🤠; 💃; 💃🏾", 29),
        ("randomurl" * 6 + "randomurls.com", 68),
        ("example.com", 23),
        ("foo.co.jp", 23),
        ("A\u0301B", 2),
        ("\u00a9 2026, 5 * 5 # 1", 17),
        ("© and ❤\ufe0f\u200d🔥", 8),
    ],
    ids=lambda value: str(value)[:24],
)
def test_x_weighs_the_published_examples(text: str, length: int) -> None:
    assert count(text, CountingRule.X_WEIGHTED) == length


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("See https://example.com/a/very/long/path?with=arguments&and=more", 4 + 23),
        ("See example.com", 15),
        ("@ada hello", 10),
        ("@ada@lighthouse.example hello", 10),
        ("@ada@lighthouse.example: hello @bob@two.example", 16),
        ("mail ada@lighthouse.example", 27),
        (FAMILY, 1),
    ],
)
def test_links_as_23_leaves_out_the_domain_of_people_elsewhere(text: str, length: int) -> None:
    assert count(text, CountingRule.URLS_AS_23) == length


@given(any_text)
def test_counts_agree_with_their_definitions(text: str) -> None:
    assert count(text, CountingRule.CODE_POINTS) == len(text)
    assert count(text, CountingRule.UTF8_BYTES) == len(text.encode("utf-8", "surrogatepass"))
    assert count(text, CountingRule.UTF16_UNITS) == len(text) + sum(character > "\uffff" for character in text)
    assert count(text, CountingRule.GRAPHEMES) <= len(text)
    assert len(text) <= count(text, CountingRule.EMOJI_AS_BYTES) <= count(text, CountingRule.UTF8_BYTES)


@given(st.text(st.characters(codec="ascii"), max_size=60))
def test_the_short_way_of_ascii_counts_like_the_long_one(text: str) -> None:
    for rule in CountingRule:
        separated = count(text + " ¡", rule) - count(" ¡", rule)
        assert count(text, rule) == separated


@given(any_text, st.integers(0, 40), st.sampled_from(CountingRule))
def test_a_text_fits_exactly_when_nothing_is_in_excess(text: str, length: int, rule: CountingRule) -> None:
    limits = (TextLimit(length=length, rule=rule), TextLimit(length=30, rule=CountingRule.UTF8_BYTES))
    assert fits(text, limits) == (excess(text, limits) == 0)
    assert excess(text, limits) >= max(0, count(text, rule) - length)


def test_excess_is_that_of_the_limit_broken_most() -> None:
    limits = (TextLimit(length=3), TextLimit(length=4, rule=CountingRule.UTF8_BYTES))
    assert excess("日本語", limits) == 5


def test_lengths_are_judged_at_below_and_above_the_limit() -> None:
    limits = (TextLimit(length=280, rule=CountingRule.X_WEIGHTED),)
    assert [fits("の" * size, limits) for size in (139, 140, 141)] == [True, True, False]
