"""Rooms in which the bot is to be quiet, because somebody who keeps order there has said so."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from typing_extensions import override

from greenroom.clock import MICROSECOND, Clock, from_micros
from greenroom.policy.guard import Guard, Terms
from greenroom.policy.moderating import FOR_GOOD, is_word, span_of
from greenroom.policy.verdict import ALLOW, Later, Refuse, Verdict
from greenroom.settings import AnswerRule
from greenroom.storage import CLOCK, TELL, Ledger, Turn, asked_at, room_of
from greenroom_adapters.contract import Room

__all__ = ["Hush"]

OBEYED_WITHIN = timedelta(days=1) // MICROSECOND
"""Longer than a turn that orders something has until it is over."""
_FACT = "hush:"
"""Beginning of the facts that keep it."""
_BY_WORD, _BY_PLATFORM = "word", "platform"


@dataclass(frozen=True, slots=True)
class _Quiet:
    """How long a room is quiet."""

    seq: int
    """Of the turn that said so; a later one takes its place. 0: nobody said it, the platform sees to it."""
    until: int
    """In microseconds since 1970."""
    name: str
    """What the room is called, so that it is known under that too."""

    @classmethod
    def read(cls, fact: str) -> Self:
        """Return what is kept in a fact."""
        seq, until, name = fact.split(" ", 2)
        return cls(int(seq), int(until), name)

    @property
    def fact(self) -> str:
        """What is kept of it."""
        return f"{self.seq} {self.until} {self.name}"


class Hush(Guard):
    """Keeps the bot quiet in a room for as long as a moderator has said, and where the platform silences it. What he
    said last holds, also over restarts. Posts wait until it is over, as long as they are worth it; answers are left
    alone. What the bot tells its owner goes out, and so does the answer to a moderator."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._quiet: dict[tuple[str, str, str], _Quiet] = {}
        """(by what, account, room or server) → how long."""

    async def load(self) -> None:
        """Read where it is to be quiet."""
        for name, value in (await self._ledger.facts(_FACT)).items():
            by, _, rest = name.removeprefix(_FACT).partition(":")
            account, _, place = rest.partition("/")
            self._quiet[by, account, place] = _Quiet.read(value)

    @override
    def use(self, terms: Terms) -> None:
        self._zone = terms.file.timezone

    def obey(self, turn: Turn) -> None:
        """Note at once, and with the next commit on disk, what a moderator wants of the bot in his room, unless
        somebody has said something since. May be told twice; does nothing about words of other things."""
        room = room_of(turn.event)
        if room is None or (span := span_of(turn)) is None:
            return
        known = self._quiet.get((_BY_WORD, turn.account, room.id))
        if known is not None and turn.seq <= known.seq:
            return
        until = FOR_GOOD if span == FOR_GOOD else asked_at(turn) + span
        self._keep(_BY_WORD, turn.account, room, _Quiet(turn.seq, until, room.name))

    def silenced(self, account: str, room: Room, *, until: int) -> None:
        """Note, with the next commit, that the platform lets the bot say nothing there until that moment (microseconds
        since 1970)."""
        self._keep(_BY_PLATFORM, account, room, _Quiet(0, until, room.name))

    def until(self, account: str, room: Room) -> int:
        """Return until when the bot is to be quiet there, in microseconds since 1970; 0: it may speak."""
        if not self._quiet:
            return 0
        now, latest = self._clock.micros(), 0
        for (by, where, place), quiet in self._quiet.items():
            # a word is for one room, also where a room has the id of its server
            is_there = place == room.id or (by == _BY_PLATFORM and place == room.server)
            # what the owner plans for a room goes by what he calls it
            is_there = is_there or (room.id == room.name and room.name.casefold() == quiet.name.casefold())
            if where == account and quiet.until > now and is_there:
                latest = max(latest, quiet.until)
        return latest

    def words(self, until: int) -> str:
        """Return a moment of it as people read it, in the zone of the bot's file."""
        moment = from_micros(until).astimezone(self._zone)
        day = "" if moment.date() == self._clock.now().astimezone(self._zone).date() else f"{moment:%Y-%m-%d} "
        return f"{day}{moment:%H:%M}"

    @override
    def asked(self, question: str, rule: AnswerRule | None) -> Callable[..., Any] | None:
        return super().asked(question, rule) if self._quiet else None

    @override
    def may_answer(self, turn: Turn) -> Verdict:
        return self._may_speak(turn) if self._quiet else ALLOW

    @override
    def may_send(self, turn: Turn) -> Verdict:
        return self._may_speak(turn) if self._quiet else ALLOW

    def _may_speak(self, turn: Turn) -> Verdict:
        if turn.rule == TELL or is_word(turn) or (room := room_of(turn.event)) is None:
            return ALLOW
        until = self.until(turn.account, room)
        if until == 0:
            return ALLOW
        if until == FOR_GOOD:
            return Refuse("a moderator has sent the bot away from that room")
        why = f"the bot is to be quiet in that room until {self.words(until)}"
        return Later(until, why) if turn.kind == CLOCK else Refuse(why)

    def _keep(self, by: str, account: str, room: Room, quiet: _Quiet) -> None:
        now = self._clock.micros()
        for (other, where, place), old in list(self._quiet.items()):
            # what is over is kept as long as an older word may still be obeyed
            if old.until < now - OBEYED_WITHIN and (other, where, place) != (by, account, room.id):
                del self._quiet[other, where, place]
                self._ledger.forget_fact(f"{_FACT}{other}:{where}/{place}")
        self._quiet[by, account, room.id] = quiet
        self.changed()
        self._ledger.remember(f"{_FACT}{by}:{account}/{room.id}", quiet.fact)
