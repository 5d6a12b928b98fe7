"""Obeying a moderator: what is done about his word, and what is answered."""

from dataclasses import dataclass

from greenroom.clock import to_micros
from greenroom.delivery import Means
from greenroom.policy import UNASKED, Order, Policy, Word, order_of
from greenroom.storage import CLOCK, Due, State, Turn, author_of, room_of
from greenroom.telemetry import get_log
from greenroom.turns.quoting import quoted
from greenroom.turns.taking_back import TakingBack, is_speech
from greenroom_adapters.contract import (
    Forbidden,
    JoinReceived,
    Kind,
    PostRejected,
    Room,
    SupportsLeaving,
    TextEvent,
    Unsupported,
)
from greenroom_adapters.text import plain

__all__ = ["ORDERED", "Moderating", "Obeyed", "words_for_owner"]

ORDERED = "moderator"
"""Kind of the entry in the journal that says so."""
LOOKED_THROUGH = 1000
"""So many of the newest turns are looked through for what was said last in a room."""
_DID = {
    Kind.MENTION: "mentioned me",
    Kind.REPLY: "answered me",
    Kind.QUOTE: "quoted me",
    Kind.MESSAGE: "wrote here",
    Kind.JOIN: "came in",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Obeyed:
    """What came of an order."""

    done: str
    """For the log."""
    words: str | None = None
    """For the room; None: nothing has to be said."""


class Moderating:
    """Does what moderators order on one account. Each order is done again, with the same effect, when a crash came
    before it was noted that it was done."""

    def __init__(self, means: Means, *, policy: Policy, taking_back: TakingBack) -> None:
        self._adapter = means.adapter
        self._account = means.account
        self._ledger = means.ledger
        self._policy = policy
        self._taking_back = taking_back
        self._log = get_log().bind(account=means.account)

    async def obey(self, turn: Turn) -> Obeyed:
        """Do what a turn orders. What is changed by it in the ledger is queued, without a pause before it returns.

        :raises AdapterError: the platform cannot be asked now
        """
        order, room = order_of(turn), room_of(turn.event)
        if order is None or room is None:
            return Obeyed(done="it orders nothing")
        # a crash may have come before its note
        self._policy.hush.obey(turn)
        match order.word:
            case Word.QUIET:
                return self._quiet(room)
            case Word.SPEAK:
                return Obeyed(done="speaks there again", words="I speak here again.")
            case Word.LEAVE:
                return await self._leave(turn, room)
            case Word.UNDO:
                return await self._undo(turn, room)
            case Word.WHY:
                return Obeyed(done="said why", words=_why(await self._said_last(turn, room)))

    def _quiet(self, room: Room) -> Obeyed:
        until = self._policy.hush.until(self._account, room)
        if until == 0:
            return Obeyed(done="its time is over already")
        words = self._policy.hush.words(until)
        return Obeyed(
            done=f"quiet there until {words}",
            words=f"I am quiet here until {words}, or until somebody tells me: speak.",
        )

    async def _leave(self, turn: Turn, room: Room) -> Obeyed:
        stays = Obeyed(
            done="quiet there for good", words="I say nothing here any more, until somebody tells me: speak."
        )
        author = author_of(turn.event)
        if author is None or not isinstance(self._adapter, SupportsLeaving):
            return stays
        try:
            await self._adapter.leave(room.id, by=author.id)
        except (Forbidden, Unsupported):
            return stays
        except PostRejected as refused:
            self._log.warning("could not leave", room=room.id, why=str(refused))
            return stays
        return Obeyed(done="left")

    async def _undo(self, turn: Turn, room: Room) -> Obeyed:
        said = await self._said_last(turn, room)
        if said is None:
            return Obeyed(
                done="there was nothing to take back", words="I have said nothing here that I could take back."
            )
        if not self._taking_back.is_possible:
            return Obeyed(done="nothing can be taken back here", words="I cannot take anything back here.")
        try:
            await self._taking_back.delete(said, "a moderator had it taken back")
        except PostRejected as refused:
            self._log.warning("could not take back", turn=said.seq, why=str(refused))
            return Obeyed(done="the platform did not let it take that back", words="I could not take that back.")
        return Obeyed(done=f"took back turn {said.seq}")

    async def _said_last(self, turn: Turn, room: Room) -> Turn | None:
        """Return what the bot had said last in a room when the order was given, or what of it the order answers; None:
        nothing that it knows of, or what is pointed at is taken back already. However often the order is done again,
        it is about the same words."""
        event = turn.event
        if isinstance(event, TextEvent) and event.in_reply_to is not None:
            seq = await self._ledger.turn_of_post(self._account, event.in_reply_to.id)
            named = None if seq is None else await self._ledger.turn(seq)
            if named is not None and self._was_meant_for(named, room):
                return named if named.state is State.SENT else None
        newest = await self._ledger.turns(states=(State.SENT,), limit=LOOKED_THROUGH)
        # by either clock: that of the platform may go wrong, and so may ours
        ordered = max(turn.received, 0 if isinstance(event, Due) else to_micros(event.occurred_at))
        found = [
            (published, one)
            for one in newest
            if self._was_meant_for(one, room) and (published := max(part.published for part in one.outbox)) <= ordered
        ]
        return max(found, key=lambda pair: pair[0])[1] if found else None

    def _was_meant_for(self, said: Turn, room: Room) -> bool:
        where = room_of(said.event)
        return (
            said.account == self._account
            and is_speech(said)
            and where is not None
            and (where.id == room.id or (isinstance(said.event, Due) and where.id.casefold() == room.name.casefold()))
        )


def words_for_owner(turn: Turn, order: Order, obeyed: Obeyed) -> str:
    """Return what the owner reads about an order that was obeyed."""
    author, room = author_of(turn.event), room_of(turn.event)
    who = "somebody" if author is None else author.handle
    where = "a room" if room is None else quoted(room.name or room.id)
    return f"{who} in {where} on {turn.account} said `{order}`: {obeyed.done}"


def _why(said: Turn | None) -> str:
    """Return by which rule, and upon whose message, the bot spoke: nothing that the room has not seen."""
    if said is None:
        return "I have said nothing here that I remember."
    event = said.event
    if said.kind == CLOCK:
        return f"It was planned: my owner has me post `{said.rule}`."
    author = author_of(event)
    who = "somebody" if author is None else plain(author.handle, one_line=True).replace("@", "")
    if said.rule == UNASKED:
        return f"Nobody asked: this room is open to me, and I joined in upon what {who} wrote."
    did = _DID.get(event.kind, "was there") if isinstance(event, TextEvent | JoinReceived) else "was there"
    return f"Because {who} {did}; my rule for that: {said.rule}."
