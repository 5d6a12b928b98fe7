"""A post is known by its words again, whatever X does to links, letters and spaces."""

import pytest

from greenroom_adapters.x.likeness import is_like


@pytest.mark.parametrize(
    ("sent", "listed"),
    [
        ("caf\u00e9", "cafe\u0301"),
        ("read https://example.org/a?b=1", "read https://example.org/a?b=1"),
        ("read example.org", "read http://example.org"),
        ("read Example.org/", "read http://example.org"),
        ("read https://b\u00fccher.de/x", "read https://xn--bcher-kva.de/x"),
        ("two  spaces\n\n\nand lines ", "two spaces\n\nand lines"),
    ],
)
def test_what_x_does_to_a_text_changes_nothing(sent: str, listed: str) -> None:
    assert is_like(sent, listed)


@pytest.mark.parametrize(
    ("sent", "listed"),
    [
        ("New: https://example.org/1", "New: https://example.org/2"),
        ("New: https://example.org/?id=1", "New: https://example.org/?id=2"),
        ("good morning", "Good morning"),
        ("good morning", "good morning!"),
        ("", "a"),
    ],
)
def test_other_words_and_other_links_are_others(sent: str, listed: str) -> None:
    assert not is_like(sent, listed)


@pytest.mark.parametrize(
    ("sent", "listed"),
    [
        ("good evening", "@alice good evening"),
        ("@alice good evening", "good evening"),
        ("@alice  @bob\ngood evening", "@bob @alice good evening"),
        ("@alice", ""),
    ],
)
def test_names_before_an_answer_count_for_nothing(sent: str, listed: str) -> None:
    assert is_like(sent, listed, is_answer=True)
    assert not is_like(sent, listed)


@pytest.mark.parametrize(
    ("sent", "listed"),
    [
        ("good evening @alice", "good evening"),
        ("@alice, good evening", "good evening"),
        ("@alice good evening", "@alice good morning"),
    ],
)
def test_other_names_are_part_of_what_an_answer_says(sent: str, listed: str) -> None:
    assert not is_like(sent, listed, is_answer=True)
