"""What comes in on one account: routed in memory, and on disk before the platform is told that it was received."""

from collections.abc import Callable
from datetime import timedelta

from greenroom.clock import MICROSECOND, to_micros
from greenroom.delivery import Means
from greenroom.policy import (
    Order,
    Policy,
    is_command,
    is_stop_or_start,
    is_word,
    read_order,
    rule_of_order,
)
from greenroom.routing import Hit, Miss
from greenroom.storage import Turn
from greenroom.telemetry import get_log
from greenroom.turns.backlog import LATE, Backlog
from greenroom.turns.commanding import is_for_an_engine, order_in, rule_of
from greenroom.turns.cursors import Cursors
from greenroom.turns.deciding import Decisions
from greenroom.turns.gate import Gate
from greenroom.turns.lanes import Lanes
from greenroom.turns.moderating import ORDERED
from greenroom.turns.others import Others
from greenroom_adapters.contract import (
    CommandGiven,
    DirectMessageReceived,
    Event,
    Kind,
    OwnPostSeen,
    Surface,
    TextEvent,
    Trust,
)

__all__ = ["Intake"]

A_DAY = timedelta(days=1) // MICROSECOND
"""How long what needs no engine may take: a confirmation of stop, the note of what was written by hand."""
LONGEST_ORDER = 200
"""Characters; what is longer is talk."""
_MODERATES = (Trust.MODERATOR, Trust.OWNER)
"""Who may tell the bot what to do in a room."""


