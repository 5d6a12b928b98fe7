"""The posts of a Stage as rows, with what is counted on them."""

import json
from collections.abc import Sequence
from datetime import datetime

from greenroom_adapters.stage.objects import Attachment, Post, PostRoom
from greenroom_adapters.stage.store.file import Row, StoreFile, micros, moment
from greenroom_adapters.stage.store.people import account_from

__all__ = ["END", "Posts"]

END = 2**63 - 1
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


class Posts(StoreFile):
    """Posts, likes and reposts; read in the order of their publication."""

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
