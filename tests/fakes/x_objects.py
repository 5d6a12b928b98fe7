"""Posts, messages and people as the X of the tests shows them, in either vocabulary and with what was asked for."""

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from x_state import EPOCH_MS, State
from x_text import Shown, pieces

__all__ = ["Shower"]

NAMES = re.compile(r"(?:@[A-Za-z0-9_]{1,15} )+")
TYPES = {"image": "photo", "gif": "animated_gif", "video": "video"}


class Shower:
    """Shows what one request asked for."""

    def __init__(self, state: State, query: Mapping[str, str], *, dialect: str, me: int) -> None:
        self._state = state
        self._is_new = dialect == "post"
        self._me = me
        self._fields = set(query.get("post.fields" if self._is_new else "tweet.fields", "").split(","))
        self._message_fields = set(query.get("dm_event.fields", "").split(","))
        self._user_fields = set(query.get("user.fields", "").split(","))
        self._media_fields = set(query.get("media.fields", "").split(","))
        self._expansions = set(query.get("expansions", "").split(","))
        self._people: dict[int, dict[str, Any]] = {}
        self._media: dict[str, dict[str, Any]] = {}
        self._posts: dict[int, dict[str, Any]] = {}

    def includes(self) -> dict[str, Any]:
        """Return what goes along with what was shown."""
        found: dict[str, Any] = {}
        if self._people:
            found["users"] = list(self._people.values())
        if self._media:
            found["media"] = list(self._media.values())
        if self._posts:
            found["posts" if self._is_new else "tweets"] = list(self._posts.values())
        return found

    def user(self, person: int) -> dict[str, Any] | None:
        """Show a person."""
        row = self._state.one("SELECT * FROM people WHERE id = ?", person)
        if row is None:
            return None
        shown = {"id": str(row["id"]), "name": row["name"] or row["handle"], "username": row["handle"]}
        everything = {
            "description": row["bio"] or "",
            "protected": bool(row["is_protected"]),
            "created_at": moment(row["id"]),
        }
        return shown | {name: value for name, value in everything.items() if name in self._user_fields}

    def post(self, row: sqlite3.Row, *, is_main: bool = True) -> dict[str, Any]:
        """Show a post."""
        shown = self._text(row)
        references = [
            {"type": kind, "id": str(row[column])}
            for kind, column in (("replied_to", "replied"), ("quoted", "quoted"), ("retweeted", "reposted"))
            if row[column] is not None
        ]
        parent = self._row(row["replied"])
        text = shown.text if row["reposted"] is None else f"RT @somebody: {shown.text}"
        result: dict[str, Any] = {"id": str(row["id"]), "text": text}
        result["edit_history_post_ids" if self._is_new else "edit_history_tweet_ids"] = [str(row["id"])]
        everything: dict[str, Any] = {
            "created_at": moment(row["id"]),
            "conversation_id": str(self._root(row)),
            "lang": "en",
            "display_text_range": [shown.start, len(shown.text)],
            "entities": self._entities(shown),
            "public_metrics": self._metrics(row["id"]),
        }
        linked: dict[str, Any] = {
            "author_id": str(row["author"]),
            "in_reply_to_user_id": None if parent is None else str(parent["author"]),
            "referenced_posts" if self._is_new else "referenced_tweets": references,
        }
        files = json.loads(row["files"])
        if files:
            everything["attachments"] = {"media_keys": [f"3_{file}" for file in files]}
        # The newer vocabulary has no fields for these: they come when their expansion is asked for.
        asked = self._expansions if self._is_new else self._fields
        everything |= {name: value for name, value in linked.items() if name in asked}
        result |= {
            name: value
            for name, value in everything.items()
            if value and (name in self._fields or name in linked or (name == "attachments" and self._wants_media))
        }
        if is_main:
            self._expand(row, files)
        return result

    def message(self, row: sqlite3.Row) -> dict[str, Any]:
        """Show a direct message."""
        shown = Shown()
        for kind, piece in pieces(row["text"]):
            if kind == "link":
                shown.put_link(piece, code_of(row["id"], len(shown.urls)))
            else:
                shown.put(f"@{piece}" if kind == "mention" else piece)
        files = json.loads(row["files"])
        everything: dict[str, Any] = {
            "created_at": moment(row["id"]),
            "dm_conversation_id": row["conversation"],
            "text": shown.text,
            "sender_id": str(row["sender"]),
            "attachments": {"media_keys": [f"3_{file}" for file in files]} if files else None,
        }
        if shown.urls and self._is_new:
            everything["entities"] = {"urls": shown.urls}
        elif shown.urls:
            everything["urls"] = [
                {name: url[name] for name in ("start", "end", "url", "expanded_url", "display_url")}
                for url in shown.urls
            ]
        asked = self._message_fields | self._expansions | ({"urls"} if "entities" in self._message_fields else set())
        if self._wants_media:
            for file in files:
                self._include_file(file)
        if "sender_id" in self._expansions:
            self._include_person(row["sender"])
        result = {"id": str(row["id"]), "event_type": "MessageCreate"}
        return result | {name: value for name, value in everything.items() if value is not None and name in asked}

    @property
    def _wants_media(self) -> bool:
        return "attachments.media_keys" in self._expansions

    def _expand(self, row: sqlite3.Row, files: Iterable[int]) -> None:
        if "author_id" in self._expansions:
            self._include_person(row["author"])
        if self._expansions & {"referenced_tweets.id", "referenced_posts"}:
            for column in ("replied", "quoted", "reposted"):
                other = self._row(row[column])
                if other is not None and not other["deleted"]:
                    self._posts[other["id"]] = self.post(other, is_main=False)
        if self._wants_media:
            for file in files:
                self._include_file(file)

    def _include_person(self, person: int) -> None:
        shown = self.user(person)
        if shown is not None:
            self._people[person] = shown

    def _include_file(self, file: int) -> None:
        row = self._state.one("SELECT * FROM files WHERE id = ?", file)
        if row is None:
            return
        everything = {"url": f"https://pbs.twimg.com/media/{file}", "alt_text": row["alt"] or ""}
        shown: dict[str, Any] = {"media_key": f"3_{file}", "type": TYPES[row["category"].rpartition("_")[2]]}
        self._media[f"3_{file}"] = shown | {
            name: value for name, value in everything.items() if value and name in self._media_fields
        }

    def _text(self, row: sqlite3.Row) -> Shown:
        """Return the text with all that X adds to it."""
        shown = Shown()
        parent = self._row(row["replied"])
        if parent is not None and parent["author"] != row["author"]:
            author = self._state.one("SELECT * FROM people WHERE id = ?", parent["author"])
            if author is not None and not row["text"].lower().startswith(f"@{author['handle'].lower()}"):
                shown.put_mention(author["handle"], str(author["id"]))
                shown.put(" ")
        for kind, piece in pieces(row["text"]):
            if kind == "link":
                shown.put_link(piece, code_of(row["id"], len(shown.urls)))
            elif kind == "mention":
                known = self._state.one("SELECT * FROM people WHERE lower(handle) = lower(?)", piece)
                shown.put_mention(piece, None if known is None else str(known["id"]))
            else:
                shown.put(piece)
        if row["replied"] is not None and (names := NAMES.match(shown.text)):
            shown.start = names.end()
        for file in json.loads(row["files"]):
            shown.put(" ")
            address = f"https://x.com/i/status/{row['id']}/photo/1"
            shown.put_link(address, code_of(row["id"], len(shown.urls)), media_key=f"3_{file}")
            break
        if row["quoted"] is not None:
            shown.put(" ")
            shown.put_link(f"https://x.com/i/status/{row['quoted']}", code_of(row["id"], len(shown.urls)))
        return shown

    def _entities(self, shown: Shown) -> dict[str, Any]:
        found = {"urls": shown.urls, "mentions": shown.mentions}
        return {name: values for name, values in found.items() if values}

    def _metrics(self, post: int) -> dict[str, int]:
        def count(column: str) -> int:
            row = self._state.one(f"SELECT count(*) AS n FROM posts WHERE {column} = ? AND NOT deleted", post)  # noqa: S608
            return int(row["n"]) if row is not None else 0

        likes = self._state.one("SELECT count(*) AS n FROM likes WHERE post = ?", post)
        return {
            "repost_count" if self._is_new else "retweet_count": count("reposted"),
            "reply_count": count("replied"),
            "like_count": int(likes["n"]) if likes is not None else 0,
            "quote_count": count("quoted"),
            "bookmark_count": 0,
            "impression_count": 0,
        }

    def _root(self, row: sqlite3.Row) -> int:
        for _ in range(100):
            parent = self._row(row["replied"])
            if parent is None:
                break
            row = parent
        return int(row["id"])

    def _row(self, post: int | None) -> sqlite3.Row | None:
        return None if post is None else self._state.one("SELECT * FROM posts WHERE id = ?", post)


def moment(number: int) -> str:
    """Return when an id was given, as X writes it."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=(number >> 22) + EPOCH_MS)
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


def code_of(number: int, place: int) -> str:
    """Return the code of a short link."""
    return hashlib.sha256(f"{number}/{place}".encode()).hexdigest()[:10]
