"""What the Graph API of the tests remembers, in one SQLite database."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["GraphState", "written"]

TABLES = """
CREATE TABLE IF NOT EXISTS accounts (id TEXT PRIMARY KEY, kind TEXT, name TEXT, handle TEXT, type TEXT);
CREATE TABLE IF NOT EXISTS tokens (token TEXT PRIMARY KEY, account TEXT, scopes TEXT, ends_at INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS posts (
    n INTEGER PRIMARY KEY, id TEXT UNIQUE, author TEXT, text TEXT, link TEXT, files TEXT, alts TEXT, names TEXT,
    kind TEXT, created REAL, deleted INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS comments (
    n INTEGER PRIMARY KEY, id TEXT UNIQUE, post TEXT, parent TEXT, author TEXT, text TEXT, file TEXT, created REAL,
    deleted INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS messages (
    n INTEGER PRIMARY KEY, id TEXT UNIQUE, account TEXT, person TEXT, author TEXT, text TEXT, created REAL);
CREATE TABLE IF NOT EXISTS files (id TEXT PRIMARY KEY, owner TEXT, alt TEXT, created REAL);
CREATE TABLE IF NOT EXISTS containers (
    id TEXT PRIMARY KEY, owner TEXT, kind TEXT, caption TEXT, children TEXT, alt TEXT, is_child INTEGER, status TEXT,
    why TEXT, ready_at REAL, created REAL, media TEXT);
CREATE TABLE IF NOT EXISTS likes (object TEXT, person TEXT, UNIQUE (object, person));
"""
PAGE_SCOPES = (
    *("pages_manage_posts", "pages_read_engagement", "pages_read_user_content", "pages_manage_engagement"),
    *("pages_messaging", "pages_manage_metadata"),
)
INSTAGRAM_SCOPES = tuple(
    f"instagram_business_{one}" for one in ("basic", "content_publish", "manage_comments", "manage_messages")
)


THREADS_SCOPES = tuple(
    f"threads_{one}"
    for one in (
        *("basic", "content_publish", "read_replies", "manage_replies", "manage_mentions", "manage_insights"),
        "delete",
    )
)
BY_NUMBER = ("instagram", "visitor", "threads", "threader")
"""Kinds of accounts whose posts are named by a number alone."""


def written(moment: float) -> str:
    """Return a moment as Graph writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(moment))


class GraphState:
    """The database. Methods may be called from any thread."""

    def __init__(self, data: Path | None = None) -> None:
        self.lock = threading.RLock()
        # Its writes are safe from the end of this process; a crash of the machine is not played here.
        self._db = sqlite3.connect(data or ":memory:", check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(TABLES)
        self._last = 0

    def close(self) -> None:
        """Close the database."""
        with self.lock:
            self._db.close()

    def all(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a query, or change something."""
        with self.lock:
            return self._db.execute(sql, values).fetchall()

    def one(self, sql: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query."""
        return next(iter(self.all(sql, *values)), None)

    def number(self) -> int:
        """Return a number that nothing has yet, larger than every one before it."""
        with self.lock:
            self._last = max(self._last + 1, time.time_ns() // 1000)
            return self._last

    # Accounts --------------------------------------------------------------------------------------------------------

    def account(self, kind: str, name: str, *, handle: str = "", type: str = "BUSINESS") -> str:
        """Return the id of the account with this name, which is there from now on."""
        with self.lock:
            known = self.one("SELECT id FROM accounts WHERE kind = ? AND name = ?", kind, name)
            if known is not None:
                return str(known["id"])
            account = str(self.number())
            self.all("INSERT INTO accounts VALUES (?, ?, ?, ?, ?)", account, kind, name, handle, type)
            return account

    def who(self, account: str) -> sqlite3.Row:
        """Return an account."""
        found = self.one("SELECT * FROM accounts WHERE id = ?", account)
        assert found is not None
        return found

    def token_for(self, account: str, *, scopes: Sequence[str] | None = None, ends_at: int = 0) -> str:
        """Return a new token of an account."""
        kind = self.who(account)["kind"]
        usual = {"page": PAGE_SCOPES, "threads": THREADS_SCOPES}.get(kind, INSTAGRAM_SCOPES)
        token = f"EAAG{secrets.token_hex(24)}"
        stored = json.dumps(list(usual if scopes is None else scopes))
        self.all("INSERT INTO tokens VALUES (?, ?, ?, ?)", token, account, stored, ends_at)
        return token

    def revoke_all(self, account: str) -> None:
        """Make every token of an account worthless."""
        self.all("DELETE FROM tokens WHERE account = ?", account)

    # What is said ----------------------------------------------------------------------------------------------------

    def post(self, author: str, text: str, *, names: Sequence[str] = (), **more: Any) -> str:
        """Publish a post of anybody, as his own app would; `names` are the accounts that it names."""
        assert more.keys() <= {"link", "files", "alts", "kind", "created"}
        with self.lock:
            n = self.number()
            kind = self.who(author)["kind"]
            post = str(n) if kind in BY_NUMBER else f"{author}_{n}"
            self.all(
                "INSERT INTO posts (n, id, author, text, link, files, alts, names, kind, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                *(n, post, author, text, more.get("link")),
                *(json.dumps(list(more.get(name, ()))) for name in ("files", "alts")),
                *(json.dumps(list(names)), more.get("kind", "status"), more.get("created", time.time())),
            )
            return post

    def comment(self, author: str, post: str, text: str, *, parent: str | None = None, file: str | None = None) -> str:
        """Write a comment below a post, or below a comment there; one below an answer stands beside that."""
        with self.lock:
            n = self.number()
            if parent is not None:
                above = self.one("SELECT parent FROM comments WHERE id = ?", parent)
                parent = above["parent"] if above is not None and above["parent"] is not None else parent
            name = f"{post.rpartition('_')[2]}_{n}" if "_" in post else str(n)
            self.all(
                "INSERT INTO comments (n, id, post, parent, author, text, file, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                *(n, name, post, parent, author, text, file, time.time()),
            )
            return name

    def message(self, account: str, person: str, author: str, text: str, *, created: float | None = None) -> str:
        """Send a message between an account and a person."""
        with self.lock:
            n = self.number()
            name = f"m_{n}"
            at = time.time() if created is None else created
            self.all("INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?)", n, name, account, person, author, text, at)
            return name

    def remove(self, name: str) -> bool:
        """Delete a post or a comment; say whether there was one."""
        with self.lock:
            there = self.thing(name) is not None
            for table in ("posts", "comments"):
                self.all(f"UPDATE {table} SET deleted = 1 WHERE id = ?", name)  # noqa: S608 - names of our own tables
            return there

    def thing(self, name: str) -> tuple[str, sqlite3.Row] | None:
        """Return a post or a comment that is there, and which of the two it is."""
        for kind, table in (("post", "posts"), ("comment", "comments")):
            row = self.one(f"SELECT * FROM {table} WHERE id = ? AND NOT deleted", name)  # noqa: S608 - as above
            if row is not None:
                return kind, row
        return None
