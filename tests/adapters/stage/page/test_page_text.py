"""Untrusted text becomes HTML that says the same and does nothing."""

import html
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_adapters.stage.page.text import ago, full_date, initial, rich, sentence, tone, visible

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PIECES = st.sampled_from(
    [
        "<b>",
        "&amp;",
        '"',
        "'",
        "@ada",
        "@nobody",
        "#log",
        "https://a.example/x?y=1&z=2",
        ").",
        " ",
        "\n",
        "\x00",
        "</a>",
    ]
)


def known(handle: str) -> bool:
    return handle.lower() == "ada"


@settings(max_examples=200)
@given(st.lists(PIECES | st.text(max_size=8), max_size=12).map("".join))
def test_rich_text_shows_every_character_and_has_no_tag_but_links(text: str) -> None:
    shown = str(rich(text, is_known=known))
    tags = re.findall(r"<[^>]*>", shown)
    allowed = re.compile(
        r'</a>|<a href="(/@[^"<>]+|/tags/[^"<>]+)">|<a href="https?://[^"<>]*" rel="noopener nofollow">'
    )
    assert all(allowed.fullmatch(tag) for tag in tags)
    assert html.unescape(re.sub(r"<[^>]*>", "", shown)) == visible(text)


def test_addresses_known_handles_and_tags_become_links() -> None:
    shown = str(rich("Hi @Ada and @nobody: see https://a.example/b?c=1&d=2, #log.", is_known=known))
    assert shown == (
        'Hi <a href="/@Ada">@Ada</a> and @nobody: see '
        '<a href="https://a.example/b?c=1&amp;d=2" rel="noopener nofollow">https://a.example/b?c=1&amp;d=2</a>, '
        '<a href="/tags/log">#log</a>.'
    )


@pytest.mark.parametrize(
    "text", ["javascript:alert(1)", "data:text/html,x", "mail@ada.example", "a@ada", "https:/x", "ftp://x/y", "&#39;"]
)
def test_other_schemes_and_addresses_of_mail_are_no_links(text: str) -> None:
    assert "<a" not in rich(text, is_known=known)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("(see https://a.example/b)", "https://a.example/b"),
        ("https://a.example/b_(c) yes", "https://a.example/b_(c)"),
        ("https://a.example/b...", "https://a.example/b"),
        ('"https://a.example/"', "https://a.example/"),
    ],
)
def test_the_marks_around_an_address_are_not_part_of_it(text: str, address: str) -> None:
    assert f'href="{address}"' in rich(text, is_known=known)


def test_control_characters_can_be_seen_and_reading_order_cannot_be_turned() -> None:
    assert visible("a\x00b\x1b\x7f\u202egnp.exe\n\t") == "a␀b␛␡\ufffdgnp.exe\n\t"


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=1), "1 min"),
        (timedelta(minutes=59, seconds=59), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=23, minutes=59), "23 h"),
        (timedelta(days=1), "1 d"),
        (timedelta(days=6, hours=23), "6 d"),
    ],
)
def test_ages_are_told_in_the_largest_whole_unit(age: timedelta, words: str) -> None:
    assert ago(NOW - age, NOW) == words


def test_after_a_week_the_date_is_told_and_the_year_only_when_it_is_another() -> None:
    assert ago(NOW - timedelta(days=10), NOW) == "14 Nov"
    assert ago(NOW - timedelta(days=370), NOW).endswith("2025")
    assert "2026" in full_date(NOW)


def test_a_refusal_becomes_a_sentence() -> None:
    assert sentence("there is no such post") == "There is no such post."
    assert sentence("Gone already.") == "Gone already."


@given(st.text(max_size=20))
def test_every_name_has_a_face(name: str) -> None:
    assert len(initial(name)) == 1
    assert 0 <= tone(name) < 8
    assert tone(name.lower()) == tone(name)
