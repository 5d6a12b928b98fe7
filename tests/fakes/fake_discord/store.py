"""The state: people, servers, channels, messages. Rules of who may do what are elsewhere."""

import json
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["EPOCH_MS", "Document", "Store"]

Document = dict[str, Any]

EPOCH_MS = 1_420_070_400_000
TABLES = """
CREATE TABLE IF NOT EXISTS documents (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY, channel TEXT, author TEXT, content TEXT, answers TEXT, nonce TEXT, sent REAL,
    deleted INTEGER DEFAULT 0, body TEXT
);
CREATE INDEX IF NOT EXISTS by_channel ON messages (channel, id);
CREATE INDEX IF NOT EXISTS by_nonce ON messages (author, nonce);
"""


class Store:
    """One file. Documents are kept in memory as well; messages are not."""

    def __init__(self, file: Path) -> None:
        # its loop is in a thread of its own when a test runs it
        self._db = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing; a killed machine is no test
        self._db.executescript(TABLES)
        self._documents: dict[str, dict[str, Document]] = {}
        for kind, id, body in self._db.execute("SELECT kind, id, body FROM documents"):
            self._documents.setdefault(kind, {})[id] = json.loads(body)
        newest = self._db.execute("SELECT max(id) FROM messages").fetchone()[0] or 0
        self._last = max([newest, *(int(id) for kind in self._documents.values() for id in kind if id.isdecimal())])

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def new_id(self) -> str:
        """Return the next id; ids hold the time and never go back."""
        self._last = max(self._last + 1, (int(time.time() * 1000) - EPOCH_MS) << 22)
        return str(self._last)

    # Documents -------------------------------------------------------------------------------------------------------

    def put(self, kind: str, id: str, document: Document) -> Document:
        """Keep a document."""
        self._documents.setdefault(kind, {})[id] = document
        self._db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, id, json.dumps(document)))
        return document

    def get(self, kind: str, id: str) -> Document | None:
        """Return a document; None: there is none."""
        return self._documents.get(kind, {}).get(id)

    def all(self, kind: str) -> list[Document]:
        """Return all of a kind, the oldest first."""
        return list(self._documents.get(kind, {}).values())

    def drop(self, kind: str, id: str) -> None:
        """Forget a document."""
        self._documents.get(kind, {}).pop(id, None)
        self._db.execute("DELETE FROM documents WHERE kind = ? AND id = ?", (kind, id))

    # Messages --------------------------------------------------------------------------------------------------------

    def put_message(self, message: Document, *, nonce: str | None) -> None:
        """Keep a message, or what has become of it."""
        answers = (message.get("message_reference") or {}).get("message_id")
        self._db.execute(
            "INSERT INTO messages (id, channel, author, content, answers, nonce, sent, body) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET content = excluded.content, "
            "body = excluded.body",
            (
                int(message["id"]),
                message["channel_id"],
                message["author"]["id"],
                message["content"],
                answers,
                nonce,
                time.time(),
                json.dumps(message),
            ),
        )

    def message(self, id: str, channel: str | None = None) -> Document | None:
        """Return a message that is not deleted; None: there is none."""
        row = self._db.execute("SELECT body, channel FROM messages WHERE id = ? AND NOT deleted", (int(id),)).fetchone()
        return None if row is None or (channel is not None and row[1] != channel) else dict(json.loads(row[0]))

    def with_nonce(self, author: str, nonce: str, *, within: float) -> Document | None:
        """Return what somebody sent under a nonce in the last so many seconds."""
        row = self._db.execute(
            "SELECT body FROM messages WHERE author = ? AND nonce = ? AND sent > ? AND NOT deleted",
            (author, nonce, time.time() - within),
        ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def delete_message(self, id: str) -> None:
        """Delete a message; it leaves nothing that the API shows."""
        self._db.execute("UPDATE messages SET deleted = 1 WHERE id = ?", (int(id),))

    def page(self, channel: str, *, after: int | None, before: int | None, limit: int) -> list[Document]:
        """Return messages of a channel, newest first: right behind `after`, right before `before`, or the last."""
        if after is not None:
            rows = self._db.execute(
                "SELECT body FROM messages WHERE channel = ? AND id > ? AND NOT deleted ORDER BY id LIMIT ?",
                (channel, after, limit),
            ).fetchall()[::-1]
        else:
            rows = self._db.execute(
                "SELECT body FROM messages WHERE channel = ? AND id < ? AND NOT deleted ORDER BY id DESC LIMIT ?",
                (channel, before if before is not None else 2**63 - 1, limit),
            ).fetchall()
        return [json.loads(body) for (body,) in rows]

    def newest(self, channel: str) -> str | None:
        """Return the id of the last message that was ever said in a channel, deleted or not."""
        row = self._db.execute("SELECT max(id) FROM messages WHERE channel = ?", (channel,)).fetchone()
        return None if row[0] is None else str(row[0])

    def said_by(self, author: str) -> Iterator[Document]:
        """Yield what somebody has said and what is not deleted, oldest first."""
        rows = self._db.execute(
            "SELECT body FROM messages WHERE author = ? AND NOT deleted ORDER BY id", (author,)
        ).fetchall()
        for (body,) in rows:
            yield json.loads(body)
