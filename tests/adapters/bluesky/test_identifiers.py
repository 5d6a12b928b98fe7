"""Names of records and messages, and keys that are times."""

import random
import re
from datetime import UTC, datetime, timedelta

import pytest

from greenroom_adapters.bluesky.identifiers import AtUri, MessageName, Tids, message_reference, reference

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_keys_are_of_the_form_that_servers_take_and_sort_by_time() -> None:
    tids = Tids(random.Random(1))  # noqa: S311 - a test's dice
    made = [tids.make(NOON + timedelta(microseconds=number // 2)) for number in range(500)]
    made += [tids.make(NOON - timedelta(hours=1))]
    assert all(re.fullmatch(r"[234567abcdefghij][234567a-z]{12}", tid) for tid in made)
    assert made == sorted(set(made)), "none twice, even when the clock stands still or goes back"


def test_a_key_tells_the_time_as_the_protocol_has_it() -> None:
    # The example of the specification's text: base 32 of 53 bits of microseconds and 10 bits of a clock's number.
    digits = "234567abcdefghijklmnopqrstuvwxyz"
    tid = Tids(random.Random(1)).make(NOON)  # noqa: S311 - a test's dice
    number = 0
    for digit in tid:
        number = number * 32 + digits.index(digit)
    assert number >> 10 == int(NOON.timestamp()) * 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "at://",
        "https://bsky.app/profile/x",
        "at://did:plc:a/app.bsky.feed.post",
        "at://ada.test/app.bsky.feed.post/3k",
        "at://did:plc:a//3k",
        "at://did:plc:a/app.bsky.feed.post/3k/more",
        "chat:a/b",
    ],
)
def test_what_is_no_address_of_a_record_is_none(text: str) -> None:
    assert AtUri.read(text) is None


def test_an_address_is_read_and_written_and_shown() -> None:
    text = "at://did:plc:a/app.bsky.feed.post/3k"
    uri = AtUri.read(text)
    assert uri == ("did:plc:a", "app.bsky.feed.post", "3k")
    assert str(uri) == text
    assert uri is not None
    assert reference(uri).url == "https://bsky.app/profile/did:plc:a/post/3k"


def test_a_message_is_named_by_its_conversation_and_itself() -> None:
    ref = message_reference("convo1", "m1")
    assert MessageName.read(ref.id) == ("convo1", "m1")
    for text in ("chat:", "chat:a", "chat:/b", "chat:a/", "at://did:plc:a/b/c"):
        assert MessageName.read(text) is None
