"""What X shows of posts and messages becomes the right events, in both of its vocabularies."""

import json
import os
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from x_spoiling import JUNK, spoiled

from greenroom_adapters.contract import (
    Author,
    DirectMessageReceived,
    Event,
    FollowReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    PostDeleted,
    QuoteReceived,
    ReactionReceived,
    ReplyReceived,
    RepostReceived,
)
from greenroom_adapters.x.activity import read_activity
from greenroom_adapters.x.mapping import Included, author_of, is_summons, read_message, read_post
from greenroom_adapters.x.wire import POSTS, WireUser

EXAMPLES = int(os.environ.get("GREENROOM_EXAMPLES", "400"))
"""So many spoiled payloads are tried of each kind; 10000 take a minute."""
ME = Author(id="100", handle="lightbot")
NAMES = {"tweet": ("referenced_tweets", "tweets", "note_tweet"), "post": ("referenced_posts", "posts", "note_post")}


def included(**more: Any) -> Included:
    users = [{"id": "100", "username": "lightbot", "name": "L"}, {"id": "7", "username": "alice", "name": "Alice"}]
    return Included.of(msgspec.Raw(json.dumps({"users": users, **more}).encode()))


def post(**more: Any) -> dict[str, Any]:
    usual = {"id": "2127133017796247552", "author_id": "7", "conversation_id": "2127133017796247000", "lang": "en"}
    mention = {"start": 0, "end": 9, "username": "lightbot", "id": "100"}
    return {**usual, "text": "@lightbot hi", "entities": {"mentions": [mention]}, **more}


def read(value: dict[str, Any], **more: Any) -> Event | None:
    raw = msgspec.Raw(json.dumps(value).encode())
    return read_post(raw, included(**more), me=ME, source="mentions", cursor="c")


def test_a_post_that_names_the_bot_is_a_mention() -> None:
    event = read(post())
    assert isinstance(event, MentionReceived)
    assert (event.id, event.text, event.author.handle, event.language) == (
        "2127133017796247552",
        "@lightbot hi",
        "alice",
        "en",
    )
    assert event.post.url == "https://x.com/alice/status/2127133017796247552"
    assert event.conversation == "2127133017796247000"


@pytest.mark.parametrize("is_protected", [False, True])
def test_what_a_protected_account_posts_is_read_by_its_followers_alone(is_protected: bool) -> None:
    event = read(post(), users=[{"id": "7", "username": "alice", "name": "Alice", "protected": is_protected}])
    assert isinstance(event, MentionReceived)
    assert event.is_limited is is_protected


@pytest.mark.parametrize("dialect", ["tweet", "post"])
def test_an_answer_and_a_quote_are_known_in_both_vocabularies(dialect: str) -> None:
    references, posts, _ = NAMES[dialect]
    ours = {"id": "55", "author_id": "100", "text": "lamp lit"}
    answer = read(post(**{references: [{"type": "replied_to", "id": "55"}], "in_reply_to_user_id": "100"}))
    assert isinstance(answer, ReplyReceived)
    assert answer.in_reply_to is not None
    assert (answer.in_reply_to.id, answer.also) == ("55", (Kind.MENTION,))
    quote = read(post(**{references: [{"type": "quoted", "id": "55"}], "entities": {}}), **{posts: [ours]})
    assert isinstance(quote, QuoteReceived)
    both = read(
        post(**{references: [{"type": "replied_to", "id": "55"}, {"type": "quoted", "id": "55"}]})
        | {"in_reply_to_user_id": "100"},
        **{posts: [ours]},
    )
    assert isinstance(both, ReplyReceived)
    assert both.also == (Kind.QUOTE, Kind.MENTION)


@pytest.mark.parametrize("dialect", ["tweet", "post"])
def test_a_repost_of_ours_is_one_and_of_others_nothing(dialect: str) -> None:
    references, posts, _ = NAMES[dialect]
    reposted = post(**{references: [{"type": "retweeted", "id": "55"}]})
    assert isinstance(read(reposted, **{posts: [{"id": "55", "author_id": "100"}]}), RepostReceived)
    assert read(reposted, **{posts: [{"id": "55", "author_id": "8"}]}) is None
    assert read(reposted) is None


@pytest.mark.parametrize("dialect", ["tweet", "post"])
def test_the_whole_of_a_long_text_is_read(dialect: str) -> None:
    event = read(post(**{NAMES[dialect][2]: {"text": "@lightbot " + "long " * 100}}))
    assert isinstance(event, MentionReceived)
    assert event.text.endswith("long long ")


def test_links_lead_where_they_lead_and_added_ones_are_gone() -> None:
    urls = [
        {"start": 0, "end": 0, "url": "https://t.co/a", "expanded_url": "https://example.org/?a=1&b=2"},
        {
            "start": 0,
            "end": 0,
            "url": "https://t.co/b",
            "expanded_url": "https://x.com/i/status/9/photo/1",
            "media_key": "3_1",
        },
    ]
    event = read(post(text="@lightbot 1 &lt; 2 &amp;amp; https://t.co/a https://t.co/b", entities={"urls": urls}))
    assert isinstance(event, MentionReceived)
    assert event.text == "@lightbot 1 < 2 &amp; https://example.org/?a=1&b=2"


def test_an_own_answer_is_told_without_the_names_before_it() -> None:
    references = {"referenced_tweets": [{"type": "replied_to", "id": "55"}], "display_text_range": [7, 20]}
    event = read(post(author_id="100", text="@alice I keep it", **references))
    assert isinstance(event, OwnPostSeen)
    assert event.text == "I keep it"


