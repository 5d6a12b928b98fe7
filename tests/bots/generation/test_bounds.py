"""Each bound is counted at, below and above its edge; the quick look never passes what the count would not."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.generation.bounds import Bound, Rules, count_emoji, count_hashtags, count_links
from greenroom.personas.sound import Bounds
from greenroom.settings.spelling import Range
from greenroom_adapters.contract import CountingRule, TextLimit
from greenroom_adapters.text import count, fits

ROOMY = (TextLimit(length=5000),)


def rules(**bounds: object) -> Rules:
    return Rules(Bounds.model_validate(bounds))


def broken(
    text: str, *, limits: tuple[TextLimit, ...] = ROOMY, asked: str | None = None, **bounds: object
) -> list[Bound]:
    return [fault.bound for fault in rules(**bounds).broken(text, limits=limits, asked=asked)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("Lamp lit at 18:02.", 0),
        ("“Fog…” — não há nada", 0),
        ("© 2026 Ada™", 0),
        ("🌊", 1),
        ("🌊🌊 and 🐟", 3),
        ("👩\u200d👩\u200d👧\u200d👦", 1),
        ("👍🏽", 1),
        ("🇵🇹", 1),
        ("❤️", 1),
        ("1️⃣", 1),
    ],
)
def test_emoji_are_counted_as_a_reader_sees_them(text: str, expected: int) -> None:
    assert count_emoji(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("#sea", 1),
        ("#sea #wind", 2),
        ("#mar_alto!", 1),
        ("#água", 1),
        ("\uff03sea", 1),
        ("#2026", 0),
        ("we are #1", 0),
        ("C# and a#b", 0),
        ("https://example.org/page#part", 0),
        ("##", 0),
        ("&#39;", 0),
    ],
)
def test_hashtags_are_words_and_not_numbers(text: str, expected: int) -> None:
    assert count_hashtags(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("Wind west. Lamp lit.", 0),
        ("at 18.02", 0),
        ("https://example.org/a?b=c", 1),
        ("see example.org and http://example.com.", 2),
    ],
)
def test_links_are_what_platforms_make_links_of(text: str, expected: int) -> None:
    assert count_links(text) == expected


@pytest.mark.parametrize(
    ("text", "bounds", "expected"),
    [
        ("a" * 20, {"length": "5-20"}, []),
        ("a" * 21, {"length": "5-20"}, [Bound.TOO_LONG]),
        ("a" * 5, {"length": "5-20"}, []),
        ("a" * 4, {"length": "5-20"}, [Bound.TOO_SHORT]),
        ("", {}, [Bound.TOO_SHORT]),
        (" \n ", {}, [Bound.TOO_SHORT]),
        ("é" * 20, {"length": "5-20"}, []),
        ("é" * 21, {"length": "5-20"}, [Bound.TOO_LONG]),
        ("👩\u200d👩\u200d👧\u200d👦", {"length": "1-1"}, []),
        ("🌊", {"emoji": 0}, [Bound.EMOJI]),
        ("🌊", {"emoji": "0-1"}, []),
        ("sea", {"emoji": "1-2"}, [Bound.EMOJI]),
        ("#sea #wind", {"hashtags": "0-1"}, [Bound.HASHTAGS]),
        ("sea", {"hashtags": "1-2"}, [Bound.HASHTAGS]),
        ("example.org", {"links": 0}, [Bound.LINKS]),
        ("example.org", {"links": "0-1"}, []),
        ("That is AMAZING!", {"banned": ["amazing"]}, [Bound.BANNED]),
        ("Amazingly so", {"banned": ["amazing"]}, []),
        ("let us dive\nin", {"banned": ["dive in"]}, [Bound.BANNED]),
        ("É óbvio", {"banned": ["óbvio"]}, [Bound.BANNED]),
        ("1+1", {"banned": ["+"]}, []),
        ("1 + 1", {"banned": ["+"]}, [Bound.BANNED]),
        ("#a #b #c 🌊🌊🌊 guys", {"banned": ["guys"]}, [Bound.EMOJI, Bound.HASHTAGS, Bound.BANNED]),
    ],
)
def test_every_bound_holds_at_its_edge(text: str, bounds: dict[str, Any], expected: list[Bound]) -> None:
    read: dict[str, Any] = {
        name: Range(least=0, most=value) if isinstance(value, int) else value for name, value in bounds.items()
    }
    assert broken(text, **read) == expected


def test_the_platforms_limit_holds_beside_the_personas() -> None:
    limits = (TextLimit(length=10, rule=CountingRule.UTF8_BYTES),)
    assert broken("é" * 5, limits=limits) == []
    assert broken("é" * 6, limits=limits) == [Bound.TOO_LONG]
    (fault,) = rules().broken("é" * 6, limits=limits, asked=None)
    assert fault.reason == "too long by 2: say it in at most 10 UTF-8 bytes"


def test_a_denial_of_being_a_bot_is_a_broken_bound() -> None:
    assert broken("No, I am a real person.", asked="Are you a bot?") == [Bound.HONESTY]
    assert broken("Yes, a bot with a lamp.", asked="Are you a bot?") == []
    assert broken("No, I am a real person.", asked=None) == []


def test_reasons_say_what_to_mend() -> None:
    faults = rules(banned=["amazing"]).broken("#a #b #c amazing" + "." * 500, limits=ROOMY, asked=None)
    assert [fault.reason for fault in faults] == [
        "too long by 16: say it in at most 500 characters",
        "3 hashtags where at most 2 may be",
        "it uses what is never said: amazing",
    ]


PIECES = st.sampled_from(
    [
        *("a", "Wind", " ", "\n", ".", "#", "#sea", "é", "🌊", "👍🏽", "example.org", "https://a.pt/b"),
        *("amazing", "AMAZING", "1", "dive", "in", "@bo", "\u200d", "\r\n", "x" * 9),
    ]
)
TEXTS = st.lists(PIECES, max_size=12).map("".join)
RULES = st.sampled_from(list(CountingRule))


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, most=st.integers(1, 60), least=st.integers(0, 6), rule=RULES, limit=st.integers(1, 60))
def test_what_passes_is_within_every_bound(text: str, most: int, least: int, rule: CountingRule, limit: int) -> None:
    limits = (TextLimit(length=limit, rule=rule),)
    bounds = Bounds(length=Range(least=least, most=most), banned=("amazing", "dive in"))
    faults = Rules(bounds).broken(text, limits=limits, asked=None)
    within = (
        fits(text, limits)
        and max(1, least) <= count(text, CountingRule.GRAPHEMES) <= most
        and bool(text.strip())
        and count_emoji(text) in bounds.emoji
        and count_hashtags(text) in bounds.hashtags
        and count_links(text) in bounds.links
        and "amazing" not in text.lower().split()
    )
    assert not (faults == () and not within)
