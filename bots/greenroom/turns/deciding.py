"""What the owner's files, as they are now, do with the events of one account, and with turns that wait."""

from greenroom.delivery import Means
from greenroom.policy import Standing, Strangers, is_command, is_stop_or_start, is_word
from greenroom.routing import Hit, Miss, Router
from greenroom.storage import CLOCK, Turn, room_of
from greenroom_adapters.contract import Event, Kind, Room, TextEvent

__all__ = ["REREAD", "Decisions"]

REREAD = -1
"""In `Turn.decided_by`: its text has changed since."""
_SILENCED = frozenset({Miss.BLOCKED, Miss.IGNORED_ROOM, Miss.LISTENED_ROOM, Miss.STRANGERS})
"""What stands against an answer even where its owner let it out by hand, before he wrote that."""


class Decisions:
    """Decides by the rules in force. A turn is decided once for each version of the files and each text of its event,
    so that who is blocked, or silenced, while his turn waits is not answered when it goes on."""

    def __init__(self, means: Means, router: Router, *, strangers: Strangers) -> None:
        self._router = router
        self.trust_of = router.trusts(means.account)
        """Author → how far the bot trusts him where he did what he is the author of."""
        self._strangers = strangers
        self._account = means.account
        self._ledger = means.ledger
        self.version = 1
        """Which of the versions of the files, counted from 1 in this run, is in force."""

    def use(self, router: Router) -> None:
        """Decide by these rules from now on."""
        self._router = router
        self.trust_of = router.trusts(self._account)
        self.version += 1

    def decide(self, event: Event) -> Hit | Miss:
        """Say what is done with an event."""
        if not self._strangers.places:
            return self._router.decide(event, self._account)
        room = room_of(event)
        standing = None if room is None else self._standing(room)
        if standing is None:
            return self._router.decide(event, self._account)
        decision = self._router.decide(event, self._account, stays=standing is Standing.STAY)
        return Miss.STRANGERS if isinstance(decision, Hit) and standing is not Standing.STAY else decision

    def _standing(self, room: Room) -> Standing | None:
        """Return how the bot stands to a room of strangers; None: it is none, or its owner's file covers it."""
        standing = self._strangers.standing(self._account, room)
        return None if standing is None or self._router.covers(room, self._account) else standing

    def covers(self, room: Room) -> bool:
        """Say whether the owner's file says what holds in a room."""
        return self._router.covers(room, self._account)

    def may_write(self, room: Room) -> bool:
        """Say whether the bot may write in a room: in those that it ignores, or only listens to, it may not."""
        standing = self._standing(room)
        if standing not in (None, Standing.STAY):
            return False
        return self._router.may_write(room, self._account, stays=standing is Standing.STAY)

    def names_the_bot(self, event: TextEvent) -> bool:
        """Say whether a message in a room addresses the bot by its name."""
        return self._router.names_the_bot(event.text)

    def why_not(self, turn: Turn) -> str | None:
        """Return why a turn is left alone by now; None: it is answered, by the rule that it is noted under.

        Costs nothing where neither the files nor its event have changed. What a person has let out by hand stays as
        it is, unless its author or its room was silenced.
        """
        event, version = turn.event, self.version
        if turn.decided_by == version or turn.kind == CLOCK:
            return None
        if not isinstance(event, Event) or event.kind is Kind.OWN_POST:
            return None
        decision = self.decide(event)
        if isinstance(decision, Miss) and _counts(decision, turn):
            now = "as it reads now it is left alone" if turn.decided_by == REREAD else "the edited file leaves it alone"
            return f"{now}: {decision.reason}"
        if isinstance(decision, Hit) and not _is_settled(turn) and turn.rule != decision.rule.identity:
            turn.rule, turn.trust = decision.rule.identity, decision.trust
            self._ledger.rewrite(turn)
        turn.decided_by = version
        return None


def _is_settled(turn: Turn) -> bool:
    """Say whether no rule has a say in it any more."""
    is_obeyed = is_stop_or_start(turn) or is_command(turn) or is_word(turn)
    return is_obeyed or (turn.draft is not None and turn.draft.approved)


def _counts(miss: Miss, turn: Turn) -> bool:
    """Say whether a turn that would not be taken in by now is left alone for it."""
    if is_stop_or_start(turn) or is_command(turn) or is_word(turn):
        # whether the bot may write in the room is asked when it is confirmed
        return miss is Miss.BLOCKED
    return miss in _SILENCED or not _is_settled(turn)
