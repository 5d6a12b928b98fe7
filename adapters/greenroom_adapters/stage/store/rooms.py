"""The rooms of a Stage as rows, with who is in them."""

from collections.abc import Sequence
from typing import Any

from greenroom_adapters.stage.objects import Account, Room
from greenroom_adapters.stage.store.file import StoreFile, micros, moment
from greenroom_adapters.stage.store.people import ACCOUNTS, account_from

__all__ = ["Rooms"]

ROOMS = """
SELECT r.id, r.name, (SELECT count(*) FROM members m WHERE m.room_id = r.id), r.created_at FROM rooms r
"""


class Rooms(StoreFile):
    """Rooms, their members, and who keeps order in them."""

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

    def has_moderator(self, room_id: str) -> bool:
        """Say whether anybody keeps order there."""
        return self._maybe("SELECT 1 FROM members WHERE room_id = ? AND moderator", (room_id,)) is not None

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


def room_from(row: Sequence[Any]) -> Room:
    """Build a room from its four columns."""
    room_id, name, members, created_at = row
    return Room(id=room_id, name=name, members=members, created_at=moment(created_at))
