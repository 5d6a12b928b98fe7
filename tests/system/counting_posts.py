"""What a bot has published on each platform, counted in the platform's own database. Imports nothing of Greenroom."""

import json
import sqlite3
from bisect import bisect_left
from contextlib import closing
from pathlib import Path
from typing import Any

from counting import TOKEN, Count, Said, compare, is_in_place
from dag_cbor import decoded


def count_on_stage(database: Path, *, bot: str, tokens: set[str]) -> Count:
    """Compare what the account `bot` has posted on a Stage (deleted posts included) with `tokens`."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT posts.text, above.text FROM posts JOIN accounts ON accounts.id = posts.author_id "
            "LEFT JOIN posts AS above ON above.id = posts.in_reply_to WHERE accounts.handle = ?",
            (bot,),
        ).fetchall()
    return compare((Said(text, is_in_place(text, above)) for text, above in rows), tokens)


def busiest_on_stage(database: Path, *, bot: str, seconds: float) -> int:
    """Return how many posts of the account `bot` on a Stage (deleted ones included) stand in the busiest span of so
    many seconds."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT posts.created_at FROM posts JOIN accounts ON accounts.id = posts.author_id "
            "WHERE accounts.handle = ? ORDER BY posts.created_at",
            (bot,),
        ).fetchall()
    moments = [moment for (moment,) in rows]
    span = seconds * 1_000_000
    return max((bisect_left(moments, first + span) - place for place, first in enumerate(moments)), default=0)


def out_of_order_on_stage(database: Path, *, bot: str) -> list[str]:
    """Return which answers of the account `bot` on a Stage came after the answer to a later mention of the same thread,
    where the tokens of a thread grow."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT posts.conversation, posts.text FROM posts JOIN accounts ON accounts.id = posts.author_id "
            "WHERE accounts.handle = ? AND posts.in_reply_to IS NOT NULL ORDER BY posts.seq",
            (bot,),
        ).fetchall()
    newest: dict[str, str] = {}
    late: list[str] = []
    for thread, text in rows:
        for token in TOKEN.findall(text):
            if token < newest.get(thread, ""):
                late.append(token)
            newest[thread] = max(token, newest.get(thread, ""))
    return late


def count_on_synapse(database: Path, *, bot: str, home: str, tokens: set[str]) -> Count:
    """Compare what the user `bot` has sent on a Synapse that runs (redacted messages included) with `tokens`.

    `home` is the room of scheduled posts. Its database is in WAL mode, so whoever reads stands in nobody's way.
    """
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as db:
        rows = db.execute(
            "SELECT events.event_id, event_json.json FROM events JOIN event_json USING (event_id) "
            "WHERE events.type = 'm.room.message' AND NOT events.outlier AND events.rejection_reason IS NULL"
        ).fetchall()
    messages = {name: json.loads(stored) for name, stored in rows}
    said: list[Said] = []
    for message in messages.values():
        if message["sender"] != bot:
            continue
        text, relation = message["content"]["body"], message["content"].get("m.relates_to", {})
        above = messages.get(relation.get("m.in_reply_to", {}).get("event_id"))
        if above is None:
            stands_well = not relation and message["room_id"] == home
        else:
            stands_well = above["room_id"] == message["room_id"] and _thread(above) == _thread(message)
        asked = None if above is None else above["content"]["body"]
        said.append(Said(text, stands_well and is_in_place(text, asked)))
    return compare(said, tokens)


def count_on_discord(database: Path, *, bot: str, home: str, tokens: set[str]) -> Count:
    """Compare what the user `bot` has sent on the fake Discord (deleted messages included) with `tokens`.

    `home` is the channel of scheduled posts. Its database is in WAL mode, so whoever reads stands in nobody's way.
    """
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as db:
        rows = db.execute(
            "SELECT said.content, said.channel, said.answers, above.content, above.channel FROM messages AS said "
            "LEFT JOIN messages AS above ON above.id = CAST(said.answers AS INTEGER) WHERE said.author = ?",
            (bot,),
        ).fetchall()
    said = (
        Said(text, (channel == home if answers is None else channel == where) and is_in_place(text, above))
        for text, channel, answers, above, where in rows
    )
    return compare(said, tokens)


def count_on_bluesky(folder: Path, *, bot: str, tokens: set[str]) -> Count:
    """Compare what the account `bot` has published on a data server that runs with `tokens`. `folder` is that of its
    repositories, one database each; in them a record is a block of DAG-CBOR."""
    posts: dict[str, Any] = {}
    for database in folder.glob("*/*/store.sqlite"):
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as db:
            rows = db.execute(
                "SELECT record.uri, repo_block.content FROM record JOIN repo_block ON repo_block.cid = record.cid "
                "WHERE record.collection = 'app.bsky.feed.post'"
            ).fetchall()
        posts |= {uri: decoded(content) for uri, content in rows}
    said: list[Said] = []
    for uri, post in posts.items():
        if not uri.startswith(f"at://{bot}/"):
            continue
        reply = post.get("reply")
        above = None if reply is None else posts.get(reply["parent"]["uri"])
        stands_well = (reply is None) == (above is None)
        if reply is not None and above is not None:
            root = above["reply"]["root"]["uri"] if "reply" in above else reply["parent"]["uri"]
            stands_well = reply["root"]["uri"] == root
        asked = None if above is None else above["text"]
        said.append(Said(post["text"], stands_well and is_in_place(post["text"], asked)))
    return compare(said, tokens)


def count_on_nostr(database: Path, *, bot: str, tokens: set[str]) -> Count:
    """Compare what the public key `bot` has published at a nostr-relay that runs with `tokens`.

    The bot deletes nothing in a crash test, and the relay has every event that it ever took.
    """
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as db:
        rows = db.execute("SELECT id, pubkey, tags, content FROM events WHERE kind = 1").fetchall()
    notes = {name.hex(): (author.hex(), json.loads(tags), content) for name, author, tags, content in rows}
    said: list[Said] = []
    for author, tags, text in notes.values():
        if author != bot:
            continue
        marked = {tag[3]: tag[1] for tag in tags if tag[0] == "e"}
        parent = marked.get("reply", marked.get("root"))
        above = notes.get(parent or "")
        # an answer stands in the thread of what it answers, and what it answers is there
        stands_well = (parent is None) == (above is None)
        if above is not None:
            begun = next((tag[1] for tag in above[1] if tag[0] == "e" and tag[3:4] == ["root"]), parent)
            stands_well = marked.get("root") == begun
        said.append(Said(text, stands_well and is_in_place(text, None if above is None else above[2])))
    return compare(said, tokens)


def count_on_x(database: Path, *, bot: str, tokens: set[str]) -> Count:
    """Compare what the account `bot` has posted on the X of the tests (deleted posts included) with `tokens`."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as db:
        rows = db.execute(
            "SELECT posts.text, above.text FROM posts JOIN people ON people.id = posts.author "
            "LEFT JOIN posts AS above ON above.id = posts.replied WHERE people.handle = ?",
            (bot,),
        ).fetchall()
    return compare((Said(text, is_in_place(text, above)) for text, above in rows), tokens)


