"""What the X of the tests remembers: people, posts, messages, files and tokens, in one SQLite database."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS people (
    id INTEGER PRIMARY KEY, handle TEXT UNIQUE, name TEXT, bio TEXT, is_protected INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS posts (
    id INTEGER PRIMARY KEY, author INTEGER, text TEXT, replied INTEGER, quoted INTEGER, reposted INTEGER,
    files TEXT DEFAULT '[]', poll TEXT, made_with_ai INTEGER, deleted INTEGER DEFAULT 0, visible_at REAL);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY, conversation TEXT, sender INTEGER, recipient INTEGER, text TEXT, files TEXT DEFAULT '[]');
CREATE TABLE IF NOT EXISTS hidden_messages (id INTEGER, person INTEGER, UNIQUE (id, person));
CREATE TABLE IF NOT EXISTS files (
    id INTEGER PRIMARY KEY, owner INTEGER, media_type TEXT, category TEXT, size INTEGER, is_whole INTEGER DEFAULT 0,
    looks INTEGER DEFAULT 0, alt TEXT);
CREATE TABLE IF NOT EXISTS segments (file INTEGER, number INTEGER, content BLOB, UNIQUE (file, number));
CREATE TABLE IF NOT EXISTS likes (post INTEGER, person INTEGER, UNIQUE (post, person));
CREATE TABLE IF NOT EXISTS keys (token TEXT PRIMARY KEY, secret TEXT, person INTEGER);
CREATE TABLE IF NOT EXISTS bearers (token TEXT PRIMARY KEY, person INTEGER, ends_at REAL);
CREATE TABLE IF NOT EXISTS codes (code TEXT PRIMARY KEY, person INTEGER, challenge TEXT, callback TEXT);
CREATE TABLE IF NOT EXISTS refreshers (token TEXT PRIMARY KEY, person INTEGER);
"""
EPOCH_MS = 1288834974657


class State:
    """The database. Methods may be called from any thread."""

    def __init__(self, data: Path | None = None) -> None:
        self._lock = threading.RLock()
        # Its writes are safe from the end of this process; a crash of the machine is not played here.
        self._db = sqlite3.connect(data or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(TABLES)
        self._last = 0
        self.api_key, self.api_secret = "api-key-of-tests", secrets.token_hex(20)

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._db.close()

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Let nobody else in meanwhile."""
        with self._lock:
            yield

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query."""
        return next(iter(self.all(sql, *values)), None)

    def do(self, sql: str, *values: object) -> None:
        """Change something."""
        self.all(sql, *values)

    def new_id(self) -> int:
        """Return the id of this moment, larger than every one before it."""
        with self._lock:
            self._last = max(self._last + 1, (time.time_ns() // 1_000_000 - EPOCH_MS) << 22)
            return self._last

    # People ----------------------------------------------------------------------------------------------------------

    def person(self, handle: str, *, name: str = "", bio: str = "") -> int:
        """Return the person with this handle, who is there from now on."""
        with self._lock:
            known = self.one("SELECT id FROM people WHERE lower(handle) = lower(?)", handle)
            if known is not None:
                return int(known["id"])
            person = self.new_id()
            self.do("INSERT INTO people (id, handle, name, bio) VALUES (?, ?, ?, ?)", person, handle, name, bio)
            return person

    def keys_for(self, person: int) -> tuple[str, str]:
        """Return a new access token of OAuth 1.0a with its secret."""
        token, secret = f"{person}-{secrets.token_hex(15)}", secrets.token_hex(20)
        self.do("INSERT INTO keys VALUES (?, ?, ?)", token, secret, person)
        return token, secret

    def refresher_for(self, person: int) -> str:
        """Return a new refresh token of OAuth 2."""
        token = secrets.token_urlsafe(40)
        self.do("INSERT INTO refreshers VALUES (?, ?)", token, person)
        return token

    def revoke_all(self, person: int) -> None:
        """Make every token of a person worthless."""
        for table in ("keys", "bearers", "refreshers"):
            self.do(f"DELETE FROM {table} WHERE person = ?", person)  # noqa: S608 - names of our own tables

    # Posts and messages ----------------------------------------------------------------------------------------------

    def post(self, author: int, text: str, *, visible_in: float = 0.0, **more: Any) -> int:
        """Publish a post of anybody, as the person's own app would."""
        known = {"replied", "quoted", "reposted", "files", "poll", "made_with_ai"}
        assert more.keys() <= known
        values = {name: json.dumps(value) if name in ("files", "poll") else value for name, value in more.items()}
        with self._lock:
            number = self.new_id()
            names = ", ".join(["id", "author", "text", "visible_at", *values])
            marks = ", ".join("?" * (4 + len(values)))
            self.do(
                f"INSERT INTO posts ({names}) VALUES ({marks})",  # noqa: S608 - names that were looked at
                *(number, author, text, time.time() + visible_in, *values.values()),
            )
            return number

    def message(self, sender: int, recipient: int, text: str, *, files: list[int] | None = None) -> int:
        """Send a direct message."""
        with self._lock:
            number = self.new_id()
            conversation = "-".join(map(str, sorted((sender, recipient))))
            self.do(
                "INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?)",
                *(number, conversation, sender, recipient, text, json.dumps(files or [])),
            )
            return number

    def delete(self, post: int) -> None:
        """Delete a post."""
        self.do("UPDATE posts SET deleted = 1 WHERE id = ?", post)
