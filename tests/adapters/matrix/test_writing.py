"""What the bot says, as content: plain, safe, and calling nobody but the person who is answered."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from greenroom_adapters.matrix.writing import Answered, Style, compose, edit

ME = "@ada:example.org"
STYLE = Style(message="notice", threads=False)
texts = st.text(st.characters(exclude_categories=["Cs"]))


class Reader(HTMLParser):
    """Reads formatted text as a client does: its words, and what stands in tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.words += "\n" if tag == "br" else ""

    @override
    def handle_data(self, data: str) -> None:
        self.words += data


def said(text: str, person: str) -> dict[str, object]:
    answered = Answered(event="$e", sender=person, thread=None)
    return compose(text, key="k", me=ME, style=STYLE, answered=answered)


@given(texts, texts, st.sampled_from(["@bob:example.org", '@b"<x>&:example.org', "@o'neil=/+:example.org"]))
def test_formatted_text_says_the_same_words_and_links_to_the_person_alone(before: str, after: str, person: str) -> None:
    text = f"{before}{person}{after}"
    content = said(text, person)
    assert content["body"] == text
    reader = Reader()
    reader.feed(str(content["formatted_body"]))
    reader.close()
    assert {tag for tag, _ in reader.tags} <= {"a", "br"}
    assert all(set(attributes) <= {"href"} for _, attributes in reader.tags)
    links = {attributes["href"] for tag, attributes in reader.tags if tag == "a"}
    assert all(link is not None and link.startswith("https://matrix.to/#/%40") for link in links)
    assert reader.words == text


@given(texts)
def test_whatever_the_text_says_only_the_person_is_mentioned(text: str) -> None:
    assert said(f"@room @eve:example.org {text}", "@bob:example.org")["m.mentions"] == {
        "user_ids": ["@bob:example.org"]
    }


def test_going_on_below_our_own_words_mentions_nobody() -> None:
    assert said("and so on", ME)["m.mentions"] == {}


@pytest.mark.parametrize(
    ("thread", "opens", "root"),
    [(None, False, None), (None, True, "$e"), ("$root", False, "$root"), ("$root", True, "$root")],
)
def test_an_answer_stands_in_the_thread_of_what_it_answers_or_opens_one(
    thread: str | None, opens: bool, root: str | None
) -> None:
    answered = Answered(event="$e", sender="@bob:example.org", thread=thread)
    content = compose("x", key="k", me=ME, style=STYLE, answered=answered, opens_thread=opens)
    relation = content["m.relates_to"]
    assert isinstance(relation, dict)
    assert relation["m.in_reply_to"] == {"event_id": "$e"}
    assert relation.get("event_id") == root
    assert relation.get("rel_type") == (None if root is None else "m.thread")


def test_a_text_whose_markup_would_be_too_large_is_sent_without() -> None:
    assert "formatted_body" not in said("@bob:example.org" + '"' * 29_000, "@bob:example.org")


def test_an_edit_replaces_the_words_and_keeps_the_key_but_no_mention_and_no_old_markup() -> None:
    original = said("@bob:example.org helo", "@bob:example.org")
    content = edit("$e", original, "hello")
    assert content["m.mentions"] == {}
    new = content["m.new_content"]
    assert isinstance(new, dict)
    assert new["body"] == "hello"
    assert new["org.greenroom.key"] == "k"
    assert not {"formatted_body", "format", "m.relates_to"} & set(new)
