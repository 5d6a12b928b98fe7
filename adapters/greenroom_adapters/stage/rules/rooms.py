"""Who is in the rooms of a Stage, and who keeps order there."""

from greenroom_adapters.contract import Kind
from greenroom_adapters.stage.objects import Account, Post, Refusal, Refused, Room
from greenroom_adapters.stage.readable import one_line
from greenroom_adapters.stage.rules.ground import page
from greenroom_adapters.stage.rules.people import NAME_LENGTH
from greenroom_adapters.stage.rules.reading import Reading

__all__ = ["Rooms"]


class Rooms(Reading):
    """Rooms, their members and moderators."""

    def rooms(self) -> tuple[Room, ...]:
        """Return all rooms by name."""
        return self._store.rooms()

    def room(self, room_id: str) -> Room:
        """Return one room."""
        room = self._store.room(room_id)
        if room is None:
            raise Refused(Refusal.GONE, "there is no such room")
        return room

    def create_room(self, account_id: str, name: str) -> Room:
        """Open a room with its first member. One of that name (any case) that is there already is joined.

        The first person in a room keeps order there; a bot never does."""
        name = one_line("the name", name, NAME_LENGTH)
        if not name:
            raise Refused(Refusal.INVALID, "a room needs a name")
        room = self._store.room_by_name(name)
        if room is None:
            room = Room(id=self._new_id(), name=name, members=0, created_at=self.now())
            with self._store.transaction():
                self._store.add_room(room)
                self._come_in(account_id, room.id)
            return self.room(room.id)
        return self.join(account_id, room.id)

    def join(self, account_id: str, room_id: str) -> Room:
        """Come into a room. Again: nothing happens."""
        room = self.room(room_id)
        with self._store.transaction():
            present = self._store.member_ids(room.id)
            if not self._come_in(account_id, room.id):
                return room
            for member in present:
                self._notify(member, Kind.JOIN, actor_id=account_id, room_id=room.id)
        self._wake(present)
        return self.room(room_id)

    def leave(self, account_id: str, room_id: str) -> None:
        """Go out of a room. Not being in it: nothing happens."""
        with self._store.transaction():
            self._store.remove_member(self.room(room_id).id, account_id)

    def let_moderate(self, account_id: str, room_id: str, who: str) -> None:
        """Let a member (id or handle) keep order in a room, as one of those who do. By others: FORBIDDEN."""
        room, other = self._moderated(account_id, room_id, who)
        with self._store.transaction():
            self._store.set_moderator(room.id, other.id)

    def send_away(self, account_id: str, room_id: str, who: str) -> None:
        """Put a member (id or handle) out of a room in which one keeps order; he hears who did it. By others:
        FORBIDDEN."""
        room, other = self._moderated(account_id, room_id, who)
        with self._store.transaction():
            self._store.remove_member(room.id, other.id)
            self._notify(other.id, Kind.SANCTION, actor_id=account_id, room_id=room.id)
        self._watching.wake(other.id)

    def is_member(self, account_id: str, room_id: str) -> bool:
        """Say whether the account is in the room."""
        return self._store.is_member(room_id, account_id)

    def members(self, room_id: str) -> tuple[Account, ...]:
        """Return who is in a room, by handle."""
        return self._store.members(self.room(room_id).id)

    def room_posts(self, room_id: str, *, limit: int = 40, before: str | None = None) -> tuple[Post, ...]:
        """Return what was said in a room, newest first."""
        room = self.room(room_id)
        return self._store.in_conversation(room.id, before=self._place_of(before), limit=page(limit))

    def _come_in(self, account_id: str, room_id: str) -> bool:
        if not self._store.add_member(room_id, account_id):
            return False
        if not self.account(account_id).bot and not self._store.has_moderator(room_id):
            self._store.set_moderator(room_id, account_id)
        return True

    def _moderated(self, account_id: str, room_id: str, who: str) -> tuple[Room, Account]:
        room, other = self.room(room_id), self.account(who)
        if not self._store.is_moderator(room.id, account_id):
            raise Refused(Refusal.FORBIDDEN, "only who keeps order in a room may do that")
        if not self._store.is_member(room.id, other.id):
            raise Refused(Refusal.GONE, "there is nobody of that name in the room")
        return room, other
