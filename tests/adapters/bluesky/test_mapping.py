"""What a real AppView told, as events: from notifications written down by `tests/servers/bluesky/record.py`."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from greenroom_adapters.bluesky.mapping import read_notification, unknown
from greenroom_adapters.contract import (
    Event,
    FollowReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    QuoteReceived,
    ReactionReceived,
    ReplyReceived,
    RepostReceived,
    TextEvent,
    UnknownEvent,
)

RECORDED = json.loads((Path(__file__).parent / "recorded" / "appview-0.0.280.json").read_text(encoding="utf-8"))
BOT, ALICE, BOB, OURS, DONE = (RECORDED[name] for name in ("bot", "alice", "bob", "ours", "done"))
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def told(what: str) -> dict[str, Any]:
    """Return the notification of what was done."""
    found: dict[str, Any] = next(one for one in RECORDED["notifications"] if one["uri"] == DONE[what])
    return copy.deepcopy(found)


def read(notification: object, *, me: str = BOT) -> Event | None:
    return read_notification(msgspec.Raw(json.dumps(notification).encode()), me=me, source="notifications", at=NOON)


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("mention", MentionReceived),
        ("reply", ReplyReceived),
        ("quote", QuoteReceived),
        ("all", ReplyReceived),
        ("beside", MessageReceived),
        ("like", ReactionReceived),
        ("repost", RepostReceived),
        ("follow", FollowReceived),
    ],
)
def test_each_thing_that_is_done_is_the_event_that_it_is(what: str, kind: type[Event]) -> None:
    event = read(told(what))
    assert type(event) is kind
    assert event is not None
    assert (event.id, event.source, event.occurred_at) == (DONE[what], "notifications", NOON)


def test_a_mention_has_all_that_was_said() -> None:
    event = read(told("mention"))
    assert isinstance(event, MentionReceived)
    assert event.text.endswith(" what is rain?")
    assert (event.language, event.conversation, event.post.id) == ("en", DONE["mention"], DONE["mention"])
    assert (event.author.id, event.author.name, event.author.is_bot) == (ALICE, "Alice", True)
    (picture,) = event.media
    assert picture.alt == "the pier"
    assert picture.url.startswith(f"https://cdn.bsky.app/img/feed_fullsize/plain/{ALICE}/")


def test_what_a_post_is_beside_its_kind_is_told() -> None:
    event = read(told("all"))
    assert isinstance(event, ReplyReceived)
    assert event.also == (Kind.QUOTE, Kind.MENTION)
    assert event.in_reply_to is not None
    assert (event.in_reply_to.id, event.conversation) == (OURS, OURS)


def test_a_quote_with_a_picture_is_a_quote_with_a_picture() -> None:
    event = read(told("quote"))
    assert isinstance(event, QuoteReceived)
    assert [media.alt for media in event.media] == ["the pier"]


def test_an_answer_to_somebody_else_is_a_message_in_the_same_conversation() -> None:
    event = read(told("beside"))
    assert isinstance(event, MessageReceived)
    assert event.in_reply_to is not None
    assert (event.in_reply_to.id, event.conversation) == (DONE["all"], OURS)
    assert event.author.declines_bots


@pytest.mark.parametrize("what", ["like", "repost"])
def test_a_like_and_a_repost_say_of_what(what: str) -> None:
    event = read(told(what))
    assert isinstance(event, ReactionReceived | RepostReceived)
    assert event.post.id == OURS


def test_a_label_that_others_gave_marks_nobody_as_a_bot() -> None:
    notification = told("mention")
    for label in notification["author"]["labels"]:
        label["src"] = BOB
    event = read(notification)
    assert isinstance(event, TextEvent)
    assert not event.author.is_bot


def test_what_the_account_does_itself_is_nothing() -> None:
    assert read(told("mention"), me=ALICE) is None


def test_of_what_cannot_be_understood_no_more_is_kept_than_a_person_would_read() -> None:
    event = read({**told("like"), "reason": "like-via-hologram", "junk": "x" * 1_000_000})
    assert isinstance(event, UnknownEvent)
    assert len(event.raw) == len(unknown(b"x" * 1_000_000, source="s", at=NOON).raw) == 4000


def test_a_reason_that_nobody_knows_yet_is_said_to_be_unknown() -> None:
    event = read({**told("like"), "reason": "like-via-hologram"})
    assert isinstance(event, UnknownEvent)
    assert "like-via-hologram" in event.raw


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("mention", {"record": {"text": None}}),
        ("mention", {"record": []}),
        ("mention", {"record": {"text": "a", "facets": "b"}}),
        ("mention", {"uri": "https://example.org"}),
        ("mention", {"author": {}}),
        ("like", {"reasonSubject": "nothing"}),
        ("repost", {"reasonSubject": ""}),
    ],
)
def test_what_cannot_be_read_raises_and_becomes_unknown_with_one_id(what: str, changed: dict[str, Any]) -> None:
    notification = {**told(what), **changed}
    with pytest.raises((msgspec.DecodeError, ValueError)):
        read(notification)
    raw = json.dumps(notification).encode()
    one, two = (unknown(raw, source="notifications", at=NOON) for _ in range(2))
    assert one == two


def test_no_notification_without_some_part_breaks_anything() -> None:
    for notification in RECORDED["notifications"]:
        for name in notification:
            rest = {key: value for key, value in notification.items() if key != name}
            try:
                read(rest)
            except (msgspec.DecodeError, ValueError):
                continue
