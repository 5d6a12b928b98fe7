"""The rooms that the account is in, and which of them are conversations with one person."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from greenroom_adapters.matrix.room import PAIR, RoomFacts
from greenroom_adapters.matrix.wire import DIRECT, STATES, WireJoined, WireSummary

__all__ = ["Rooms"]


class Rooms:
    """The rooms of one account, by id."""

    def __init__(self) -> None:
        self._facts: dict[str, RoomFacts] = {}
        self.direct: Mapping[str, tuple[str, ...]] = {}
        """`m.direct` as it stands: person → rooms (client-server API, "Direct Messaging")."""

    def __iter__(self) -> Iterator[RoomFacts]:
        return iter(self._facts.values())

    def __contains__(self, room: str) -> bool:
        return room in self._facts

    def of(self, room: str) -> RoomFacts:
        """Return what is known of a room; of a new one, only whether it is a direct conversation."""
        known = self._facts.get(room)
        if known is None:
            known = self._facts[room] = RoomFacts(id=room)
            known.direct_with = self._other_in(room)
        return known

    def replace(self, joined: Mapping[str, WireJoined]) -> None:
        """Take in all rooms at once; what is not among them is not ours any more."""
        for gone in self._facts.keys() - joined.keys():
            del self._facts[gone]
        for room, now in joined.items():
            self.update(room, now.summary, now.state.events)

    def update(self, room: str, summary: WireSummary, state: Sequence[msgspec.Raw]) -> RoomFacts:
        """Take in what `/sync` says about one room, before its timeline."""
        facts = self.of(room)
        facts.count(summary)
        for raw in state:
            facts.learn(raw)
        return facts

    def left(self, room: str) -> RoomFacts | None:
        """Forget a room; return what was known of it."""
        return self._facts.pop(room, None)

    def learn_account_data(self, raws: Sequence[msgspec.Raw]) -> None:
        """Take in the account's list of direct conversations, if it is among its changed data."""
        for raw in raws:
            try:
                event = STATES.decode(raw)
                if event.type == "m.direct":
                    self.learn_direct(DIRECT.decode(event.content))
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue

    def learn_direct(self, direct: Mapping[str, tuple[str, ...]]) -> None:
        """Take in the list of direct conversations."""
        self.direct = direct
        for facts in self._facts.values():
            facts.direct_with = self._other_in(facts.id)

    def conversation_with(self, person: str) -> RoomFacts | None:
        """Return the room of a direct conversation with somebody, a readable one before an encrypted one. One that
        the other has left is none."""
        with_them = [
            facts
            for facts in self
            if facts.direct_with == person and (facts.joined is None or facts.joined + facts.invited == PAIR)
        ]
        return min(with_them, key=lambda facts: facts.encrypted, default=None)

    def unlisted_conversation_with(self, person: str, *, me: str) -> RoomFacts | None:
        """Return a room of two that we made for somebody, though it never came onto the list."""
        for facts in self:
            if facts.created_by == me and facts.heroes == (person,) and (facts.joined or 0) + facts.invited == PAIR:
                return facts
        return None

    def called(self, name: str) -> list[RoomFacts]:
        """Return the rooms that go by this name."""
        return [facts for facts in self if facts.title == name]

    def _other_in(self, room: str) -> str | None:
        return next((person for person, rooms in self.direct.items() if room in rooms), None)
