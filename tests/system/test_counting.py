"""What the crash test's count takes for lost, doubled and misplaced, on a homeserver and on a data server."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from counting import Count
from counting_posts import count_on_bluesky, count_on_snac, count_on_synapse
from dag_cbor import decoded

BOT, ALICE, HOME, ELSEWHERE = "@keeper:bot.test", "@alice:bot.test", "!home", "!elsewhere"
TOKENS = {"m00001", "m00002", "p00001"}


def message(sender: str, text: str, *, room: str = HOME, answers: str = "", thread: str = "") -> dict[str, Any]:
    """Return a message as Synapse stores it; by the specification a thread's messages are answers as well."""
    relation: dict[str, Any] = {"m.in_reply_to": {"event_id": answers}} if answers else {}
    if thread:
        relation |= {"rel_type": "m.thread", "event_id": thread}
    content = {"msgtype": "m.text", "body": text} | ({"m.relates_to": relation} if relation else {})
    return {"sender": sender, "room_id": room, "content": content}


ASKED = [
    message(ALICE, "say m00001 for me", room=ELSEWHERE),
    message(ALICE, "say m00002 for me", room=ELSEWHERE, answers="$root", thread="$root"),
]
"""Events `$0` and `$1`."""
ANSWERED = [
    message(BOT, "Heard m00001.", room=ELSEWHERE, answers="$0"),
    message(BOT, "Heard m00002.", room=ELSEWHERE, answers="$1", thread="$root"),
    message(BOT, "Log entry p00001."),
]


def counted(folder: Path, messages: Sequence[dict[str, Any]]) -> Count:
    """Count in a database that has the columns of Synapse's which matter."""
    database = folder / "homeserver.db"
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("CREATE TABLE events (event_id, type, outlier, rejection_reason)")
        db.execute("CREATE TABLE event_json (event_id, json)")
        for number, one in enumerate(messages):
            db.execute("INSERT INTO events VALUES (?, 'm.room.message', 0, NULL)", (f"${number}",))
            db.execute("INSERT INTO event_json VALUES (?, ?)", (f"${number}", json.dumps(one)))
    return count_on_synapse(database, bot=BOT, home=HOME, tokens=TOKENS)


def test_each_answer_below_its_mention_and_each_post_at_home_is_sent(tmp_path: Path) -> None:
    assert counted(tmp_path, [*ASKED, *ANSWERED]) == Count(sent=3, lost=(), doubled=())


def test_what_is_not_there_is_lost_and_what_is_there_twice_is_doubled(tmp_path: Path) -> None:
    found = counted(tmp_path, [*ASKED, *ANSWERED[:2], ANSWERED[0]])
    assert (found.sent, found.lost, found.doubled, found.strange) == (2, ("p00001",), ("m00001",), ())


@pytest.mark.parametrize(
    "instead",
    [
        message(BOT, "Heard m00001.", room=ELSEWHERE),
        message(BOT, "Heard m00001.", room=ELSEWHERE, answers="$gone"),
        message(BOT, "Heard m00001.", room=ELSEWHERE, answers="$1", thread="$root"),
        message(BOT, "Heard m00001.", room=ELSEWHERE, answers="$0", thread="$0"),
        message(BOT, "Heard m00001.", answers="$0"),
        message(BOT, "Heard m00001 and m00001.", room=ELSEWHERE, answers="$0"),
    ],
    ids=[
        "alone",
        "below nothing",
        "below another mention",
        "in a thread of its own",
        "in another room",
        "twice in one",
    ],
)
def test_an_answer_in_another_place_than_below_its_mention_is_strange(tmp_path: Path, instead: dict[str, Any]) -> None:
    found = counted(tmp_path, [*ASKED, instead, *ANSWERED[1:]])
    assert found.strange == (instead["content"]["body"],)


def test_a_scheduled_post_in_another_room_than_the_home_is_strange(tmp_path: Path) -> None:
    found = counted(tmp_path, [*ASKED, *ANSWERED[:2], message(BOT, "Log entry p00001.", room=ELSEWHERE)])
    assert found.strange == ("Log entry p00001.",)


