"""Where the account is: rooms that it is invited into, and those that it cannot read."""

from greenroom.delivery import Means
from greenroom.policy import Policy, Standing, Wish
from greenroom.telemetry import get_log
from greenroom.turns.cursors import Cursors
from greenroom.turns.deciding import Decisions
from greenroom.turns.intake import Intake
from greenroom.turns.quoting import quoted
from greenroom.turns.unreadable import UNREADABLE, turn_in, words_for_owner
from greenroom_adapters.contract import InvitationReceived, Room, RoomUnreadable, Trust

__all__ = ["STRANGER", "Places"]

STRANGER = "stranger"
"""Kind of the entry in the journal that says that somebody took the bot, or wants it, where nobody knows it."""


class Places:
    """Sees to what one account hears of rooms, beside what is said in them."""

    def __init__(self, means: Means, *, intake: Intake, cursors: Cursors, decisions: Decisions, policy: Policy) -> None:
        self._account = means.account
        self._intake = intake
        self._cursors = cursors
        self._decisions = decisions
        self._ledger = means.ledger
        self._clock = means.clock
        self._policy = policy
        self._log = get_log().bind(account=means.account)

    async def unreadable(self, event: RoomUnreadable) -> None:
        """See to a room that the account cannot read: its owner hears of it, and where the bot may write those in the
        room do; once, however often it comes. All of it is in one commit."""
        turn = turn_in(event, account=self._account, clock=self._clock)
        fact = f"{UNREADABLE}:{self._account}/{event.room.id}"
        known = await self._ledger.facts(fact)
        self._cursors.passed[event.source] = event.cursor
        if fact in known:
            return
        words = words_for_owner(event, account=self._account)
        self._ledger.remember(fact, words)
        self._ledger.note(None, UNREADABLE, words)
        self._log.warning("room unreadable", room=event.room.name or event.room.id, why=event.why)
        if self._decisions.may_write(event.room):
            self._intake.put(turn)

    def wish_about(self, event: InvitationReceived) -> Wish:
        """Say what is to be done about an invitation. What the owner's file covers, or he himself invites into, needs
        no question."""
        is_owners = event.by is not None and self._decisions.trust_of(event.by) is Trust.OWNER
        # by its id alone: strangers choose what their servers are called
        is_covered = is_owners or self._decisions.covers(Room(id=event.room.id))
        return self._policy.strangers.meet(self._account, event, is_covered=is_covered)

    def is_decided(self, event: InvitationReceived) -> bool:
        """Say whether the owner has decided about the place already."""
        return self._policy.strangers.standing(self._account, event.room) not in (None, Standing.ASKED)

    async def invited(self, event: InvitationReceived, *, ask: bool) -> None:
        """Note that an invitation was seen to; with `ask`, its owner is asked about it. In one commit, which is there
        when this returns."""
        if ask:
            self._policy.strangers.asked(self._account, event)
            who = "Somebody" if event.by is None else event.by.handle
            did = "has taken the bot into" if event.is_in else "invites the bot into"
            where = quoted(event.room.name or event.room.id)
            self._ledger.note(None, STRANGER, f"{self._account}/{event.room.id}: {who} {did} {where}")
            self._log.warning("stranger", room=event.room.id, is_in=event.is_in)
        self._cursors.move(event)
        await self._ledger.committed()
