"""What the accounts of a Stage hear, as rows in the order of their cursors."""

from collections.abc import Sequence
from datetime import datetime

from greenroom_adapters.contract import Kind
from greenroom_adapters.stage.objects import Notification, PostRoom
from greenroom_adapters.stage.store.file import Row, micros, moment
from greenroom_adapters.stage.store.people import account_from
from greenroom_adapters.stage.store.posts import Posts
from greenroom_adapters.stage.store.publications import Publications

__all__ = ["Notifications"]

EVENTS = """
SELECT e.cursor, e.id, e.kind, e.also, e.occurred_at, e.post_id, e.text, r.id, r.name,
    a.id, a.handle, a.name, a.bio, a.bot, a.created_at
FROM events e LEFT JOIN accounts a ON a.id = e.actor_id LEFT JOIN rooms r ON r.id = e.room_id
"""
TEXT_KINDS = frozenset({"mention", "reply", "quote", "message", "direct_message"})


class Notifications(Posts, Publications):
    """Events, each with what is left of its post."""

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
