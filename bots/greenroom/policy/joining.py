"""Joining in unasked: never more than a share of what is said in a room, and never twice in a row."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from typing_extensions import override

from greenroom.clock import MICROSECOND, Clock
from greenroom.policy.guard import Guard, Terms, is_unasked
from greenroom.policy.verdict import ALLOW, Refuse, Verdict
from greenroom.settings import AnswerRule, RoomMode
from greenroom.storage import Ledger, Past, State, Turn, room_of
from greenroom_adapters.contract import Room, TextEvent

__all__ = ["JoiningIn"]

SHARE = 4
"""One in so many of a room's messages is the bot's own, unasked, at the most."""
SILENCE = timedelta(days=1) // MICROSECOND
"""How long it does not join in where it was complained of."""
KEPT = timedelta(days=30) // MICROSECOND
"""How long a complaint is known again after that: longer than a platform silences anybody, and tells of it at each
connection."""
_FACT = "complaint:"
"""Beginning of the facts that keep until when, and about what the complaint was."""


@dataclass(slots=True)
class _Talk:
    """What was said in one open room, as far as it matters."""

    others: int = 0
    """Messages of people since the bot last joined in, or began to; after a start, since then."""
    last: int | None = None
    """Seq of the turn of the bot that was the last to speak; None: a person was."""
    heard: deque[str] = field(default_factory=lambda: deque(maxlen=16))
    """The newest messages that are counted: some are told twice."""


class JoiningIn(Guard):
    """Listens to what is said in open rooms, and lets the bot join in when enough others have spoken since. A room
    with several addresses is one room. Asked before the caps, so that no engine is paid for what would not be said."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._talks: dict[str, _Talk] = {}
        """By the room's name in the file."""
        self._taken: dict[int, tuple[str, int]] = {}
        """Seq of a turn that joins in and is not over → its room, and the messages that it counted for itself."""
        self._complaints: dict[tuple[str, str], tuple[int, str]] = {}
        """(account, room or server) → until when it does not join in, and what about."""

    async def load(self) -> None:
        """Read where it was complained of."""
        for name, value in (await self._ledger.facts(_FACT)).items():
            account, _, place = name.removeprefix(_FACT).partition("/")
            until, _, about = value.partition(" ")
            self._complaints[account, place] = (int(until), about)

    @override
    def use(self, terms: Terms) -> None:
        self._terms = terms
        self._open = {name for name, room in terms.file.rooms.items() if room.mode is RoomMode.OPEN}
        self.listens = bool(self._open)
        """It matters what is said in rooms: in one of them at least the bot may join in."""
        if not self._open:
            # of what joins in at the moment, and is answered by a rule from now on, nobody would tell us the end
            self._taken.clear()

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        if rule is not None and (question == "may_answer" or not self._open):
            # in an open room an answer ends the bot's silence as well
            return None
        return super().asked(question, rule)

    @override
    def recall(self, past: Past) -> None:
        if past.room is not None and past.state is State.SENT and (name := self._name(past.account, past.room)):
            self._talk(name).last = past.seq

    def heard(self, account: str, event: TextEvent) -> None:
        """Hear that somebody has said something."""
        if event.room is None or event.author.is_bot:
            return
        if (name := self._name(account, event.room)) is None:
            return
        talk = self._talk(name)
        if event.id not in talk.heard:
            talk.heard.append(event.id)
            talk.others += 1
            talk.last = None

    def complained(self, account: str, room: Room, *, about: str) -> bool:
        """Note, with the next commit, that somebody who keeps order complains of the bot there, `about` something that
        has this identity; say whether that is new."""
        place = (account, room.id)
        known = self._complaints.get(place)
        if known is not None and known[1] == about:
            return False
        now = self._clock.micros()
        for old, (ended, _) in list(self._complaints.items()):
            if ended < now - KEPT:
                del self._complaints[old]
                self._ledger.forget_fact(f"{_FACT}{old[0]}/{old[1]}")
        until = now + SILENCE
        self._complaints[place] = (until, about)
        self._ledger.remember(f"{_FACT}{account}/{room.id}", f"{until} {about}")
        return True

    @override
    def may_answer(self, turn: Turn) -> Verdict:
        if not is_unasked(turn) or (room := room_of(turn.event)) is None:
            return ALLOW
        if (why := self._complained_of(turn.account, room)) is not None:
            return Refuse(why)
        name = self._name(turn.account, room)
        if turn.seq in self._taken or name is None:
            return ALLOW
        talk = self._talk(name)
        if talk.others < SHARE - 1:
            return Refuse(f"no more than one in {SHARE} messages of a room are the bot's own, unasked")
        if talk.last is not None:
            return Refuse("the bot was the last to speak there")
        self._taken[turn.seq] = (name, talk.others)
        talk.others = 0
        return ALLOW

    @override
    def may_send(self, turn: Turn) -> Verdict:
        room = room_of(turn.event)
        name = None if room is None else self._name(turn.account, room)
        if room is None or name is None:
            return ALLOW
        talk = self._talk(name)
        if is_unasked(turn) and not (turn.draft is not None and turn.draft.approved):
            if (why := self._complained_of(turn.account, room)) is not None:
                return Refuse(why)
            if talk.last not in (None, turn.seq):
                return Refuse("the bot was the last to speak there")
        talk.last = turn.seq
        return ALLOW

    @override
    def rested(self, turn: Turn) -> None:
        if turn.state in (State.HELD, State.UNKNOWN) or (taken := self._taken.pop(turn.seq, None)) is None:
            return
        # for words that nobody hears somebody may have paid all the same, and so he would again
        if turn.state is not State.SENT and turn.draft is None:
            self._talk(taken[0]).others += taken[1]

    def _complained_of(self, account: str, room: Room) -> str | None:
        now = self._clock.micros()
        for place in (room.id, room.server):
            if self._complaints.get((account, place), (0, ""))[0] > now:
                return "a moderator complained of the bot there within a day, so it does not join in"
        return None

    def _name(self, account: str, room: Room) -> str | None:
        name = self._terms.room_name(account, room)
        return name if name in self._open else None

    def _talk(self, name: str) -> _Talk:
        return self._talks.setdefault(name, _Talk())
