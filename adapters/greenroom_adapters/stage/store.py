"""The Stage's durable file: rows in, values out. Knows no rules."""

import json
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from greenroom_adapters.contract import Kind
from greenroom_adapters.stage.objects import Account, Attachment, Notification, Post, PostRoom, Room

__all__ = ["FileInUse", "FileTooNew", "Store"]

VERSION = 3
END = 2**63 - 1
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

POSTS = """
SELECT p.id, p.text, p.created_at, p.edited_at, p.in_reply_to, p.conversation, p.quote, p.language, p.content_warning,
    p.attachments, p.deleted_at, p.likes, p.reposts, p.replies, p.quotes, r.id, r.name,
    a.id, a.handle, a.name, a.bio, a.bot, a.created_at, d.id, d.handle, d.name, d.bio, d.bot, d.created_at,
    coalesce(m.moderator, 0)
FROM posts p JOIN accounts a ON a.id = p.author_id
    LEFT JOIN rooms r ON r.id = p.room_id LEFT JOIN accounts d ON d.id = p.direct_to
    LEFT JOIN members m ON m.room_id = p.room_id AND m.account_id = p.author_id
"""
POSTS_BY_ID = POSTS + "JOIN json_each(?) wanted ON wanted.value = p.id"
ACCOUNTS = "SELECT a.id, a.handle, a.name, a.bio, a.bot, a.created_at FROM accounts a "
ROOMS = """
SELECT r.id, r.name, (SELECT count(*) FROM members m WHERE m.room_id = r.id), r.created_at FROM rooms r
"""
EVENTS = """
SELECT e.cursor, e.id, e.kind, e.also, e.occurred_at, e.post_id, e.text, r.id, r.name,
    a.id, a.handle, a.name, a.bio, a.bot, a.created_at
FROM events e LEFT JOIN accounts a ON a.id = e.actor_id LEFT JOIN rooms r ON r.id = e.room_id
"""
TEXT_KINDS = frozenset({"mention", "reply", "quote", "message", "direct_message"})

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


