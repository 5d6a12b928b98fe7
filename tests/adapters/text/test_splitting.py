"""A long text becomes one post or a thread without losing, tearing or overfilling anything."""

import re
import time

import pytest
import regex  # type: ignore[import-untyped]  # its types are a package of their own
from hypothesis import assume, given
from hypothesis import strategies as st

from greenroom_adapters.contract import CountingRule, TextLimit, TooLong
from greenroom_adapters.text import count, cut, find_links, fits, split

FAMILY = "👨\u200d👩\u200d👧\u200d👦"

words = st.sampled_from(
    [
        "lamp", "a", "tide.", "why?", "Yes!", "naïve", "e\u0301te\u0301", FAMILY, "🇵🇹🇪🇸", "👋🏽", "灯台は遠い。海です",
        "https://example.com/a/path?q=1", "example.com", "见https://example.com/吧", "antidisestablishmentarianism",
        "H" + "\u0300" * 5, " \u0308", "\r", "\u200b", "“Quoted.”",
    ]
)  # fmt: skip
gaps = st.sampled_from([" ", "  ", "\n", "\n\n", "\r\n", "\u00a0", "\t", "\u3000", ""])
texts = st.lists(st.tuples(words, gaps), max_size=25).map(lambda pairs: "".join(word + gap for word, gap in pairs))
any_texts = st.one_of(texts, st.text(max_size=50))
limit = st.builds(TextLimit, length=st.integers(1, 60), rule=st.sampled_from(CountingRule))
limits = st.lists(limit, min_size=1, max_size=2).map(tuple)


def graphemes(text: str) -> list[str]:
    return [str(found) for found in regex.findall(r"\X", text)]


def parts_of(text: str, these: tuple[TextLimit, ...], *, numbering: bool = False) -> tuple[str, ...]:
    try:
        return split(text, these, numbering=numbering)
    except TooLong:
        hardest = [one for one in graphemes(text) if not fits(one, these)]
        assume(not hardest and not numbering)
        raise


def seams(text: str, parts: tuple[str, ...]) -> list[str]:
    """Return what `text` has before, between and after `parts`; fail when they are not its parts in order."""
    found: list[str] = []
    position = 0
    for part in parts:
        start = position + len(re.match(r"\s*", text[position:])[0])  # type: ignore[index]  # it matches nothing at least
        start = text.index(part, position, start + len(part)) if part[0].isspace() else start
        assert text[start : start + len(part)] == part
        found.append(text[position:start])
        position = start + len(part)
    return [*found, text[position:]]


@given(any_texts, limits)
def test_a_thread_loses_nothing_but_whitespace_at_its_seams(text: str, these: tuple[TextLimit, ...]) -> None:
    parts = parts_of(text, these)
    assert all(not seam or seam.isspace() for seam in seams(text, parts))


@given(any_texts, limits)
def test_every_part_is_within_every_limit_and_none_is_empty(text: str, these: tuple[TextLimit, ...]) -> None:
    for part in parts_of(text, these):
        assert part
        assert fits(part, these)


@given(any_texts, limits)
def test_no_part_begins_or_ends_inside_a_grapheme_or_with_whitespace(text: str, these: tuple[TextLimit, ...]) -> None:
    parts = parts_of(text, these)
    pieces = [piece for pair in zip(seams(text, parts), (*parts, ""), strict=True) for piece in pair]
    assert [one for piece in pieces for one in graphemes(piece)] == graphemes(text)
    for part in parts:
        assert not graphemes(part)[0].isspace()
        assert not graphemes(part)[-1].isspace()


@given(
    st.lists(st.sampled_from(["lamp", "a", "tide.", "naïve", "example.com", "why?", "https://a.com/b"]), max_size=30),
    limits,
)
def test_a_word_is_cut_only_when_it_does_not_fit_alone(chosen: list[str], these: tuple[TextLimit, ...]) -> None:
    parts = parts_of(" ".join(chosen), these)
    if all(fits(word, these) for word in chosen):
        assert [word for part in parts for word in part.split(" ")] == chosen


@given(any_texts, limits)
def test_a_text_that_fits_is_one_part(text: str, these: tuple[TextLimit, ...]) -> None:
    assume(fits(text, these) and text.strip())
    assert len(split(text, these)) == 1


