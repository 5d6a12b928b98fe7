"""What comes in on one account: routed in memory, and on disk before the platform is told that it was received."""

from dataclasses import replace
from datetime import timedelta

from greenroom.clock import Clock, to_micros
from greenroom.faults import FaultHook
from greenroom.routing import Hit, Router
from greenroom.storage import Ledger, State, Turn
from greenroom.telemetry import get_log
from greenroom.turns.gate import Gate
from greenroom.turns.lanes import Lanes
from greenroom.turns.others import Others
from greenroom_adapters.contract import Event, PostDeleted, PostEdited, TextEvent

__all__ = ["Intake"]

MICROSECOND = timedelta(microseconds=1)


class Intake:
    """Takes the events of one account.

    `accept` never waits and costs no write for what is not for the bot. A cursor is committed with the events that
    came before it, or later; never sooner.
    """

    def __init__(
        self,
        account: str,
        *,
        router: Router,
        lanes: Lanes,
        ledger: Ledger,
        clock: Clock,
        faults: FaultHook,
        others: Others,
        gate: Gate,
        listens_to_others: bool = False,
    ) -> None:
        self._account = account
        self._router = router
        self._lanes = lanes
        self._ledger = ledger
        self._clock = clock
        self._faults = faults
        self._others = others
        self._gate = gate
        self._listens_to_others = listens_to_others
        self._passed: dict[str, str] = {}
        """Source → cursor that moved in memory only."""
        self._on_the_way = 0
        self._log = get_log().bind(account=account)

    async def take(self, event: Event) -> None:
        """As `accept`, but a burst of events lets others have their turn of the loop."""
        await self._gate.pass_through()
        self.accept(event)

    def accept(self, event: Event) -> None:
        """Decide about an event; what is for the bot is queued for the next commit of the ledger."""
        if self._listens_to_others and isinstance(event, TextEvent):
            self._others.heard(event)
        decision = self._router.decide(event, self._account)
        if not isinstance(decision, Hit):
            self._passed[event.source] = event.cursor
            return
        now = self._clock.micros()
        occurred = to_micros(event.occurred_at)
        turn = Turn(
            self._account,
            event.id,
            decision.lane,
            event.kind,
            event,
            decision.surface,
            decision.rule.name,
            decision.trust,
            now,
            occurred + decision.rule.within // MICROSECOND,
            event.post.id if isinstance(event, TextEvent) else None,
            occurred + decision.wait // MICROSECOND if decision.wait else 0,
        )
        self._passed.pop(event.source, None)
        self.put(turn, event.source, event.cursor)

    def put(self, turn: Turn, source: str | None = None, cursor: str | None = None) -> None:
        """Queue a turn of this account for the next commit; it is worked on once it is on disk."""
        if not turn.not_before and self._lanes.has_room(self._on_the_way):
            # counted in the insert itself, so that the usual way needs no commit of its own for it
            turn.starts = 1
        self._faults("before_inbox_insert")
        self._ledger.receive(turn, source, cursor)
        self._on_the_way += 1

    def arrived(self, turn: Turn, *, new: bool) -> None:
        """Hear that a turn of this account is on disk; not `new`: its event had been in the inbox already."""
        self._on_the_way -= 1
        if new:
            self._faults("after_inbox_insert")
            self._lanes.admit(turn)

    def flush(self) -> None:
        """Queue the cursors that moved past events that were not for the bot."""
        for source, cursor in self._passed.items():
            self._ledger.move_cursor(self._account, source, cursor)
        self._passed.clear()
        self._faults("after_cursor")

    async def source_changed(self, event: PostDeleted | PostEdited) -> None:
        """See to the open turns that answer a post which was deleted or edited. Commits before it returns."""
        # what is on its way into the inbox must be seen
        await self._ledger.committed()
        # a turn that was taken from the disk before the change is on it would not know of it
        async with self._lanes.disk:
            found = await self._ledger.about_post(self._account, event.post.id)
            in_memory = {turn.seq: turn for turn in self._lanes.in_memory() if turn.post_id == event.post.id}
            for stored in found:
                turn = in_memory.get(stored.seq, stored)
                if turn.state in (State.SENDING, State.UNKNOWN) or turn.state.is_over:
                    continue
                if isinstance(event, PostDeleted):
                    self._gone(turn)
                elif isinstance(turn.event, TextEvent):
                    self._edited(turn, replace(turn.event, text=event.text))
            self._passed.pop(event.source, None)
            self._ledger.move_cursor(self._account, event.source, event.cursor)
            await self._ledger.committed()

    def skip(self, event: Event, why: str) -> None:
        """Leave out an event that cannot be taken in: it must not stand in the way of those behind it."""
        self._ledger.note(None, "skipped", f"event {event.id!a} of {self._account}: {why}")
        self._passed[event.source] = event.cursor

    def _gone(self, turn: Turn) -> None:
        turn.state, turn.reason = State.IGNORED, "source gone"
        self._ledger.save(turn)
        self._ledger.note(turn.seq, turn.state.word, turn.reason)

    def _edited(self, turn: Turn, event: TextEvent) -> None:
        """Let the turn answer the new text: what was drafted for the old one is dropped, unless it was tried."""
        turn.event = event
        turn.revisions += 1
        self._ledger.rewrite(turn)
        if turn.state in (State.DRAFTED, State.INTENDED) and not any(part.number for part in turn.outbox):
            turn.state, turn.reason = State.RECEIVED, "what it answers was edited"
            turn.draft, turn.outbox, turn.not_before = None, [], 0
            self._ledger.save(turn)
            self._ledger.note(turn.seq, "drafted anew", turn.reason)
