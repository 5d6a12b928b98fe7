"""The data file of a Stage: its tables, whoever has it, and writing all or nothing."""

import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

__all__ = ["FileInUse", "FileTooNew", "Row", "StoreFile", "micros", "moment"]

VERSION = 3
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

SCHEMA = """
CREATE TABLE accounts (
    id TEXT PRIMARY KEY, handle TEXT NOT NULL, handle_key TEXT NOT NULL UNIQUE, name TEXT NOT NULL, bio TEXT NOT NULL,
    bot INTEGER NOT NULL, created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE tokens (
    digest BLOB PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id)
) WITHOUT ROWID;
CREATE INDEX tokens_of_account ON tokens (account_id);
CREATE TABLE follows (
    follower_id TEXT NOT NULL REFERENCES accounts (id), followed_id TEXT NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (follower_id, followed_id)
) WITHOUT ROWID;
CREATE INDEX follows_of_followed ON follows (followed_id);
CREATE TABLE rooms (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, name_key TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE members (
    room_id TEXT NOT NULL REFERENCES rooms (id), account_id TEXT NOT NULL REFERENCES accounts (id),
    moderator INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (room_id, account_id)
) WITHOUT ROWID;
CREATE TABLE posts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, author_id TEXT NOT NULL REFERENCES accounts (id),
    text TEXT NOT NULL, created_at INTEGER NOT NULL, edited_at INTEGER, in_reply_to TEXT, conversation TEXT NOT NULL,
    quote TEXT, room_id TEXT REFERENCES rooms (id), direct_to TEXT REFERENCES accounts (id), language TEXT,
    content_warning TEXT, attachments INTEGER NOT NULL, listed_at INTEGER NOT NULL, deleted_at INTEGER,
    likes INTEGER NOT NULL DEFAULT 0, reposts INTEGER NOT NULL DEFAULT 0, replies INTEGER NOT NULL DEFAULT 0,
    quotes INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX posts_of_author ON posts (author_id, seq);
CREATE INDEX posts_of_conversation ON posts (conversation, seq);
CREATE INDEX posts_of_target ON posts (in_reply_to) WHERE in_reply_to IS NOT NULL;
CREATE INDEX posts_of_timeline ON posts (seq) WHERE room_id IS NULL AND direct_to IS NULL AND deleted_at IS NULL;
CREATE INDEX posts_of_recipient ON posts (direct_to, conversation) WHERE direct_to IS NOT NULL;
CREATE INDEX direct_posts_of_author ON posts (author_id, conversation) WHERE direct_to IS NOT NULL;
CREATE TABLE media (
    id TEXT PRIMARY KEY, owner_id TEXT NOT NULL REFERENCES accounts (id), media_type TEXT NOT NULL, alt TEXT NOT NULL,
    created_at INTEGER NOT NULL, post_id TEXT, position INTEGER
) WITHOUT ROWID;
CREATE INDEX media_of_post ON media (post_id, position) WHERE post_id IS NOT NULL;
CREATE TABLE marks (
    mark TEXT NOT NULL, post_id TEXT NOT NULL, account_id TEXT NOT NULL REFERENCES accounts (id),
    PRIMARY KEY (mark, account_id, post_id)
) WITHOUT ROWID;
CREATE TABLE events (
    cursor INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
    account_id TEXT NOT NULL REFERENCES accounts (id), kind TEXT NOT NULL, also TEXT NOT NULL,
    occurred_at INTEGER NOT NULL, post_id TEXT, actor_id TEXT REFERENCES accounts (id),
    room_id TEXT REFERENCES rooms (id), text TEXT
);
CREATE INDEX events_of_account ON events (account_id, cursor);
CREATE INDEX events_of_post ON events (post_id) WHERE post_id IS NOT NULL;
CREATE TABLE keys (
    account_id TEXT NOT NULL REFERENCES accounts (id), key TEXT NOT NULL, post_id TEXT NOT NULL,
    first_at INTEGER NOT NULL, PRIMARY KEY (account_id, key)
) WITHOUT ROWID;
CREATE INDEX keys_of_post ON keys (post_id);
CREATE TABLE containers (
    id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES accounts (id), draft TEXT NOT NULL, post_id TEXT
) WITHOUT ROWID;
"""

Row = tuple[Any, ...]


class FileInUse(Exception):
    """Another Stage has this data file."""


class FileTooNew(Exception):
    """The data file was written by a later version."""


def micros(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment(stored: int) -> datetime:
    """Return stored microseconds as an aware moment in UTC."""
    return EPOCH + timedelta(microseconds=stored)


class StoreFile:
    """One SQLite file, used by one thread.

    Whoever opens it closes it. Every writing method is called inside `transaction`; when that ends without an error,
    what was written survives a kill of this process (the write-ahead log is with the operating system by then).
    """

    def __init__(self, path: Path, *, now: datetime) -> None:
        """Open the file; make it and its folder when they do not exist.

        :raises FileInUse: another process has it
        :raises FileTooNew: a later version wrote it
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = self._locked(path)
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
        except BaseException:
            self._lock.close()
            raise
        try:
            # texts of people are in there; what SQLite puts beside it has the same mode
            with suppress(PermissionError):
                # where the file is another user's, or the disk knows no modes (vfat), that is not ours to say
                path.chmod(0o600)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._prepare(now)
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _locked(path: Path) -> sqlite3.Connection:
        # A file of its own: others may still read the data file (tests count in it). SQLite's locks work on every
        # platform and end with the process.
        lock = sqlite3.connect(f"{path}.lock", isolation_level=None, timeout=0)
        try:
            lock.execute("PRAGMA locking_mode = EXCLUSIVE")
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            lock.close()
            raise FileInUse(f"another Stage is running on {path}") from error
        return lock

    def _prepare(self, now: datetime) -> None:
        (version,) = self._one("PRAGMA user_version")
        if version > VERSION:
            raise FileTooNew(f"the data file has version {version}; this Stage knows {VERSION}")
        if version == 0:
            with self.transaction():
                for statement in SCHEMA.split(";"):
                    self._db.execute(statement)
                # Cursors begin at the clock, so those of a new file lie after those of a file that was thrown away.
                self._db.execute("INSERT INTO sqlite_sequence VALUES ('events', ?)", (micros(now) // 1000,))
                self._db.execute(f"PRAGMA user_version = {VERSION}")
        elif version < VERSION:
            with self.transaction():
                if version < 2:
                    self._db.execute("CREATE INDEX keys_of_post ON keys (post_id)")
                self._db.execute("ALTER TABLE members ADD COLUMN moderator INTEGER NOT NULL DEFAULT 0")
                self._db.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        """Close the file and let another process have it."""
        self._db.close()
        self._lock.close()

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """Write everything or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _one(self, sql: str, parameters: Sequence[object] = ()) -> Row:
        row: Row = self._db.execute(sql, parameters).fetchone()
        return row

    def _maybe(self, sql: str, parameters: Sequence[object] = ()) -> Row | None:
        row: Row | None = self._db.execute(sql, parameters).fetchone()
        return row

    def _changed(self, sql: str, parameters: Sequence[object]) -> bool:
        return self._db.execute(sql, parameters).rowcount > 0
