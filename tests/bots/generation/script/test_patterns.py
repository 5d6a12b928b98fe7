"""Patterns find what they name, capture what they should, and never run away."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom.generation.script.hearing import LONGEST, hear
from greenroom.generation.script.patterns import PatternError, PatternIndex, parse_pattern


def captured(pattern: str, text: str) -> dict[str, str] | None:
    match = parse_pattern(pattern).match(hear(text).words)
    if match is None:
        return None
    return {name: " ".join(word.shown for word in words) for name, words in match.captures.items()}


@pytest.mark.parametrize(
    ("pattern", "text", "fits"),
    [
        ("sea", "I saw the sea.", True),
        ("sea", "seaside", False),
        ("sea*", "seaside", True),
        ("^sea", "the sea", False),
        ("sea$", "the sea, again", False),
        ("^sea$", "Sea!", True),
        ("are you (a|an|) (bot|robot)", "Are you a robot?", True),
        ("are you (a|an|) (bot|robot)", "are you bot", True),
        ("are you (a|an|) (bot|robot)", "are you the robot", False),
        ("do you * sea", "do you ever look at the sea", True),
        ("do you * sea", "do you sea", True),
        ("(what is (up|new)|how goes it)", "hey what's new", True),
        ("i am", "I'm", True),
        ("do not", "don’t", True),  # noqa: RUF001  typed like this on phones
        ("can not", "cant", True),
    ],
)
def test_a_pattern_fits_where_its_words_stand(pattern: str, text: str, fits: bool) -> None:
    assert (parse_pattern(pattern).match(hear(text).words) is not None) is fits


def test_a_capture_ends_with_the_clause() -> None:
    assert captured("my name is <name>", "My name is Tom. I like ships") == {"name": "Tom"}


def test_a_capture_takes_no_more_words_than_it_may() -> None:
    assert captured("i am <name:1-2>", "i am one two three") == {"name": "one two"}
    assert captured("i am <name:2>", "i am one") is None


def test_a_capture_leaves_room_for_what_follows() -> None:
    assert captured("i <deed> the sea", "I really love the sea") == {"deed": "really love"}


@pytest.mark.parametrize(
    "pattern", ["", "^$", "*", "(a|b", "a)", "<Name>", "Sea", "sea!", "<a> <a>", "(a <b>)", "a | b"]
)
def test_a_pattern_that_could_never_fit_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        parse_pattern(pattern)


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), min_size=1, max_size=4))
@settings(max_examples=200, deadline=None)
def test_the_index_finds_whatever_the_patterns_alone_would_find(said: list[str], wanted: list[str]) -> None:
    sources = [" ".join(wanted), " * ".join(wanted), f"({'|'.join(wanted)}) a*", f"<x> {wanted[0]}", f"^{wanted[-1]}$"]
    patterns = [parse_pattern(source) for source in sources]
    words = hear(" ".join(said)).words
    expected = [number for number, pattern in enumerate(patterns) if pattern.match(words) is not None]
    assert [number for number, _ in PatternIndex(patterns).matches(words)] == expected


@pytest.mark.parametrize(
    "text",
    ["a " * 50_000, "a" * 100_000, "@" * 100_000, "." * 100_000, "a." * 50_000, "http://" * 15_000, "'" * 100_000,
     "\u0301" * 100_000, "ﷺ" * 100_000, "a-" * 50_000, " " * 100_000, "\n" * 100_000],
    ids=lambda text: ascii(text[:6]),
)  # fmt: skip
def test_a_hundred_kilobytes_of_hostile_text_are_read_and_matched_at_once(text: str) -> None:
    patterns = [
        parse_pattern(source) for source in ("a * a * a * a * b", "<x> a <y> a <z> b$", "(a|a a|a a a|) * (a|) b")
    ]
    began = time.process_time()
    words = hear(text).words
    for pattern in patterns:
        assert pattern.match(words) is None
    assert time.process_time() - began < 10
    assert sum(len(word.heard) for word in words) <= 2 * LONGEST


@pytest.mark.parametrize(
    ("text", "trait"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("@ada", "empty"),
        ("🙂🙂", "wordless"),
        ("...", "wordless"),
        ("WHAT IS THIS THING", "shouting"),
        ("asdfghjkl", "gibberish"),
        ("xkcdqwrt zzzzzz", "gibberish"),
        ("Привет как дела", "foreign"),
        ("is it late", "question"),
        ("late?", "question"),
        ("word " * 200, "long"),
    ],
)
def test_what_is_odd_about_a_text_is_noticed(text: str, trait: str) -> None:
    assert trait in hear(text).traits


@pytest.mark.parametrize("text", ["hello", "I like rhythm and strengths", "My name is Tom", "bom dia", "ok", "hmm"])
def test_an_ordinary_text_is_not_taken_for_noise(text: str) -> None:
    assert hear(text).traits.isdisjoint({"gibberish", "foreign", "shouting", "empty", "wordless", "indecent"})


def test_mentions_links_and_hashtags_are_no_words() -> None:
    heard = hear("hi @eve@example.social see https://spam.example/x?y #buy example.com now")
    assert [word.heard for word in heard.words] == ["hi", "see", "now"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Gardener, hello", "hello"),
        ("old moss: is it late", "is it late"),
        ("Moss! Moss, hello", "moss hello"),
        ("moss is green", "moss is green"),
        ("hello, gardener", "hello gardener"),
        ("Gardener,", "gardener"),
        ("Gardener", "gardener"),
        ("old gardener, hello", "old gardener hello"),
    ],
)
def test_a_name_with_which_a_text_begins_is_no_part_of_what_it_says(text: str, words: str) -> None:
    heard = hear(text, called=[("moss",), ("old", "moss"), ("gardener",), ()])
    assert " ".join(word.heard for word in heard.words) == words
    assert heard.key == words


def test_who_is_called_by_name_first_is_asked_all_the_same() -> None:
    assert "question" in hear("gardener, is it late", called=[("gardener",)]).traits
