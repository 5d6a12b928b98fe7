"""Who is addressed in a text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greenroom_adapters.stage.mentions import HANDLE, handles_in

handles = st.from_regex(r"[A-Za-z0-9_]{1,9}(?:-[A-Za-z0-9_]{1,9}){0,2}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@ada", ("ada",)),
        ("Hello @Ada, and @bob!", ("ada", "bob")),
        ("(@ada) \u201c@bob\u201d @eve\u2019s", ("ada", "bob", "eve")),
        ("@ada @ADA @Ada", ("ada",)),
        ("ask @lamp-keeper-2.", ("lamp-keeper-2",)),
        ("@ada- @_x", ("ada", "_x")),
        ("line one\n@ada", ("ada",)),
        ("\u4f60\u597d@ada\u4f60\u597d", ("ada",)),
        ("mail ada@example.org or a.b@ada", ()),
        ("https://example.org/@ada and x/@ada", ()),
        ("@ada@example.org", ()),
        ("@@ada @ada@", ()),
        ("caf\u00e9@ada @ada\u00e9", ()),
        ("@ @- @\u00e9", ()),
    ],
)
def test_a_mention_stands_alone_and_addresses_are_no_mentions(text: str, expected: tuple[str, ...]) -> None:
    assert handles_in(text) == expected


@given(st.lists(handles, max_size=6))
@settings(max_examples=100)
def test_every_handle_that_stands_between_spaces_is_found_once(named: list[str]) -> None:
    text = " ".join(f"@{handle}" for handle in named)

    assert all(HANDLE.fullmatch(handle) for handle in named)
    assert handles_in(text) == tuple(dict.fromkeys(handle.lower() for handle in named))


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_whatever_is_found_is_written_in_the_text(text: str) -> None:
    for handle in handles_in(text):
        assert f"@{handle}" in text.lower()
