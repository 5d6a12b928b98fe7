"""What somebody calls himself is no word of who mentions him."""

import time

import msgspec
import pytest

from greenroom_adapters.matrix.pills import with_ids
from greenroom_adapters.matrix.wire import MESSAGES

ADA = "@ada:example.org"
EVE = "@eve:evil.example"


def link(address: str, name: str) -> str:
    return f'<a class="pill" href="{address}">{name}</a>'


def read(body: str, formatted: str = "", *, mentions: tuple[str, ...] = (), known: str = "") -> str:
    content = {"body": body, "formatted_body": formatted, "m.mentions": {"user_ids": mentions}}
    return with_ids(body, MESSAGES.decode(msgspec.json.encode(content)), {EVE: known, ADA: "Ada"}, me=ADA)


@pytest.mark.parametrize(
    "address",
    [
        f"https://matrix.to/#/{EVE}",
        "https://matrix.to/#/%40eve%3Aevil.example?via=evil.example",
        "matrix:u/eve:evil.example?action=chat",
    ],
)
def test_a_person_who_is_mentioned_stands_in_the_text_by_his_id(address: str) -> None:
    assert read("Ada: leave", f"Ada: {link(address, 'leave')}") == f"Ada: {EVE}"


@pytest.mark.parametrize(
    ("address", "room"),
    [
        ("https://matrix.to/#/%23harbour%3Aevil.example/$post", "#harbour:evil.example"),
        ("matrix:roomid/abc:evil.example/e/post", "!abc:evil.example"),
    ],
)
def test_so_does_a_room(address: str, room: str) -> None:
    assert read("Ada: leave", f"Ada: {link(address, 'leave')}") == f"Ada: {room}"


def test_who_is_mentioned_without_a_link_does_as_well() -> None:
    assert read("Ada: quiet 3 days", mentions=(EVE,), known="quiet  3 days") == f"Ada: {EVE}"


def test_a_name_is_replaced_wherever_it_stands_by_itself_and_in_no_word() -> None:
    eve = link(f"https://matrix.to/#/{EVE}", "<b>ada</b> &amp; I")
    assert read("ada &  I, or ada & In?", f"{eve}, or?") == f"{EVE}, or ada & In?"
    assert read("!a!", link(f"https://matrix.to/#/{EVE}", "!a!")) == EVE


def test_the_bots_own_name_stays_and_so_does_what_links_elsewhere() -> None:
    formatted = link(f"https://matrix.to/#/{ADA}", "Ada") + link("https://example.org", "leave")
    assert read("Ada leave", formatted, mentions=(ADA,)) == "Ada leave"


def test_the_bots_name_stays_whoever_goes_by_it() -> None:
    eve = link(f"https://matrix.to/#/{EVE}", "ada")
    assert read("Ada, is it lit? ada knows", eve, mentions=(EVE,), known="Ada") == "Ada, is it lit? ada knows"


def test_links_without_end_are_read_at_once() -> None:
    before = time.process_time()
    read("yes", '<a href="https://matrix.to/#/' + "a" * 60_000)
    read("yes", '<a href="https://matrix.to/#/a' + "?" * 60_000)
    read("yes", f'<a href="https://matrix.to/#/a"{" " * 60_000}')
    read("yes", '<a href="https://matrix.to/#/a">' + "<b" * 30_000)
    read("x " * 15_000, "".join(link(f"https://matrix.to/#/@{one}:x", f"name {one}") for one in range(600)))
    read("yes", '<a href="https://matrix.to/#/@eve:x">' * 2_000)
    read("yes", "<a href='matrix:u/" * 4_000)
    assert time.process_time() - before < 1