class Intake:
    """Takes the events of one account.

    `accept` never waits and costs no write for what is not for the bot. A cursor is committed with the events that
    came before it, or later; never sooner.
    """

    def __init__(
        self,
        means: Means,
        *,
        decisions: Decisions,
        cursors: Cursors,
        lanes: Lanes,
        backlog: Backlog,
        others: Others,
        policy: Policy,
        gate: Gate,
        dismiss: Callable[[CommandGiven], None],
        listens_to_others: bool,
    ) -> None:
        self._policy = policy
        self._account = means.account
        self._decisions = decisions
        self._lanes = lanes
        self._backlog = backlog
        self._ledger = means.ledger
        self._clock = means.clock
        self._faults = means.faults
        self._others = others
        self._gate = gate
        self._adapter = means.adapter
        self._dismiss = dismiss
        self._listens_to_others = listens_to_others
        self._cursors = cursors
        self._passed = cursors.passed
        self._on_the_way = 0
        self._log = get_log().bind(account=means.account)

    def use(self, *, listens_to_others: bool) -> None:
        """Listen to what others answer, or no longer."""
        self._listens_to_others = listens_to_others

    async def take(self, event: Event) -> None:
        """As `accept`, but a burst of events lets others have their turn of the loop."""
        if (place := self._gate.enter()) is not None:
            await place
        self.accept(event)

    def accept(self, event: Event) -> None:
        """Decide about an event; what is for the bot is queued for the next commit of the ledger."""
        if isinstance(event, TextEvent):
            if self._listens_to_others:
                self._others.heard(event)
            if isinstance(event, CommandGiven) and not is_for_an_engine(event):
                self._take_command(event)
                return
            if self._policy.joining.listens:
                self._policy.joining.heard(self._account, event)
        decision = self._decisions.decide(event)
        if isinstance(event, TextEvent):
            # both are seldom said, and each is soon seen not to be
            if self._policy.consent.may_be_word(event.text) and (word := self._said(event)) is not None:
                self._take_word(event, word, decision)
                return
            if event.room is not None and (order := self._ordered(event, decision)) is not None:
                self._passed.pop(event.source, None)
                self.put(self._turn_of_order(event, order), event.source, event.cursor)
                return
        if not isinstance(decision, Hit):
            self._passed[event.source] = event.cursor
            if isinstance(event, CommandGiven):
                self._dismiss(event)
            return
        occurred = to_micros(event.occurred_at)
        now = self._clock.micros()
        turn = self._turn_of_hit(event, decision, now, begins=occurred if occurred < now else now)
        turn.late = now - occurred > LATE
        if self._passed:
            self._passed.pop(event.source, None)
        self.put(turn, event.source, event.cursor)

    def is_for_the_bot(self, event: Event) -> bool:
        """Say whether an event would be taken in."""
        decision = self._decisions.decide(event)
        return isinstance(decision, Hit) or self._word_in(event, decision) is not None

    def may_write(self, turn: Turn) -> bool:
        """Say whether the bot may write where the turn's event was said: in rooms that it ignores, or only listens to,
        it may not."""
        # whoever gives a command sees its answer alone, or asked to be answered there
        event = turn.event
        room = event.room if isinstance(event, TextEvent) and not isinstance(event, CommandGiven) else None
        return room is None or self._decisions.may_write(room)

    async def take_late(self, event: Event) -> bool:
        """Take an event that came in before the account listened; say whether it is for the bot. No cursor moves, and
        its time to be answered begins now: its owner wants it answered."""
        if (place := self._gate.enter()) is not None:
            await place
        decision = self._decisions.decide(event)
        if isinstance(event, TextEvent) and (word := self._word_in(event, decision)) is not None:
            self.put(self._turn_of_word(event, word))
            return True
        if not isinstance(decision, Hit):
            return False
        now = self._clock.micros()
        self.put(self._turn_of_hit(event, decision, now, begins=now))
        return True

    def _turn_of_hit(self, event: Event, decision: Hit, now: int, *, begins: int) -> Turn:
        """Return the turn that an event becomes that comes in now, and whose time to be answered `begins` then."""
        gather = decision.rule.gather
        if gather and isinstance(event, CommandGiven):
            # what somebody wrote behind a command is whole
            gather = 0
        wait = decision.wait // MICROSECOND
        turn = Turn(
            self._account,
            event.id,
            decision.lane,
            event.kind,
            event,
            decision.surface,
            decision.rule.identity,
            decision.trust,
            now,
            begins + decision.rule.within // MICROSECOND,
            event.post.id if isinstance(event, TextEvent) else None,
            begins + (wait if wait > gather else gather) if wait or gather else 0,
        )
        turn.decided_by = self._decisions.version
        return turn

    def put(self, turn: Turn, source: str | None = None, cursor: str | None = None) -> None:
        """Queue a turn of this account for the next commit; it is worked on once it is on disk."""
        if not (turn.not_before or turn.late) and self._lanes.has_room(self._on_the_way):
            # counted in the insert itself, so that the usual way needs no commit of its own for it
            turn.starts = 1
        if self._faults is not None:
            self._faults("before_inbox_insert")
        self._ledger.receive(turn, source, cursor)
        self._on_the_way += 1

    def arrived(self, turn: Turn, *, new: bool) -> None:
        """Hear that a turn of this account is on disk; not `new`: its event had been in the inbox already."""
        self._on_the_way -= 1
        if new:
            if self._faults is not None:
                self._faults("after_inbox_insert")
            if not turn.decided_by:
                # no rule of the file has brought it
                self._note_word(turn)
            if turn.late or turn.lane in self._backlog.lanes:
                self._backlog.keep(turn)
            else:
                self._lanes.admit(turn)

    def _note_word(self, turn: Turn) -> None:
        """Obey a word before anything else is answered: its confirmation comes in its turn."""
        if is_stop_or_start(turn):
            self._policy.consent.note(turn)
        elif is_word(turn):
            self._policy.hush.obey(turn)

    def flush(self) -> None:
        """Queue the cursors that moved past events that were not for the bot."""
        self._cursors.flush()
        if self._faults is not None:
            self._faults("after_cursor")

    def _take_word(self, event: TextEvent, word: str, decision: Hit | Miss) -> None:
        """Take in that somebody says stop or start, whether or not a rule answers him."""
        if decision in (Miss.BOT, Miss.BLOCKED):
            self._passed[event.source] = event.cursor
            if isinstance(event, CommandGiven):
                self._dismiss(event)
            return
        self._passed.pop(event.source, None)
        self.put(self._turn_of_word(event, word), event.source, event.cursor)

    def _take_command(self, event: CommandGiven) -> None:
        """Take in a command that the bot itself obeys, whether or not a rule answers its author."""
        rule = rule_of(event)
        trust = self._decisions.trust_of(event.author)
        if rule is None or event.author.is_bot or trust is Trust.BLOCKED:
            self._passed[event.source] = event.cursor
            self._dismiss(event)
            return
        self._passed.pop(event.source, None)
        order = order_in(event) if event.room is not None and trust in _MODERATES else None
        if order is not None:
            self.put(self._turn_of_order(event, order), event.source, event.cursor)
            return
        surface = _surface_of(event)
        # a lane of its own: it waits neither for what is said in the conversation nor for other commands (one that ends
        # a pause must not stand behind one that the pause holds up), and nobody looks back on it
        lane = f"{event.conversation}/{event.command}/{event.author.id}"
        turn = self.turn_of(event, surface, rule, trust, lane)
        self.put(turn, event.source, event.cursor)

    def _word_in(self, event: Event, decision: Hit | Miss) -> str | None:
        """Return whether somebody who may says stop or start; None: neither."""
        if not isinstance(event, TextEvent) or decision in (Miss.BOT, Miss.BLOCKED):
            return None
        return self._said(event)

    def _said(self, event: TextEvent) -> str | None:
        """Return what of stop and start is said to the bot."""
        return self._policy.consent.word(event, self._adapter.me, names_me=self._decisions.names_the_bot)

    def _ordered(self, event: TextEvent, decision: Hit | Miss) -> Order | None:
        """Return what somebody who keeps order in the event's room tells the bot to do there; None: it is talk, or not
        his to say. What he may is asked here, of what the platform told with his message."""
        trust = decision.trust if isinstance(decision, Hit) else self._decisions.trust_of(event.author)
        if trust not in _MODERATES:
            return None
        if event.author.is_bot or len(event.text) > LONGEST_ORDER or decision is Miss.BLOCKED:
            return None
        said = self._policy.consent.said(event, self._adapter.me, names_me=self._decisions.names_the_bot)
        return None if said is None else read_order(said)

    def _turn_of_order(self, event: TextEvent, order: Order) -> Turn:
        turn = self.turn_of(event, Surface.CHAT, rule_of_order(order), self._decisions.trust_of(event.author))
        # a lane of its own: the one of the conversation may be kept by what waits for an engine
        turn.lane = f"{turn.lane}/{ORDERED}"
        return turn

    def _turn_of_word(self, event: TextEvent, word: str) -> Turn:
        turn = self.turn_of(event, _surface_of(event), word, event.author.trust)
        if is_command(turn):
            # a lane of its own, as for every command: nobody looks back on it
            turn.lane = f"{turn.lane}/{word}/{event.author.id}"
        return turn

    def turn_of(
        self,
        event: TextEvent | OwnPostSeen,
        surface: Surface,
        rule: str,
        trust: Trust,
        conversation: str | None = None,
    ) -> Turn:
        """Return the turn that an event becomes which needs no engine."""
        now = self._clock.micros()
        return Turn(
            self._account,
            event.id,
            f"{self._account}/{conversation or event.conversation}",
            event.kind,
            event,
            surface,
            rule,
            trust,
            now,
            now + A_DAY,
            event.post.id,
        )

    def skip(self, event: Event, why: str) -> None:
        """Leave out an event that cannot be taken in: it must not stand in the way of those behind it."""
        self._ledger.note(None, "skipped", f"event {event.id!a} of {self._account}: {why}")
        self._passed[event.source] = event.cursor


def _surface_of(event: TextEvent) -> Surface:
    if isinstance(event, DirectMessageReceived) or Kind.DIRECT_MESSAGE in event.also:
        return Surface.DIRECT_MESSAGE
    return Surface.REPLY if event.room is None else Surface.CHAT
