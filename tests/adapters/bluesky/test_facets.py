"""What is marked in a text, by whose rules, and where that stands in bytes."""

import pytest

from greenroom_adapters.bluesky.facets import facets, marks


def marked(text: str) -> list[tuple[str, str, str]]:
    """Return (kind, words, value) of what is marked."""
    return [(mark.kind, text[mark.start : mark.end], mark.value) for mark in marks(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see https://example.org/a?b=c.", [("link", "https://example.org/a?b=c", "https://example.org/a?b=c")]),
        ("see example.org/a", [("link", "example.org/a", "https://example.org/a")]),
        ("hi @ada.bsky.social!", [("mention", "@ada.bsky.social", "ada.bsky.social")]),
        ("(@ada.test)", [("mention", "@ada.test", "ada.test")]),
        (
            "#lamp, #日本語 \uff03wide",
            [("tag", "#lamp", "lamp"), ("tag", "#日本語", "日本語"), ("tag", "\uff03wide", "wide")],
        ),
        ("#1st", [("tag", "#1st", "1st")]),
    ],
)
def test_links_mentions_and_tags_are_marked(text: str, found: list[tuple[str, str, str]]) -> None:
    assert marked(text) == found


@pytest.mark.parametrize(
    "text",
    ["", "plain", "ada@example", "@ada", "a@ada.test", "#", "#1", "#!", "no#tag", "# gap", f"#{'x' * 65}", "@-a.test"],
)
def test_what_is_none_is_not_marked(text: str) -> None:
    assert marked(text) == []


def test_a_link_with_a_tag_or_a_handle_in_it_is_a_link_alone() -> None:
    text = "https://example.org/@ada.test/#lamp"
    assert marked(text) == [("link", text, text)]


def test_positions_count_bytes_and_a_handle_of_nobody_stays_plain() -> None:
    text = "Łódź 👩‍👩‍👧 @Ada.test @nobody.test #é"
    made = facets(text, marks(text), {"ada.test": "did:plc:ada"})
    content = text.encode()
    shown = []
    for facet in made:
        index = facet["index"]
        assert isinstance(index, dict)
        shown.append(content[index["byteStart"] : index["byteEnd"]].decode())
    assert shown == ["@Ada.test", "#é"]
    assert made[0]["features"] == [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:ada"}]