def test_what_nobody_asked_for_is_told(tmp_path: Path) -> None:
    found = counted(tmp_path, [*ASKED, *ANSWERED, message(BOT, "Log entry p00009.")])
    assert found.unasked == ("p00009",)


# On a data server ----------------------------------------------------------------------------------------------------

KEEPER, READER = "did:plc:keeper", "did:plc:reader"


def cbor(value: Any) -> bytes:
    """Return a block of DAG-CBOR, of what records here are made of."""

    def head(kind: int, number: int) -> bytes:
        if number < 24:
            return bytes([kind << 5 | number])
        size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
        return bytes([kind << 5 | {1: 24, 2: 25, 4: 26, 8: 27}[size]]) + number.to_bytes(size)

    match value:
        case bool() | None:
            return bytes([0xE0 | {False: 20, True: 21, None: 22}[value]])
        case int():
            return head(0, value) if value >= 0 else head(1, -1 - value)
        case str():
            return head(3, len(value.encode())) + value.encode()
        case list():
            return head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return head(5, len(value)) + b"".join(cbor(part) for pair in value.items() for part in pair)
        case _:
            raise TypeError(value)


def test_blocks_are_read_as_they_were_written() -> None:
    value = {
        "a": [1, 23, 24, 255, 256, 70_000, 2**40, -1, -300],
        "\u00e9": {"b": None, "c": [True, False]},
        "d": "x" * 300,
    }
    assert decoded(cbor(value)) == value


def post(text: str, *, parent: str = "", root: str = "") -> dict[str, Any]:
    """Return the record of a post."""
    record: dict[str, Any] = {"text": text, "createdAt": "2026-11-29T12:00:00Z"}
    if parent:
        record["reply"] = {"parent": {"uri": parent}, "root": {"uri": root or parent}}
    return record


def uri(person: str, number: int) -> str:
    return f"at://{person}/app.bsky.feed.post/{number}"


SAID = [post("say m00001 for me"), post("say m00002 for me", parent=uri(READER, 0))]
HEARD = [
    post("Heard m00001.", parent=uri(READER, 0)),
    post("Heard m00002.", parent=uri(READER, 1), root=uri(READER, 0)),
    post("Log entry p00001."),
]


def counted_there(folder: Path, own: Sequence[dict[str, Any]]) -> Count:
    """Count in repositories that have the columns of a data server's which matter."""
    for person, posts in ((READER, SAID), (KEEPER, own)):
        place = folder / person[-2:] / person
        place.mkdir(parents=True)
        with closing(sqlite3.connect(place / "store.sqlite")) as db, db:
            db.execute("CREATE TABLE record (uri, cid, collection)")
            db.execute("CREATE TABLE repo_block (cid, content)")
            for number, record in enumerate(posts):
                row = (uri(person, number), f"cid{number}", "app.bsky.feed.post")
                db.execute("INSERT INTO record VALUES (?, ?, ?)", row)
                db.execute("INSERT INTO repo_block VALUES (?, ?)", (f"cid{number}", cbor(record)))
            db.execute("INSERT INTO record VALUES ('at://x/app.bsky.feed.like/1', 'cid0', 'app.bsky.feed.like')")
    return count_on_bluesky(folder, bot=KEEPER, tokens=TOKENS)


def test_each_answer_below_its_mention_in_a_repository_is_sent(tmp_path: Path) -> None:
    assert counted_there(tmp_path, HEARD) == Count(sent=3, lost=(), doubled=())


def test_what_is_missing_from_a_repository_is_lost_and_what_is_there_twice_is_doubled(tmp_path: Path) -> None:
    found = counted_there(tmp_path, [*HEARD[:2], HEARD[0]])
    assert (found.sent, found.lost, found.doubled, found.strange) == (2, ("p00001",), ("m00001",), ())