class Store:
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

    # Accounts ----------------------------------------------------------------------------------------------------

    def add_account(self, account: Account) -> None:
        """Insert a new account."""
        self._db.execute(
            "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                account.id,
                account.handle,
                account.handle.lower(),
                account.name,
                account.bio,
                account.bot,
                micros(account.created_at),
            ),
        )

    def set_account(self, account: Account) -> None:
        """Store name, bio and bot of an account that exists."""
        self._db.execute(
            "UPDATE accounts SET name = ?, bio = ?, bot = ? WHERE id = ?",
            (account.name, account.bio, account.bot, account.id),
        )

    def account(self, account_id: str) -> Account | None:
        """Return the account with this id."""
        row = self._maybe(ACCOUNTS + "WHERE a.id = ?", (account_id,))
        return None if row is None else account_from(row)

    def account_by_handle(self, handle: str) -> Account | None:
        """Return the account with this handle, in any case."""
        row = self._maybe(ACCOUNTS + "WHERE a.handle_key = ?", (handle.lower(),))
        return None if row is None else account_from(row)

    def search_accounts(self, query: str, limit: int) -> tuple[Account, ...]:
        """Return accounts whose handle or name contains the query; people first, then by handle."""
        found = self._db.execute(
            ACCOUNTS + "WHERE instr(a.handle_key, ?1) OR instr(lower(a.name), ?1) "
            "ORDER BY a.bot, a.handle_key LIMIT ?2",
            (query.lower(), limit),
        )
        return tuple(map(account_from, found))

    def account_numbers(self, account_id: str) -> tuple[int, int, int]:
        """Return how many posts that are not direct, followers and followed accounts there are."""
        posts, followers, following = self._one(
            "SELECT (SELECT count(*) FROM posts WHERE author_id = ?1 AND direct_to IS NULL AND deleted_at IS NULL),"
            " (SELECT count(*) FROM follows WHERE followed_id = ?1),"
            " (SELECT count(*) FROM follows WHERE follower_id = ?1)",
            (account_id,),
        )
        return posts, followers, following

    def follows(self, follower_id: str, followed_id: str) -> bool:
        """Say whether the one follows the other."""
        sql = "SELECT 1 FROM follows WHERE follower_id = ? AND followed_id = ?"
        return self._maybe(sql, (follower_id, followed_id)) is not None

    def add_follow(self, follower_id: str, followed_id: str) -> bool:
        """Return False when it was there already."""
        return self._changed("INSERT OR IGNORE INTO follows VALUES (?, ?)", (follower_id, followed_id))

    def remove_follow(self, follower_id: str, followed_id: str) -> bool:
        """Return False when there was none."""
        return self._changed(
            "DELETE FROM follows WHERE follower_id = ? AND followed_id = ?", (follower_id, followed_id)
        )

    # Tokens, known by their digest ---------------------------------------------------------------------------------

    def add_token(self, digest: bytes, account_id: str) -> None:
        """Remember a token."""
        self._db.execute("INSERT INTO tokens VALUES (?, ?)", (digest, account_id))

    def account_by_token(self, digest: bytes) -> Account | None:
        """Return whom a token belongs to."""
        row = self._maybe(
            "SELECT a.id, a.handle, a.name, a.bio, a.bot, a.created_at"
            " FROM tokens t JOIN accounts a ON a.id = t.account_id WHERE t.digest = ?",
            (digest,),
        )
        return None if row is None else account_from(row)

    def remove_token(self, digest: bytes) -> None:
        """Forget one token."""
        self._db.execute("DELETE FROM tokens WHERE digest = ?", (digest,))

    def remove_tokens(self, account_id: str) -> None:
        """Forget all tokens of an account."""
        self._db.execute("DELETE FROM tokens WHERE account_id = ?", (account_id,))

    # Rooms -------------------------------------------------------------------------------------------------------

    def add_room(self, room: Room) -> None:
        """Insert a new room, without members."""
        self._db.execute(
            "INSERT INTO rooms VALUES (?, ?, ?, ?)",
            (room.id, room.name, room.name.casefold(), micros(room.created_at)),
        )

    def rooms(self) -> tuple[Room, ...]:
        """Return all rooms by name."""
        return tuple(map(room_from, self._db.execute(ROOMS + "ORDER BY r.name_key")))

    def room(self, room_id: str) -> Room | None:
        """Return the room with this id."""
        row = self._maybe(ROOMS + "WHERE r.id = ?", (room_id,))
        return None if row is None else room_from(row)

    def room_by_name(self, name: str) -> Room | None:
        """Return the room with this name, in any case."""
        row = self._maybe(ROOMS + "WHERE r.name_key = ?", (name.casefold(),))
        return None if row is None else room_from(row)

    def add_member(self, room_id: str, account_id: str) -> bool:
        """Return False when it was there already."""
        sql = "INSERT OR IGNORE INTO members (room_id, account_id) VALUES (?, ?)"
        return self._changed(sql, (room_id, account_id))

    def remove_member(self, room_id: str, account_id: str) -> bool:
        """Return False when it was not there."""
        return self._changed("DELETE FROM members WHERE room_id = ? AND account_id = ?", (room_id, account_id))

    def set_moderator(self, room_id: str, account_id: str) -> None:
        """Let a member keep order."""
        self._db.execute("UPDATE members SET moderator = 1 WHERE room_id = ? AND account_id = ?", (room_id, account_id))

    def is_moderator(self, room_id: str, account_id: str) -> bool:
        """Say whether the account keeps order in the room."""
        sql = "SELECT 1 FROM members WHERE room_id = ? AND account_id = ? AND moderator"
        return self._maybe(sql, (room_id, account_id)) is not None

    def is_member(self, room_id: str, account_id: str) -> bool:
        """Say whether the account is in the room."""
        sql = "SELECT 1 FROM members WHERE room_id = ? AND account_id = ?"
        return self._maybe(sql, (room_id, account_id)) is not None

    def member_ids(self, room_id: str) -> tuple[str, ...]:
        """Return the ids of who is in a room."""
        rows = self._db.execute("SELECT account_id FROM members WHERE room_id = ?", (room_id,))
        return tuple(account_id for (account_id,) in rows)

    def members(self, room_id: str) -> tuple[Account, ...]:
        """Return who is in a room, by handle."""
        rows = self._db.execute(
            ACCOUNTS + "JOIN members m ON m.account_id = a.id WHERE m.room_id = ? ORDER BY a.handle_key", (room_id,)
        )
        return tuple(map(account_from, rows))

    # Posts -------------------------------------------------------------------------------------------------------

    def add_post(self, post: Post, *, listed_at: datetime) -> None:
        """Insert a new post without counts; its attachments are claimed apart."""
        self._db.execute(
            "INSERT INTO posts (id, author_id, text, created_at, in_reply_to, conversation, quote, room_id, direct_to,"
            " language, content_warning, attachments, listed_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                post.id,
                post.author.id,
                post.text,
                micros(post.created_at),
                post.in_reply_to,
                post.conversation,
                post.quote,
                post.room and post.room.id,
                post.direct_to and post.direct_to.id,
                post.language,
                post.content_warning,
                len(post.media),
                micros(listed_at),
            ),
        )
        for position, attachment in enumerate(post.media):
            self._db.execute(
                "UPDATE media SET post_id = ?, position = ? WHERE id = ?", (post.id, position, attachment.id)
            )

    def set_text(self, post_id: str, text: str, *, edited_at: datetime) -> None:
        """Store the new text of a post."""
        self._db.execute("UPDATE posts SET text = ?, edited_at = ? WHERE id = ?", (text, micros(edited_at), post_id))

    def empty_post(self, post_id: str, *, deleted_at: datetime) -> None:
        """Mark a post as deleted and forget what it said; its attachments are forgotten too."""
        self._db.execute(
            "UPDATE posts SET text = '', content_warning = NULL, attachments = 0, deleted_at = ? WHERE id = ?",
            (micros(deleted_at), post_id),
        )
        self._db.execute("DELETE FROM media WHERE post_id = ?", (post_id,))
        self._db.execute("UPDATE events SET text = '' WHERE post_id = ? AND text IS NOT NULL", (post_id,))

    def count_reply(self, post_id: str, by: int) -> None:
        """Add to the number of answers."""
        self._db.execute("UPDATE posts SET replies = replies + ? WHERE id = ?", (by, post_id))

    def count_quote(self, post_id: str, by: int) -> None:
        """Add to the number of quotes."""
        self._db.execute("UPDATE posts SET quotes = quotes + ? WHERE id = ?", (by, post_id))

    def add_mark(self, mark: str, post_id: str, account_id: str) -> bool:
        """Note a `like` or a `repost`, and count it. Return False when it was there already."""
        if not self._changed("INSERT OR IGNORE INTO marks VALUES (?, ?, ?)", (mark, post_id, account_id)):
            return False
        self._count_mark(mark, post_id, 1)
        return True

    def remove_mark(self, mark: str, post_id: str, account_id: str) -> bool:
        """Return False when there was none."""
        sql = "DELETE FROM marks WHERE mark = ? AND post_id = ? AND account_id = ?"
        if not self._changed(sql, (mark, post_id, account_id)):
            return False
        self._count_mark(mark, post_id, -1)
        return True

    def _count_mark(self, mark: str, post_id: str, by: int) -> None:
        self._db.execute(
            "UPDATE posts SET likes = likes + ?, reposts = reposts + ? WHERE id = ?",
            (by if mark == "like" else 0, by if mark == "repost" else 0, post_id),
        )

    def marked(self, mark: str, account_id: str, post_ids: Sequence[str]) -> frozenset[str]:
        """Return those of the posts that bear the account's mark."""
        rows = self._db.execute(
            "SELECT post_id FROM marks WHERE mark = ? AND account_id = ?"
            " AND post_id IN (SELECT value FROM json_each(?))",
            (mark, account_id, json.dumps(post_ids)),
        )
        return frozenset(post_id for (post_id,) in rows)

    def post(self, post_id: str) -> Post | None:
        """Return the post with this id, also a deleted one."""
        row = self._maybe(POSTS + "WHERE p.id = ?", (post_id,))
        return None if row is None else self._posts([row])[0]

    def posts(self, post_ids: Sequence[str]) -> dict[str, Post]:
        """Return the posts with these ids, deleted ones too, by id."""
        rows = self._db.execute(POSTS_BY_ID, (json.dumps(post_ids),))
        return {post.id: post for post in self._posts(rows.fetchall())}

    def place_of(self, post_id: str) -> int | None:
        """Return a number that orders posts by their time of publication."""
        row = self._maybe("SELECT seq FROM posts WHERE id = ?", (post_id,))
        return None if row is None else row[0]

    def timeline(self, *, before: int, limit: int) -> tuple[Post, ...]:
        """Return public posts outside rooms, newest first."""
        return self._page(
            "WHERE p.seq < ? AND p.room_id IS NULL AND p.direct_to IS NULL AND p.deleted_at IS NULL"
            " ORDER BY p.seq DESC LIMIT ?",
            (before, limit),
        )

    def posts_of(self, account_id: str, *, viewer: str | None, before: int, limit: int) -> tuple[Post, ...]:
        """Return an account's posts that the viewer may see, newest first."""
        return self._page(
            "WHERE p.author_id = ?1 AND p.seq < ?2 AND p.deleted_at IS NULL"
            " AND (p.direct_to IS NULL OR ?3 IN (p.direct_to, p.author_id)) ORDER BY p.seq DESC LIMIT ?4",
            (account_id, before, viewer, limit),
        )

    def listed(self, account_id: str, *, reach: int, now: datetime, before: int, limit: int) -> tuple[Post, ...]:
        """Return an account's posts that its listing knows by now, newest first."""
        return self._page(
            "WHERE p.author_id = ?1 AND p.seq < ?2 AND p.deleted_at IS NULL AND p.listed_at <= ?3"
            " AND p.seq >= coalesce((SELECT seq FROM posts WHERE author_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?4),"
            " 0) ORDER BY p.seq DESC LIMIT ?5",
            (account_id, before, micros(now), reach - 1, limit),
        )

    def deleted_ids(self, account_id: str, *, reach: int) -> tuple[str, ...]:
        """Return the ids of the deleted posts among an account's newest, newest first."""
        rows = self._db.execute(
            "SELECT id FROM (SELECT id, seq, deleted_at FROM posts WHERE author_id = ? ORDER BY seq DESC LIMIT ?)"
            " WHERE deleted_at IS NOT NULL ORDER BY seq DESC",
            (account_id, reach),
        )
        return tuple(post_id for (post_id,) in rows)

    def in_conversation(self, conversation: str, *, before: int, limit: int) -> tuple[Post, ...]:
        """Return the posts of a thread, a room or a direct conversation, newest first."""
        return self._page(
            "WHERE p.conversation = ? AND p.seq < ? AND p.deleted_at IS NULL ORDER BY p.seq DESC LIMIT ?",
            (conversation, before, limit),
        )

    def above(self, post_id: str, *, limit: int) -> tuple[Post, ...]:
        """Return what the post answers, and what that answers, up to a deleted one; oldest first."""
        return self._page(
            "JOIN (WITH RECURSIVE up (id, depth) AS (SELECT in_reply_to, 1 FROM posts WHERE id = ?1"
            " UNION ALL SELECT q.in_reply_to, up.depth + 1 FROM up JOIN posts q ON q.id = up.id"
            " WHERE q.deleted_at IS NULL AND up.depth < ?2) SELECT id, depth FROM up) u ON u.id = p.id"
            " WHERE p.deleted_at IS NULL ORDER BY u.depth DESC",
            (post_id, limit),
        )

    def below(self, post_id: str, *, limit: int) -> tuple[Post, ...]:
        """Return what answers the post, directly or not, also across deleted ones; oldest first."""
        return self._page(
            "WHERE p.id IN (WITH RECURSIVE down (id) AS (SELECT id FROM posts WHERE in_reply_to = ?1"
            " UNION SELECT q.id FROM down JOIN posts q ON q.in_reply_to = down.id) SELECT id FROM down)"
            " AND p.deleted_at IS NULL ORDER BY p.seq LIMIT ?2",
            (post_id, limit),
        )

    def latest_direct(self, account_id: str, *, limit: int) -> tuple[Post, ...]:
        """Return the latest message of each of an account's direct conversations, newest first."""
        return self._page(
            "WHERE p.seq IN (SELECT max(seq) FROM (SELECT conversation, seq FROM posts WHERE author_id = ?1"
            " AND direct_to IS NOT NULL AND deleted_at IS NULL UNION ALL SELECT conversation, seq FROM posts"
            " WHERE direct_to = ?1 AND deleted_at IS NULL) GROUP BY conversation) ORDER BY p.seq DESC LIMIT ?2",
            (account_id, limit),
        )

    def _page(self, tail: str, parameters: Sequence[object]) -> tuple[Post, ...]:
        return self._posts(self._db.execute(POSTS + tail, parameters).fetchall())

    def _posts(self, rows: list[Row]) -> tuple[Post, ...]:
        with_media = [row[0] for row in rows if row[9]]
        media: dict[str, list[Attachment]] = {}
        if with_media:
            found = self._db.execute(
                "SELECT post_id, id, media_type, alt FROM media WHERE post_id IN (SELECT value FROM json_each(?))"
                " ORDER BY post_id, position",
                (json.dumps(with_media),),
            )
            for post_id, attachment_id, media_type, alt in found:
                media.setdefault(post_id, []).append(Attachment(id=attachment_id, media_type=media_type, alt=alt))
        return tuple(post_from(row, tuple(media.get(row[0], ()))) for row in rows)

    # Media -------------------------------------------------------------------------------------------------------

    def add_attachment(self, attachment: Attachment, *, owner_id: str, now: datetime) -> None:
        """Insert an attachment that no post has yet."""
        self._db.execute(
            "INSERT INTO media (id, owner_id, media_type, alt, created_at) VALUES (?, ?, ?, ?, ?)",
            (attachment.id, owner_id, attachment.media_type, attachment.alt, micros(now)),
        )

    def attachment(self, attachment_id: str) -> Attachment | None:
        """Return the attachment with this id."""
        row = self._maybe("SELECT id, media_type, alt FROM media WHERE id = ?", (attachment_id,))
        return None if row is None else Attachment(id=row[0], media_type=row[1], alt=row[2])

    def free_attachment(self, attachment_id: str, *, owner_id: str) -> Attachment | None:
        """Return an attachment of this owner that no post has."""
        row = self._maybe(
            "SELECT id, media_type, alt FROM media WHERE id = ? AND owner_id = ? AND post_id IS NULL",
            (attachment_id, owner_id),
        )
        return None if row is None else Attachment(id=row[0], media_type=row[1], alt=row[2])

    # Keys and containers -----------------------------------------------------------------------------------------

    def key(self, account_id: str, key: str) -> tuple[str, datetime] | None:
        """Return the post that was first published under a key, and when."""
        row = self._maybe("SELECT post_id, first_at FROM keys WHERE account_id = ? AND key = ?", (account_id, key))
        return None if row is None else (row[0], moment(row[1]))

    def set_key(self, account_id: str, key: str, post_id: str, now: datetime) -> None:
        """Remember what was published under a key; an older entry is replaced."""
        self._db.execute("INSERT OR REPLACE INTO keys VALUES (?, ?, ?, ?)", (account_id, key, post_id, micros(now)))

    def _keys_of(self, post_ids: list[str]) -> dict[str, str]:
        """Return the posts among these that were published under a key, with the key."""
        sql = "SELECT post_id, key FROM keys WHERE post_id IN (SELECT value FROM json_each(?))"
        return dict(self._db.execute(sql, (json.dumps(post_ids),)))

    def add_container(self, container_id: str, account_id: str, draft: str) -> None:
        """Insert an open container."""
        self._db.execute("INSERT INTO containers VALUES (?, ?, ?, NULL)", (container_id, account_id, draft))

    def container(self, container_id: str, account_id: str) -> tuple[str, str | None] | None:
        """Return the draft and, once published, the post id of an account's container."""
        sql = "SELECT draft, post_id FROM containers WHERE id = ? AND account_id = ?"
        row = self._maybe(sql, (container_id, account_id))
        return None if row is None else (row[0], row[1])

    def close_container(self, container_id: str, post_id: str) -> None:
        """Note what a container was published as."""
        self._db.execute("UPDATE containers SET post_id = ? WHERE id = ?", (post_id, container_id))

    # Events ------------------------------------------------------------------------------------------------------

    def add_event(
        self,
        *,
        event_id: str,
        account_id: str,
        kind: Kind,
        occurred_at: datetime,
        also: Sequence[Kind] = (),
        post_id: str | None = None,
        actor_id: str | None = None,
        room_id: str | None = None,
        text: str | None = None,
    ) -> None:
        """Append an event for one account."""
        self._db.execute(
            "INSERT INTO events (id, account_id, kind, also, occurred_at, post_id, actor_id, room_id, text)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (event_id, account_id, kind, " ".join(also), micros(occurred_at), post_id, actor_id, room_id, text),
        )

    def newest_cursor(self) -> int:
        """Return the cursor of the newest event of all accounts; where cursors begin when there is none."""
        cursor: int = self._one("SELECT seq FROM sqlite_sequence WHERE name = 'events'")[0]
        return cursor

    def hearers_of(self, post_id: str) -> tuple[str, ...]:
        """Return the ids of the accounts that have an event with the text of this post."""
        rows = self._db.execute(
            "SELECT DISTINCT account_id FROM events WHERE post_id = ?"
            " AND kind IN ('mention', 'reply', 'quote', 'message', 'direct_message')",
            (post_id,),
        )
        return tuple(account_id for (account_id,) in rows)

    def events_after(self, account_id: str, *, after: int, limit: int) -> tuple[tuple[Notification, ...], int | None]:
        """Return an account's events, oldest first, and the cursor of the last one that was looked at.

        Events with the text of a deleted post are left out (and looked at): fewer than `limit` may come back before
        the end. None: nothing lies after `after`.
        """
        rows = self._db.execute(
            EVENTS + "WHERE e.account_id = ? AND e.cursor > ? ORDER BY e.cursor LIMIT ?", (account_id, after, limit)
        ).fetchall()
        return self._events(rows), (rows[-1][0] if rows else None)

    def cursor_before(self, account_id: str, moment: datetime) -> int:
        """Return the cursor of an account's last event before `moment`; 0: it has none."""
        row = self._one(
            "SELECT coalesce(max(cursor), 0) FROM events WHERE account_id = ? AND occurred_at < ?",
            (account_id, micros(moment)),
        )
        return int(row[0])

    def events_before(self, account_id: str, *, before: int, limit: int) -> tuple[Notification, ...]:
        """Return an account's events, newest first; those with the text of a deleted post are left out."""
        rows = self._db.execute(
            EVENTS + "LEFT JOIN posts p ON p.id = e.post_id WHERE e.account_id = ? AND e.cursor < ?"
            " AND (p.deleted_at IS NULL OR e.kind NOT IN ('mention', 'reply', 'quote', 'message', 'direct_message'))"
            " ORDER BY e.cursor DESC LIMIT ?",
            (account_id, before, limit),
        ).fetchall()
        return self._events(rows)

    def _events(self, rows: list[Row]) -> tuple[Notification, ...]:
        shown = [row[5] for row in rows if row[5] is not None and row[2] not in ("deletion", "edit")]
        posts = self.posts(shown) if shown else {}
        own = [row[5] for row in rows if row[2] == "own_post"]
        keys = self._keys_of(own) if own else {}
        events: list[Notification] = []
        for cursor, event_id, kind, also, occurred_at, post_id, text, room_id, room_name, *actor in rows:
            post = posts.get(post_id)
            if post is not None and post.deleted:
                post = None
            if post is None and kind in TEXT_KINDS:
                continue
            events.append(
                Notification(
                    id=event_id,
                    cursor=cursor,
                    kind=Kind(kind),
                    also=tuple(map(Kind, also.split())),
                    occurred_at=moment(occurred_at),
                    actor=account_from(actor) if actor[0] is not None else None,
                    post=post,
                    post_id=post_id,
                    room=PostRoom(id=room_id, name=room_name) if room_id is not None else None,
                    text=text,
                    key=keys.get(post_id) if kind == "own_post" else None,
                )
            )
        return tuple(events)


def account_from(row: Sequence[Any]) -> Account:
    """Build an account from its six columns."""
    account_id, handle, name, bio, bot, created_at = row
    return Account(id=account_id, handle=handle, name=name, bio=bio, bot=bool(bot), created_at=moment(created_at))


def room_from(row: Sequence[Any]) -> Room:
    """Build a room from its four columns."""
    room_id, name, members, created_at = row
    return Room(id=room_id, name=name, members=members, created_at=moment(created_at))


def post_from(row: Row, media: tuple[Attachment, ...]) -> Post:
    """Build a post from the columns of `POSTS`."""
    return Post(
        id=row[0],
        text=row[1],
        created_at=moment(row[2]),
        edited_at=None if row[3] is None else moment(row[3]),
        in_reply_to=row[4],
        conversation=row[5],
        quote=row[6],
        language=row[7],
        content_warning=row[8],
        media=media,
        deleted=row[10] is not None,
        likes=row[11],
        reposts=row[12],
        replies=row[13],
        quotes=row[14],
        room=None if row[15] is None else PostRoom(id=row[15], name=row[16]),
        author=account_from(row[17:23]),
        direct_to=None if row[23] is None else account_from(row[23:29]),
        by_moderator=bool(row[29]),
    )
