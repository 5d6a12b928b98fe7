"""What the TikTok of the tests remembers, in one SQLite database."""

import secrets
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

__all__ = ["TikTokState"]

TABLES = """
CREATE TABLE IF NOT EXISTS codes (code TEXT PRIMARY KEY, challenge TEXT, redirect TEXT, scopes TEXT);
CREATE TABLE IF NOT EXISTS tokens (access TEXT PRIMARY KEY, refresh TEXT, scopes TEXT, ends_at REAL, is_spent INTEGER);
CREATE TABLE IF NOT EXISTS uploads (
    publishing TEXT PRIMARY KEY, token TEXT UNIQUE, kind TEXT, info TEXT, size INTEGER, piece INTEGER, pieces INTEGER,
    arrived INTEGER, content BLOB, status TEXT, reason TEXT, ready_at REAL, created REAL);
CREATE TABLE IF NOT EXISTS posts (
    n INTEGER PRIMARY KEY, id TEXT UNIQUE, publishing TEXT, kind TEXT, text TEXT, info TEXT, pictures INTEGER,
    content BLOB, created REAL, comments INTEGER DEFAULT 0, deleted INTEGER DEFAULT 0);
"""


class TikTokState:
    """The database. Methods may be called from any thread."""

    def __init__(self, data: Path | None = None) -> None:
        self.lock = threading.RLock()
        # Its writes are safe from the end of this process; a crash of the machine is not played here.
        self._db = sqlite3.connect(data or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(TABLES)

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._db.close()

    def all(self, sql: str, *values: Any) -> list[sqlite3.Row]:
        """Run a statement; return its rows."""
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: Any) -> sqlite3.Row | None:
        """Run a statement; return its first row, None: it has none."""
        rows = self.all(sql, *values)
        return rows[0] if rows else None

    def sign_in(self, scopes: str, *, lasts: float = 86_400) -> tuple[str, str]:
        """Return an access token and the refresh token for the next."""
        access, refresh = f"act.{secrets.token_hex(16)}", f"rft.{secrets.token_hex(16)}"
        self.all("INSERT INTO tokens VALUES (?, ?, ?, ?, 0)", access, refresh, scopes, time.time() + lasts)
        return access, refresh

    def publish(self, publishing: str, *, text: str, pictures: int) -> str:
        """Make a post of what has come in; return its id."""
        with self.lock:
            upload = self.one("SELECT * FROM uploads WHERE publishing = ?", publishing)
            assert upload is not None
            rows = self.all("SELECT coalesce(max(n), 0) + 1 AS n FROM posts")
            number = int(rows[0]["n"])
            name = str(7_400_000_000_000_000_000 + number)
            self.all(
                "INSERT INTO posts (n, id, publishing, kind, text, info, pictures, content, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(number, name, publishing, upload["kind"], text, upload["info"], pictures, upload["content"]),
                time.time(),
            )
            return name