@pytest.mark.parametrize(
    "instead",
    [
        post("Heard m00001."),
        post("Heard m00001.", parent=uri(READER, 9)),
        post("Heard m00001.", parent=uri(READER, 1), root=uri(READER, 0)),
        post("Heard m00001.", parent=uri(READER, 0), root=uri(READER, 1)),
        post("Heard m00001 and m00001.", parent=uri(READER, 0)),
    ],
    ids=["alone", "below nothing", "below another mention", "in another thread", "twice in one"],
)
def test_an_answer_elsewhere_in_a_repository_is_strange(tmp_path: Path, instead: dict[str, Any]) -> None:
    assert counted_there(tmp_path, [instead, *HEARD[1:]]).strange == (instead["text"],)


HARBOUR = "http://harbour.test"
EVERYBODY = "https://www.w3.org/ns/activitystreams#Public"


def a_snac(folder: Path, *changes: dict[str, Any]) -> Path:
    """Write what a snac2 holds after a bot has answered one public and one private mention and posted once; `changes`
    are more posts, or the same with something else about them."""
    alice, bot = f"{HARBOUR}/alice", f"{HARBOUR}/keeper"
    posts: list[dict[str, Any]] = [
        {"id": f"{alice}/p/1", "attributedTo": alice, "sourceContent": "@keeper say m00001", "to": [EVERYBODY]},
        {"id": f"{alice}/p/2", "attributedTo": alice, "sourceContent": "@keeper say m00002", "to": [bot]},
        {"id": f"{bot}/p/1", "sourceContent": "@alice Heard m00001", "inReplyTo": f"{alice}/p/1", "to": [EVERYBODY]},
        {"id": f"{bot}/p/2", "sourceContent": "@alice Heard m00002", "inReplyTo": f"{alice}/p/2", "to": [alice]},
        {"id": f"{bot}/p/3", "sourceContent": "Log entry p00001.", "inReplyTo": None, "to": [EVERYBODY]},
    ]
    by_id = {post["id"]: {"type": "Note", "attributedTo": bot, "cc": [], **post} for post in posts}
    for change in changes:
        name = f"{bot}/p/{change['number']}"
        usual = {"type": "Note", "attributedTo": bot, "to": [EVERYBODY]}
        by_id[name] = {**by_id.get(name, usual), **change, "id": name}
    (folder / "object" / "5f").mkdir(parents=True)
    (folder / "object" / "5f" / "half.json").write_text('{"id": "half')
    (folder / "object" / "5f" / "actor.json").write_text('{"type": "Person"}')
    for number, post in enumerate(by_id.values()):
        (folder / "object" / "5f" / f"{number}.json").write_text(json.dumps(post))
    return folder


ASKED_THERE = {"m00001", "m00002", "p00001"}


def count_there(folder: Path, *changes: dict[str, Any]) -> Count:
    return count_on_snac(a_snac(folder, *changes), bot=f"{HARBOUR}/keeper", tokens=ASKED_THERE)


def test_each_answer_below_its_mention_on_a_snac_is_sent(tmp_path: Path) -> None:
    assert count_there(tmp_path) == Count(sent=3, lost=(), doubled=())


def test_what_is_missing_from_a_snac_is_lost_and_what_is_there_twice_is_doubled(tmp_path: Path) -> None:
    again = {"number": 9, "sourceContent": "@alice Heard m00001", "inReplyTo": f"{HARBOUR}/alice/p/1"}
    counted = count_there(tmp_path, again, {"number": 2, "type": "Tombstone"})
    assert (counted.sent, counted.lost, counted.doubled) == (2, ("m00002",), ("m00001",))


@pytest.mark.parametrize(
    "change",
    [
        {"number": 1, "inReplyTo": f"{HARBOUR}/alice/p/2"},
        {"number": 1, "inReplyTo": None},
        {"number": 1, "to": [f"{HARBOUR}/alice"]},
        {"number": 2, "to": [], "cc": [EVERYBODY]},
        {"number": 3, "inReplyTo": f"{HARBOUR}/alice/p/1"},
        {"number": 3, "to": [f"{HARBOUR}/alice"]},
        {"number": 3, "sourceContent": "Log entry."},
    ],
)
def test_an_answer_elsewhere_or_for_other_eyes_on_a_snac_is_strange(tmp_path: Path, change: dict[str, Any]) -> None:
    assert len(count_there(tmp_path, change).strange) == 1