@given(texts, st.integers(12, 60), st.sampled_from(CountingRule))
def test_numbered_parts_are_within_the_limit_and_count_up(text: str, length: int, rule: CountingRule) -> None:
    these = (TextLimit(length=length, rule=rule),)
    parts = parts_of(text, these, numbering=True)
    if len(parts) > 1:
        bare = tuple(re.sub(r" \d+/\d+$", "", part) for part in parts)
        assert parts == tuple(f"{part} {number}/{len(parts)}" for number, part in enumerate(bare, start=1))
        assert all(not seam or seam.isspace() for seam in seams(text, bare))
    assert all(fits(part, these) for part in parts)


@given(any_texts, limits)
def test_a_cut_text_is_within_every_limit_and_a_beginning(text: str, these: tuple[TextLimit, ...]) -> None:
    short = cut(text, these)
    assert fits(short, these)
    if fits(text, these):
        assert short == text
    else:
        kept = short.removesuffix("…") if not text.startswith(short) else short
        assert text.startswith(kept)
        assert graphemes(text)[: len(graphemes(kept))] == graphemes(kept)


def test_a_cut_keeps_whole_sentences_when_they_are_at_least_half() -> None:
    text = "The lamp is lit. The sea is calm and nobody is on it tonight."
    assert cut(text, (TextLimit(length=30),)) == "The lamp is lit."
    assert cut(text, (TextLimit(length=50),)) == "The lamp is lit. The sea is calm and nobody is on…"
    assert cut("灯台です。海は静かで誰もいない。", (TextLimit(length=9),)) == "灯台です。"


def test_a_cut_inside_a_single_long_word_is_marked() -> None:
    assert cut("x" * 20, (TextLimit(length=5),)) == "xxxx…"
    assert cut("x" * 20, (TextLimit(length=5),), ellipsis=" [more]") == "xxxxx"
    assert cut(FAMILY * 3, (TextLimit(length=5),)) == "…"
    assert cut(FAMILY * 3, (TextLimit(length=2, rule=CountingRule.GRAPHEMES),)) == FAMILY + "…"


def test_abbreviations_numbers_and_links_end_no_sentence() -> None:
    text = "See example.com/a for version 3.14 of the tide table that we keep here"
    assert cut(text, (TextLimit(length=40),)) == "See example.com/a for version 3.14 of…"


def test_parts_of_a_thread_end_with_sentences_or_lines() -> None:
    text = "Wind west, 5. Lamp lit at 18:02. The tide answers twice a day.\nI try to do better. So I do."
    assert split(text, (TextLimit(length=40),)) == (
        "Wind west, 5. Lamp lit at 18:02.",
        "The tide answers twice a day.",
        "I try to do better. So I do.",
    )


def test_a_link_stays_whole_when_it_fits_anywhere() -> None:
    text = "灯台の記録はhttps://example.com/log/2026/11/24にあります"
    for length in range(36, 60):
        parts = split(text, (TextLimit(length=length),))
        assert sum(len(find_links(part)) for part in parts) == 1
        assert any("https://example.com/log/2026/11/24" in part for part in parts)


def test_a_link_longer_than_a_part_is_cut_because_nothing_else_helps() -> None:
    link = "https://example.com/" + "a" * 30
    assert "".join(split(link, (TextLimit(length=20),))) == link


def test_scripts_without_spaces_are_cut_between_their_letters() -> None:
    assert split("灯台は遠い海にある", (TextLimit(length=4),)) == ("灯台は遠", "い海にあ", "る")


def test_a_grapheme_that_no_part_can_hold_is_refused() -> None:
    with pytest.raises(TooLong):
        split("a " + "H" + "\u0300" * 40, (TextLimit(length=20),))


@pytest.mark.parametrize("text", ["", " ", "\n\t\u3000"])
def test_nothing_but_whitespace_has_no_parts(text: str) -> None:
    assert split(text, (TextLimit(length=1),)) == ()


def test_numbers_of_two_digits_find_their_room() -> None:
    parts = split("lamp " * 40, (TextLimit(length=20),), numbering=True)
    assert len(parts) > 9
    assert parts[0].endswith(f" 1/{len(parts)}")
    assert all(count(part, CountingRule.CODE_POINTS) <= 20 for part in parts)


def test_a_book_is_split_in_time_proportional_to_its_length() -> None:
    text = "The lamp is lit. " * 12_000 + "x" * 50_000
    parts = split(text, (TextLimit(length=300, rule=CountingRule.GRAPHEMES),))
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_long_row_of_full_stops_is_split_in_time_proportional_to_its_length() -> None:
    text = "." * 20_000 + "x"
    before = time.process_time()
    parts = split(text, (TextLimit(length=5_000),))
    assert time.process_time() - before < 1
    assert "".join(parts) == text