def count_on_meta(database: Path, *, bot: str, first: str, tokens: set[str]) -> Count:
    """Compare what the account `bot` has said on the Facebook, Instagram or Threads of the tests (what is deleted
    included) with `tokens`. Its `first` post was there before."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as db:
        (account,) = db.execute("SELECT id FROM accounts WHERE handle = ?", (bot,)).fetchone()
        posts = db.execute("SELECT text FROM posts WHERE author = ? AND id != ?", (account, first)).fetchall()
        answers = db.execute(
            "SELECT said.text, coalesce(above.text, posts.text) FROM comments AS said "
            "LEFT JOIN comments AS above ON above.id = said.parent JOIN posts ON posts.id = said.post "
            "WHERE said.author = ?",
            (account,),
        ).fetchall()
    said = [Said(text, is_in_place(text, None)) for (text,) in posts]
    return compare([*said, *(Said(text, is_in_place(text, above)) for text, above in answers)], tokens)


def count_on_snac(data: Path, *, bot: str, tokens: set[str]) -> Count:
    """Compare what the account with the address `bot` has published on a snac2 with `tokens`.

    Every post is a file. What was said in public is answered in public, what was said to the bot alone to that person
    alone.
    """
    posts = {post.get("id"): post for file in (data / "object").glob("*/*.json") if (post := _read(file)) is not None}
    said: list[Said] = []
    for post in posts.values():
        if post.get("attributedTo") != bot or post.get("type") != "Note":
            continue
        above = posts.get(post.get("inReplyTo") or "")
        stands_well = _is_public(post) == (above is None or _is_public(above))
        asked = None if above is None else above["sourceContent"]
        said.append(Said(post["sourceContent"], stands_well and is_in_place(post["sourceContent"], asked)))
    return compare(said, tokens)


def count_on_mastodon(statuses: Path, *, bot: str, tokens: set[str]) -> Count:
    """Compare what the account `bot` has published on the fake Mastodon, whose statuses stand in a file, with `tokens`.

    What was said in public is answered so that everybody may come by, what was said to the bot alone to that person.
    """
    posts = {post["id"]: post for post in json.loads(statuses.read_text())}
    said: list[Said] = []
    for post in posts.values():
        if post["author"] != bot:
            continue
        above = posts.get(post["in_reply_to"])
        asked = None if above is None else above["text"]
        wanted = "public" if above is None else {"public": "unlisted"}.get(above["visibility"], above["visibility"])
        said.append(Said(post["text"], post["visibility"] == wanted and is_in_place(post["text"], asked)))
    return compare(said, tokens)


def count_on_telegram(messages: Path, *, home: int, tokens: set[str]) -> Count:
    """Compare what the bot has said on the fake Telegram, whose messages stand in a file, with `tokens`.

    `home` is the chat of scheduled posts. What was said in a topic is answered there.
    """
    said = (
        Said(
            one["text"],
            (one["chat"] == home if one["answers"] is None else one["is_in_its_topic"])
            and is_in_place(one["text"], one["answers"]),
        )
        for one in json.loads(messages.read_text())
    )
    return compare(said, tokens)


def _read(file: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):  # it is being written
        return None
    return found


def _is_public(post: dict[str, Any]) -> bool:
    return any(str(who).endswith("#Public") for who in (*post.get("to", ()), *post.get("cc", ())))


def _thread(message: dict[str, Any]) -> str | None:
    relation = message["content"].get("m.relates_to", {})
    return str(relation["event_id"]) if relation.get("rel_type") == "m.thread" else None
