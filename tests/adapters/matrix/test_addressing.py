"""Whom a message addresses, and which words are its sender's."""

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from greenroom_adapters.matrix.addressing import Names, written_by_sender
from greenroom_adapters.matrix.wire import MESSAGES

NAMES = Names.of("@ada:example.org", "Ada Keeper")
lines = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n")), min_size=1, max_size=5)


def addressed(body: str, *, formatted: str = "", mentions: list[str] | None = None) -> bool:
    content: dict[str, object] = {"msgtype": "m.text", "body": body, "formatted_body": formatted}
    if mentions is not None:
        content["m.mentions"] = {"user_ids": mentions}
    return NAMES.addressed_in(MESSAGES.decode(msgspec.json.encode(content)), body)


@pytest.mark.parametrize(
    "body",
    ["ada: hello", "hello ADA", "@ada:example.org", "hi @ada:example.org!", "Ada Keeper, are you there?", "ada"],
)
def test_without_a_word_of_the_client_a_name_as_a_word_counts(body: str) -> None:
    assert addressed(body)


@pytest.mark.parametrize("body", ["adagio", "canada", "@adam:example.org", "nobody", "", "mail x@ada", "the keeper"])
def test_a_part_of_a_word_is_no_name(body: str) -> None:
    assert not addressed(body)


@pytest.mark.parametrize("link", ["@ada:example.org", "%40ada%3Aexample.org", "@ada%3Aexample.org"])
def test_a_link_to_the_bot_counts(link: str) -> None:
    assert addressed("Light: hello", formatted=f'<a href="https://matrix.to/#/{link}">Light</a>: hello')


def test_a_link_to_somebody_else_does_not_count() -> None:
    for link in ("@ada:example.org.evil", "@bob:example.org"):
        assert not addressed("Light", formatted=f'<a href="https://matrix.to/#/{link}">Light</a>')


def test_a_link_in_the_quotation_of_a_reply_does_not_count() -> None:
    quoted = '<mx-reply><a href="https://matrix.to/#/@ada:example.org">x</a></mx-reply>yes'
    assert not addressed("yes", formatted=quoted)


def test_what_the_client_says_goes_before_what_the_text_says() -> None:
    assert addressed("hello there", mentions=["@ada:example.org"])
    assert not addressed("ada: hello", mentions=[])
    assert not addressed("ada: hello", mentions=["@bob:example.org"])


def test_a_display_name_with_characters_of_patterns_is_taken_as_it_is() -> None:
    names = Names.of("@b:x", "A.d*a (bot)")
    message = MESSAGES.decode(b"{}")
    assert names.addressed_in(message, "A.d*a (bot), hello")
    assert not names.addressed_in(message, "Axdda (bot), hello")


@given(lines, lines)
def test_the_quotation_before_a_reply_is_taken_away_and_nothing_else(quoted: list[str], written: list[str]) -> None:
    text = "\n".join(written)
    fallback = "\n".join([f"> <@bob:example.org> {quoted[0]}", *(f"> {line}" for line in quoted[1:])])
    assert written_by_sender(f"{fallback}\n\n{text}", is_reply=True) == text


@given(st.text())
def test_what_is_no_reply_is_left_as_it_is(body: str) -> None:
    assert written_by_sender(body, is_reply=False) == body
    assert written_by_sender(f"> <@bob:example.org> {body}", is_reply=False) == f"> <@bob:example.org> {body}"


@given(st.text().filter(lambda text: not text.startswith("> ")))
def test_a_reply_without_a_quotation_is_left_as_it_is(body: str) -> None:
    assert written_by_sender(body, is_reply=True) == body


def test_a_quotation_that_the_sender_wrote_is_kept() -> None:
    assert written_by_sender("> to be\nor not", is_reply=True) == "> to be\nor not"
    quoted = "> <@bob:example.org> x\n\n> to be\nor not"
    assert written_by_sender(quoted, is_reply=True) == "> to be\nor not"


def test_the_quotation_of_an_action_is_taken_away_as_well() -> None:
    assert written_by_sender("> * <@bob:example.org> waves\n\nhello", is_reply=True) == "hello"
    assert written_by_sender("> <@bob:example.org> no word follows", is_reply=True) == ""


def test_thousands_of_quotations_that_do_not_end_are_read_at_once() -> None:
    before = time.process_time()
    assert not addressed("yes", formatted="<mx-reply>" * 6_000)
    assert time.process_time() - before < 1
