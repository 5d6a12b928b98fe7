"""What a real homeserver said, as events: from answers of Synapse written down by `tests/servers/matrix/record.py`."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from greenroom_adapters.contract import (
    Event,
    JoinReceived,
    Kind,
    MentionReceived,
    MessageReceived,
    OwnPostSeen,
    PostDeleted,
    PostEdited,
    ReactionReceived,
    ReplyReceived,
    RoomUnreadable,
    SanctionReceived,
    TextEvent,
    Trust,
    UnknownEvent,
)
from greenroom_adapters.matrix.addressing import Names
from greenroom_adapters.matrix.mapping import name_of, read_event, read_leaving, refers_to, unknown
from greenroom_adapters.matrix.reading import Context, Target
from greenroom_adapters.matrix.room import RoomFacts
from greenroom_adapters.matrix.rooms import Rooms
from greenroom_adapters.matrix.wire import EVENTS, LEFT, SYNCS

RECORDED = json.loads((Path(__file__).parent / "recorded" / "synapse-1.163.json").read_text(encoding="utf-8"))
BOT, ALICE, BOB, ROOM = (RECORDED[name] for name in ("bot", "alice", "bob", "room"))
CONTEXT = Context(names=Names.of(BOT, "Light"), server="https://matrix.test")
NOW = datetime(2026, 11, 29, tzinfo=UTC)


def the_room() -> RoomFacts:
    """Return the recorded room, as its first sync and its batch describe it."""
    rooms = Rooms()
    for part in ("first", "batch"):
        joined = SYNCS.decode(json.dumps(RECORDED[part])).rooms.join[ROOM]
        rooms.update(ROOM, joined.summary, joined.state.events)
        if part == "first":
            for raw in joined.timeline.events:
                rooms.of(ROOM).learn(raw)
    return rooms.of(ROOM)


def recorded_events() -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = RECORDED["batch"]["rooms"]["join"][ROOM]["timeline"]["events"]
    return events


def read(event: Mapping[str, Any], room: RoomFacts, *, among: list[dict[str, Any]] | None = None) -> Event | None:
    """Read one event as listening does."""
    raw = json.dumps(event).encode()
    try:
        wire = EVENTS.decode(raw)
        refers = refers_to(wire)
        senders = {other["event_id"]: other["sender"] for other in among or recorded_events()}
        target = Target(sender=senders[refers]) if refers in senders else None
        return read_event(wire, room, target, CONTEXT)
    except (msgspec.DecodeError, ValueError):
        return unknown(raw, received_at=NOW)


def message(**changed: Any) -> dict[str, Any]:
    """Return an event somebody may have sent."""
    event: dict[str, Any] = {
        "event_id": "$event",
        "type": "m.room.message",
        "sender": ALICE,
        "origin_server_ts": 1_795_966_482_957,
        "content": {"msgtype": "m.text", "body": "hello", "m.mentions": {}},
    }
    return {**event, **changed}


def said(room: RoomFacts, **content: Any) -> TextEvent:
    """Return what a message with this content means."""
    event = read(message(content={"msgtype": "m.text", "body": "hello", **content}), room)
    assert isinstance(event, TextEvent)
    return event


def test_everything_recorded_is_told_as_what_it_is() -> None:
    room = the_room()
    told = [read(event, room) for event in recorded_events()]
    assert [type(event) for event in told] == [
        JoinReceived,
        MentionReceived,
        OwnPostSeen,
        ReplyReceived,
        MessageReceived,
        MentionReceived,
        ReactionReceived,
        type(None),  # a reaction to somebody else
        PostEdited,
        type(None),  # somebody edits what is not theirs
        type(None),  # deleted meanwhile
        PostDeleted,
        MessageReceived,
        UnknownEvent,  # encrypted, in a room that is not
        UnknownEvent,
        type(None),  # the room's topic
    ]
    texts = [event.text for event in told if isinstance(event, TextEvent | PostEdited)]
    assert texts == ["what is rain?", "and snow?", "I know", "tell me here", "what is sleet?", "the pier"]


def test_everything_recorded_has_the_servers_id_and_time() -> None:
    room = the_room()
    for event in recorded_events():
        told = read(event, room)
        if told is None or isinstance(told, RoomUnreadable):
            continue
        assert told.id == event["event_id"]
        assert told.occurred_at.timestamp() == pytest.approx(event["origin_server_ts"] / 1000)


def test_people_and_places_are_told_by_what_the_room_says_of_them() -> None:
    room = the_room()
    mention = read(recorded_events()[1], room)
    assert isinstance(mention, MentionReceived)
    assert mention.author.id == ALICE
    assert (mention.author.name, mention.author.trust) == ("alice2", Trust.MODERATOR)
    assert mention.room is not None
    assert mention.room.name == "The Pier"  # until its alias is proven
    room.alias_is_true = True
    assert room.room().name == "#pier:bot.test"
    threaded = read(recorded_events()[5], room)
    assert isinstance(threaded, MentionReceived)
    assert threaded.conversation == f"{ROOM}/{recorded_events()[1]['event_id']}"
    picture = read(recorded_events()[12], room)
    assert isinstance(picture, MessageReceived)
    (media,) = picture.media
    assert (media.media_type, media.alt) == ("image/png", "the pier")
    assert media.url == "https://matrix.test/_matrix/client/v1/media/download/bot.test/AbC"


@pytest.mark.parametrize("version", ["1", "11"])
def test_before_room_version_12_creating_a_room_gives_no_lasting_power(version: str) -> None:
    room = RoomFacts(id="!r")
    room.learn(
        json.dumps(
            {"type": "m.room.create", "sender": ALICE, "state_key": "", "content": {"room_version": version}}
        ).encode()
    )
    assert room.author(ALICE, is_bot=False).trust is Trust.ANYONE
    powers = {"users": {BOB: "50"}, "users_default": 0}
    room.learn(json.dumps({"type": "m.room.power_levels", "state_key": "", "content": powers}).encode())
    assert room.author(BOB, is_bot=False).trust is Trust.MODERATOR


@pytest.mark.parametrize(("power", "trust"), [(49, Trust.ANYONE), (50, Trust.MODERATOR), (51, Trust.MODERATOR)])
def test_a_moderator_is_who_has_power_enough(power: int, trust: Trust) -> None:
    room = RoomFacts(id="!r")
    content = {"users": {ALICE: power}}
    room.learn(json.dumps({"type": "m.room.power_levels", "state_key": "", "content": content}).encode())
    assert room.author(ALICE, is_bot=False).trust is trust


@pytest.mark.parametrize(
    ("content", "trust"),
    [
        ({"users": {ALICE: 60}, "redact": 75}, Trust.ANYONE),
        ({"users": {ALICE: 75}, "redact": 75}, Trust.MODERATOR),
        ({"users": {ALICE: 20}, "redact": 20}, Trust.MODERATOR),
        ({"users": {ALICE: 60}, "events": {"m.room.redaction": 100}}, Trust.ANYONE),
    ],
)
def test_a_moderator_is_who_may_take_down_messages_of_others_in_that_room(
    content: dict[str, Any], trust: Trust
) -> None:
    room = RoomFacts(id="!r")
    room.learn(json.dumps({"type": "m.room.power_levels", "state_key": "", "content": content}).encode())
    author = room.author(ALICE, is_bot=False)
    assert (author.trust, author.power) == (trust, content["users"][ALICE])
    direct = RoomFacts(id="!d", direct_with=ALICE, powers=room.powers)
    assert (direct.author(ALICE, is_bot=False).trust, direct.author(ALICE, is_bot=False).power) == (Trust.ANYONE, None)


def left_by(sender: str, membership: str, before: str = "join") -> SanctionReceived | None:
    """Return what the end of being in a room means, which `sender` brought about."""
    me = CONTEXT.me
    event = {
        "event_id": "$end",
        "type": "m.room.member",
        "sender": sender,
        "state_key": me,
        "origin_server_ts": 1_000,
        "content": {"membership": membership, "reason": "spam"},
        "unsigned": {"prev_content": {"membership": before}},
    }
    broken = {"type": "m.room.member", "content": 7}
    left = LEFT.decode(json.dumps({"timeline": {"events": [event, broken]}}))
    return read_leaving(left, the_room(), me=me)


def test_who_is_sent_out_of_a_room_is_told_by_whom_and_why_and_who_leaves_is_not() -> None:
    for membership in ("leave", "ban"):
        sanction = left_by(ALICE, membership)
        assert sanction is not None
        assert (sanction.id, sanction.until, sanction.reason) == ("$end", None, "spam")
        assert sanction.by is not None
        assert sanction.by.id == ALICE
    assert left_by(CONTEXT.me, "leave") is None
    assert left_by(ALICE, "leave", before="invite") is None, "an invitation that was taken back"


@pytest.mark.parametrize(
    "content",
    [{"users": "all"}, {"users": {ALICE: []}}, {"users": {ALICE: "high"}}, {"users_default": None}, "powers", None],
)
def test_powers_that_make_no_sense_change_nothing(content: Any) -> None:
    room = RoomFacts(id="!r")
    good = {"users": {ALICE: 50}}
    for powers in (good, content):
        room.learn(json.dumps({"type": "m.room.power_levels", "state_key": "", "content": powers}).encode())
    assert room.author(ALICE, is_bot=False).trust is Trust.MODERATOR


def test_a_message_that_has_the_type_of_state_is_no_state() -> None:
    room = RoomFacts(id="!r", name="Home")
    room.learn(json.dumps({"type": "m.room.name", "sender": BOB, "content": {"name": "Trap"}}).encode())
    assert room.name == "Home"


def test_a_name_that_looks_like_an_alias_is_told_without_its_looks() -> None:
    assert RoomFacts(id="!r", name="#home:bot.test").title == "home:bot.test"
    assert RoomFacts(id="!r", name="!abc").title == "abc"


def test_a_like_is_a_thumb_up_in_any_spelling() -> None:
    room = the_room()
    ours = recorded_events()[2]["event_id"]
    for key, expected in (("\U0001f44d", "like"), ("\U0001f44d\ufe0f", "like"), ("\U0001f44e", "\U0001f44e")):
        relation = {"rel_type": "m.annotation", "event_id": ours, "key": key}
        event = read(message(type="m.reaction", content={"m.relates_to": relation}), room)
        assert isinstance(event, ReactionReceived)
        assert event.reaction == expected


@pytest.mark.parametrize("where", ["event", "content"])
def test_a_redaction_is_understood_as_old_and_as_new_rooms_write_it(where: str) -> None:
    gone = {"redacts": "$gone"}
    event = message(
        type="m.room.redaction", content=gone if where == "content" else {}, **(gone if where == "event" else {})
    )
    told = read(event, the_room())
    assert isinstance(told, PostDeleted)
    assert told.post.id.endswith("/$gone")


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(message(origin_server_ts=10**18), id="a time after the end of the calendar"),
        pytest.param(message(origin_server_ts=-(10**18)), id="a time before its beginning"),
        pytest.param(message(origin_server_ts="now"), id="a time in words"),
        pytest.param(message(content={"body": ["x"]}), id="a body that is a list"),
        pytest.param(message(content="x"), id="a content that is a text"),
        pytest.param(message(content={"body": "x", "m.relates_to": 1}), id="a relation that is a number"),
        pytest.param(message(type="m.reaction", content={"m.relates_to": {"key": "x"}}), id="a reaction to nothing"),
        pytest.param(message(type="m.room.redaction", content={}), id="a redaction of nothing"),
        pytest.param(
            message(content={"body": "x", "m.relates_to": {"rel_type": "m.replace"}}), id="an edit of nothing"
        ),
        pytest.param(message(type="org.example.unheard.of"), id="an unheard-of type"),
        pytest.param({"type": "m.room.message"}, id="an event without an id"),
        pytest.param([], id="no event at all"),
    ],
)
def test_what_cannot_be_understood_is_told_as_it_came_under_one_id(event: Any) -> None:
    room = the_room()
    raw = json.dumps(event).encode()
    first, again = (unknown(raw, received_at=NOW), unknown(raw, received_at=NOW + timedelta(days=1)))
    assert first.id == again.id == name_of(raw)
    if isinstance(event, dict):
        assert isinstance(read(event, room), UnknownEvent)


def test_what_a_stranger_calls_himself_is_no_word_of_who_mentions_him() -> None:
    pill = {"body": "Light: leave", "formatted_body": f'Light: <a href="https://matrix.to/#/{BOB}">leave</a>'}
    said = read(message(content={"msgtype": "m.text", **pill}), the_room())
    assert isinstance(said, MentionReceived)
    assert said.text == f"Light: {BOB}"
    edit = {"m.new_content": pill, "m.relates_to": {"rel_type": "m.replace", "event_id": "$before"}}
    edited = read(
        message(content={"msgtype": "m.text", "body": "* Light: leave", **edit}),
        the_room(),
        among=[{"event_id": "$before", "sender": ALICE}],
    )
    assert isinstance(edited, PostEdited)
    assert edited.text == f"Light: {BOB}"


def test_who_is_called_as_the_bot_is_keeps_no_mention_of_it_from_being_one() -> None:
    name = BOT.removeprefix("@").partition(":")[0]
    pill = {"body": f"{name}: hello", "formatted_body": f'<a href="https://matrix.to/#/{BOB}">{name}</a>: hello'}
    said = read(message(content={"msgtype": "m.text", **pill}), the_room())
    assert isinstance(said, MentionReceived)


def test_the_body_of_a_file_without_a_caption_is_its_name_and_no_word_of_its_sender() -> None:
    assert said(the_room(), msgtype="m.image", body="IMG_1.png", url="mxc://a/b").text == ""
    assert said(the_room(), msgtype="m.image", body="IMG_1.png", filename="IMG_1.png", url="mxc://a/b").text == ""
    assert said(the_room(), msgtype="m.image", body="look", filename="IMG_1.png", url="mxc://a/b").text == "look"


@pytest.mark.parametrize(
    "url",
    [
        *("https://evil.test/x", "file:///etc/passwd", "mxc:/a/b", "", "mxc://a", "mxc://a/b/c", "mxc://../a"),
        *("mxc://../../../../_synapse/admin/v1/users", "mxc://a/..", "mxc://a/b?allow_redirect=true", "mxc://a/b\n"),
    ],
)
def test_a_picture_that_lies_elsewhere_than_on_matrix_is_not_told(url: str) -> None:
    assert said(the_room(), msgtype="m.image", filename="a", url=url).media == ()


@pytest.mark.parametrize("where", ["example.org/GCmhgzMPRjqgpODLsNQzVuHZ", "[::1]:8448/a_b-c", "10.0.0.1:8008/a.b"])
def test_a_picture_on_matrix_is_told_with_where_its_bytes_are(where: str) -> None:
    (told,) = said(the_room(), msgtype="m.image", filename="a", url=f"mxc://{where}").media
    assert told.url.endswith("/_matrix/client/v1/media/download/" + where.replace("[", "%5B").replace("]", "%5D"))


def test_a_direct_message_that_answers_and_mentions_is_one_event_of_the_strongest_kind() -> None:
    room = the_room()
    room.direct_with, room.joined, room.invited = ALICE, 2, 0
    ours = recorded_events()[2]["event_id"]
    event = said(room, **{"m.mentions": {"user_ids": [BOT]}, "m.relates_to": {"m.in_reply_to": {"event_id": ours}}})
    assert event.kind is Kind.DIRECT_MESSAGE
    assert event.also == (Kind.REPLY, Kind.MENTION)
    assert event.room is None
    assert event.author.trust is Trust.ANYONE


def test_one_encrypted_event_does_not_make_a_room_unreadable_that_is_not_encrypted() -> None:
    sealed = {**message(content={"algorithm": "nonsense"}), "type": "m.room.encrypted"}
    room = RoomFacts(id="!r", name="lounge", joined=40)
    assert isinstance(read(sealed, room, among=[]), UnknownEvent)
    encryption = {"type": "m.room.encryption", "sender": ALICE, "state_key": "", "content": {"algorithm": "m.megolm"}}
    room.learn(json.dumps(encryption).encode())
    assert isinstance(read(sealed, room, among=[]), RoomUnreadable)
