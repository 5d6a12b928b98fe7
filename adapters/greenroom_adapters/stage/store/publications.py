"""What a publication on a Stage needs beside its post, as rows: attachments, keys, containers."""

import json
from datetime import datetime

from greenroom_adapters.stage.objects import Attachment
from greenroom_adapters.stage.store.file import StoreFile, micros, moment

__all__ = ["Publications"]


class Publications(StoreFile):
    """Attachments before and after they have a post, keys, and publications in two phases."""

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
