"""Watched words are found as a reader would find them, and the cheap look never overlooks one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.bluesky.watched import Watched
from greenroom_adapters.contract import ConfigurationError


@pytest.mark.parametrize(
    ("word", "text", "is_found"),
    [
        ("lighthouse", "The Lighthouse, at night", True),
        ("ink", "drinking", False),
        ("ink", "blue ink.", True),
        ("ink", "#ink", True),
        ("ink", "ink_well", False),
        ("fog horn", "a FOG\n  horn", True),
        ("fog horn", "fog, horn", False),
        ("straße", "in der STRASSE", True),
        ("fish", "a \ufb01sh", True),
        ("ink", "\uff29\uff2e\uff2b", True),
        ("灯台", "海辺の灯台です", True),
        ("灯台", "灯 台", False),
        ("c++", "I like C++ most", True),
        ("🦀", "crab 🦀crab", True),
        ('"so"', 'he said "so"', True),
        ("at&t", "about AT&T", True),
        ("#ink", "#Ink and more", True),
        ("#ink", "#inkwell", False),
        ("#ink", "ink", False),
    ],
)
def test_a_word_is_found_where_it_stands_by_itself(word: str, text: str, is_found: bool) -> None:
    watched = Watched(["something else", word])
    assert watched.are_in(text, ()) is is_found
    if is_found:
        for ascii_only in (True, False):
            assert watched.may_be_in(json.dumps({"text": text}, ensure_ascii=ascii_only))


def test_a_hashtag_beside_the_text_is_found_whole() -> None:
    watched = Watched(["#Ink", "well"])
    assert watched.are_in("no words", ["other", "INK"])
    assert not watched.are_in("no words", ["inkwell", "well"])


def test_nothing_is_watched_for_without_words() -> None:
    watched = Watched([])
    assert not watched.may_be_in('{"text": "\\u0061"}')
    assert not watched.are_in("anything", ["at all"])


@pytest.mark.parametrize("word", ["", "  ", "#", '"', "\\"])
def test_a_word_that_is_none_is_refused(word: str) -> None:
    with pytest.raises(ConfigurationError, match="watch"):
        Watched(["ink", word])


LETTERS = st.text(st.sampled_from("aBzß ſıİﬁ灯台がＡ①🦀é\u0301\u200d#&<>/+'-\u2028ก"), max_size=12)


@given(word=LETTERS, before=LETTERS, after=LETTERS, ascii_only=st.booleans(), upper=st.booleans())
def test_what_is_found_is_never_overlooked_by_the_cheap_look(
    word: str, before: str, after: str, ascii_only: bool, upper: bool
) -> None:
    try:
        watched = Watched([word])
    except ConfigurationError:
        return
    text = f"{before} {word.upper() if upper else word} {after}"
    if watched.are_in(text, ()):
        assert watched.may_be_in(json.dumps({"text": text}, ensure_ascii=ascii_only))
    for tag in (word, word.removeprefix("#"), word.upper().removeprefix("#")):
        if watched.are_in("", [tag]):
            assert watched.may_be_in(json.dumps({"tags": [tag]}, ensure_ascii=ascii_only))