@pytest.mark.parametrize("bio", ["sails #nobot", "#NoBots please", "NoBot", "no-bot", "#no-bots"])
def test_who_declines_bots_says_so_in_the_profile(bio: str) -> None:
    assert author_of(WireUser(id="7", username="alice", description=bio)).declines_bots


@pytest.mark.parametrize("bio", ["", "I am nobody", "I build robots", "nobotany"])
def test_others_do_not(bio: str) -> None:
    assert not author_of(WireUser(id="7", username="alice", description=bio)).declines_bots


def test_a_message_of_two_is_direct_and_one_of_a_group_is_not() -> None:
    def message(conversation: str, sender: str = "7") -> Event | None:
        value = {"id": "9", "event_type": "MessageCreate", "text": "psst", "sender_id": sender}
        raw = msgspec.Raw(json.dumps(value | {"dm_conversation_id": conversation}).encode())
        return read_message(raw, included(), me=ME, source="messages", cursor="c")

    assert isinstance(message("7-100"), DirectMessageReceived)
    assert isinstance(message("1582103724607971332"), MessageReceived)
    assert isinstance(message("7-100", sender="100"), OwnPostSeen)


def test_only_who_names_or_quotes_the_bot_calls_for_it() -> None:
    def summons(value: dict[str, Any], **more: Any) -> bool:
        return is_summons(POSTS.decode(json.dumps(value)), included(**more), me=ME)

    assert summons(post())
    assert not summons(post(entities={}))
    quoting = post(entities={}, referenced_posts=[{"type": "quoted", "id": "55"}])
    assert summons(quoting, posts=[{"id": "55", "author_id": "100"}])
    assert not summons(quoting, posts=[{"id": "55", "author_id": "8"}])
    assert not summons(quoting)


SAMPLES = [
    post(),
    post(referenced_tweets=[{"type": "replied_to", "id": "55"}], in_reply_to_user_id="100"),
    post(referenced_posts=[{"type": "quoted", "id": "55"}], attachments={"media_keys": ["3_1"]}),
    post(author_id="100", display_text_range=[7, 12], note_post={"text": "long", "entities": {"urls": []}}),
    {"id": "9", "event_type": "MessageCreate", "text": "psst", "sender_id": "7", "dm_conversation_id": "7-100"},
]
DOCUMENTED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "documented" / "activities.json").read_text(encoding="utf-8")
)
"""What X sends by webhook and stream, as its documentation shows it, shortened."""
ACTIVITIES = [
    {"data": {"event_type": "like.create", "event_uuid": "1", "payload": {"liked_tweet_id": "5", "id": "a"}}},
    {
        "data": {
            "event_type": "follow.follow",
            "payload": {"source": {"id": "7", "username": "alice"}, "target": {"id": "100", "username": "lightbot"}},
        }
    },
    *DOCUMENTED,
]


def test_every_documented_activity_is_understood() -> None:
    me = Author(id="1111111111111111111", handle="ExampleUser")
    now = datetime(2026, 7, 25, tzinfo=UTC)
    told = [read_activity(json.dumps(one).encode(), me=me, cursor="1", now=now) for one in DOCUMENTED]
    rings = [one.look_at for one in told if one.look_at is not None]
    assert rings == ["own", "mentions", "mentions", "messages"]
    events = [one.event for one in told if one.event is not None]
    assert [type(event) for event in events] == [PostDeleted, QuoteReceived, ReactionReceived, FollowReceived]
    deletion, quote, like, follow = events
    assert (deletion.id, deletion.occurred_at) == ("deletion-2080761269309813134", now)
    assert isinstance(quote, QuoteReceived)
    assert (quote.author.handle, quote.text) == ("OtherUser", "look at that")
    assert isinstance(like, ReactionReceived)
    assert (like.author.handle, like.post.id) == ("OtherUser", "2080761390344937796")
    assert isinstance(follow, FollowReceived)
    assert follow.author.handle == "OtherUser"
    assert len({event.id for event in events}) == len(events)


def test_the_post_in_a_documented_activity_reads_as_one_of_a_list() -> None:
    me = Author(id="1111111111111111111", handle="ExampleUser")
    told = next(one["data"] for one in DOCUMENTED if one["data"]["event_type"] == "post.mention.create")
    raws = [msgspec.Raw(json.dumps(told[name]).encode()) for name in ("payload", "includes")]
    event = read_post(raws[0], Included.of(raws[1]), me=me, source="mentions", cursor="c")
    assert isinstance(event, MentionReceived)
    assert (event.text, event.author.name) == ("hey @ExampleUser", "OtherUser")


@settings(max_examples=EXAMPLES, deadline=None)
@given(seed=st.integers(min_value=0))
def test_spoiled_activities_become_unknown_or_are_refused_as_nothing(seed: int) -> None:
    value = spoiled(ACTIVITIES, random.Random(seed))  # noqa: S311 - a test's dice
    try:
        told = read_activity(json.dumps(value).encode(), me=ME, cursor="1", now=datetime(2026, 11, 1, tzinfo=UTC))
    except ValueError:
        return
    assert told.event is None or told.event.source == "activity"


@settings(max_examples=EXAMPLES, deadline=None)
@given(seed=st.integers(min_value=0))
def test_spoiled_payloads_raise_what_the_listener_catches_and_nothing_else(seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    raw = msgspec.Raw(json.dumps(spoiled(SAMPLES, dice)).encode())
    around = Included.of(msgspec.Raw(json.dumps({"media": dice.choice(JUNK), "users": [dice.choice(JUNK)]}).encode()))
    for reader in (read_post, read_message):
        try:
            event = reader(raw, around, me=ME, source="mentions", cursor="c")
        except (msgspec.DecodeError, ValueError):
            continue
        assert event is None or event.source == "mentions"
