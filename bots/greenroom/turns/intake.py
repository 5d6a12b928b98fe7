"""What comes in on one account: routed in memory, and on disk before the platform is told that it was received."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from greenroom.clock import MICROSECOND, Clock, to_micros
from greenroom.delivery import Dispatcher
from greenroom.faults import FaultHook
from greenroom.policy import (
    Order,
    Policy,
    Standing,
    Wish,
    is_command,
    is_stop_or_start,
    is_word,
    read_order,
    rule_of_order,
)
from greenroom.routing import Hit, Miss
from greenroom.storage import TELL, Ledger, Part, State, Turn, asked_at, note_gone, room_of
from greenroom.telemetry import get_log
from greenroom.turns.backlog import LATE, Backlog
from greenroom.turns.commanding import is_for_an_engine, order_in, rule_of
from greenroom.turns.deciding import REREAD, Decisions
from greenroom.turns.gate import Gate
from greenroom.turns.gathering import reopened
from greenroom.turns.lanes import Lanes
from greenroom.turns.moderating import ORDERED
from greenroom.turns.others import Others
from greenroom.turns.quoting import quoted
from greenroom.turns.unreadable import UNREADABLE, turn_in, words_for_owner
from greenroom_adapters.contract import (
    Author,
    CommandGiven,
    DirectMessageReceived,
    Event,
    InvitationReceived,
    Kind,
    OwnPostSeen,
    PostDeleted,
    PostEdited,
    PostRef,
    Room,
    RoomUnreadable,
    SanctionReceived,
    Surface,
    TextEvent,
    Trust,
    key_digest,
)

__all__ = ["ANOTHER_COPY", "COMPLAINT", "STRANGER", "Intake"]

A_DAY = timedelta(days=1) // MICROSECOND
"""How long what needs no engine may take: a confirmation of stop, the note of what was written by hand."""
LONGEST_ORDER = 200
"""Characters; what is longer is talk."""
_MODERATES = (Trust.MODERATOR, Trust.OWNER)
"""Who may tell the bot what to do in a room."""
ANOTHER_COPY = "another copy"
"""Kind of the entry in the journal that says that the account published what this ledger never intended."""
DELETED_BY_HAND = "deleted by hand, from the account itself"
COMPLAINT = "complaint"
"""Kind of the entry in the journal that says that somebody who keeps order has taken against the bot."""
STRANGER = "stranger"
"""Kind of the entry in the journal that says that somebody took the bot, or wants it, where nobody knows it."""
ANEW = "drafted anew"
"""Kind of the entry in the journal that says so of a turn."""
RECENT = 1000
"""So many of the newest turns are looked through for what is answered by hand."""


class Intake:
    """Takes the events of one account.

    `accept` never waits and costs no write for what is not for the bot. A cursor is committed with the events that
    came before it, or later; never sooner.
    """

    def __init__(
        self,
        account: str,
        *,
        decisions: Decisions,
        lanes: Lanes,
        backlog: Backlog,
        ledger: Ledger,
        clock: Clock,
        faults: FaultHook,
        others: Others,
        policy: Policy,
        dispatcher: Dispatcher,
        gate: Gate,
        me: Callable[[], Author],
        dismiss: Callable[[CommandGiven], None],
        listens_to_others: bool = False,
    ) -> None:
        self._policy = policy
        self._dispatcher = dispatcher
        self._account = account
        self._decisions = decisions
        self._lanes = lanes
        self._backlog = backlog
        self._ledger = ledger
        self._clock = clock
        self._faults = faults
        self._others = others
        self._gate = gate
        self._me = me
        self._dismiss = dismiss
        self._listens_to_others = listens_to_others
        self._passed: dict[str, str] = {}
        """Source → cursor that moved in memory only."""
        self._on_the_way = 0
        self._log = get_log().bind(account=account)

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
        turn = self._turn_of_hit(event, decision, now, begins=min(occurred, now))
        turn.late = turn.received - occurred > LATE
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
        # what somebody wrote behind a command is whole
        gather = 0 if isinstance(event, CommandGiven) else decision.rule.gather
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
            begins + pause if (pause := max(decision.wait // MICROSECOND, gather)) else 0,
        )
        turn.decided_by = self._decisions.version
        return turn

    def put(self, turn: Turn, source: str | None = None, cursor: str | None = None) -> None:
        """Queue a turn of this account for the next commit; it is worked on once it is on disk."""
        if not (turn.not_before or turn.late) and self._lanes.has_room(self._on_the_way):
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
            if is_stop_or_start(turn):
                # before anything else is answered: the confirmation comes in its turn
                self._policy.consent.note(turn)
            elif is_word(turn):
                self._policy.hush.obey(turn)
            if turn.late or self._backlog.keeps(turn.lane):
                self._backlog.keep(turn)
            else:
                self._lanes.admit(turn)

    def flush(self) -> None:
        """Queue the cursors that moved past events that were not for the bot."""
        for source, cursor in self._passed.items():
            self._ledger.move_cursor(self._account, source, cursor)
        self._passed.clear()
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
        turn = self._turn(event, surface, rule, trust, lane)
        self.put(turn, event.source, event.cursor)

    def _word_in(self, event: Event, decision: Hit | Miss) -> str | None:
        """Return whether somebody who may says stop or start; None: neither."""
        if not isinstance(event, TextEvent) or decision in (Miss.BOT, Miss.BLOCKED):
            return None
        return self._said(event)

    def _said(self, event: TextEvent) -> str | None:
        """Return what of stop and start is said to the bot."""
        return self._policy.consent.word(event, self._me(), names_me=self._decisions.names_the_bot)

    def _ordered(self, event: TextEvent, decision: Hit | Miss) -> Order | None:
        """Return what somebody who keeps order in the event's room tells the bot to do there; None: it is talk, or not
        his to say. What he may is asked here, of what the platform told with his message."""
        if event.author.is_bot or len(event.text) > LONGEST_ORDER or decision is Miss.BLOCKED:
            return None
        trust = decision.trust if isinstance(decision, Hit) else self._decisions.trust_of(event.author)
        if trust not in _MODERATES:
            return None
        said = self._policy.consent.said(event, self._me(), names_me=self._decisions.names_the_bot)
        return None if said is None else read_order(said)

    def _turn_of_order(self, event: TextEvent, order: Order) -> Turn:
        turn = self._turn(event, Surface.CHAT, rule_of_order(order), self._decisions.trust_of(event.author))
        # a lane of its own: the one of the conversation may be kept by what waits for an engine
        turn.lane = f"{turn.lane}/{ORDERED}"
        return turn

    def _turn_of_word(self, event: TextEvent, word: str) -> Turn:
        turn = self._turn(event, _surface_of(event), word, event.author.trust)
        if is_command(turn):
            # a lane of its own, as for every command: nobody looks back on it
            turn.lane = f"{turn.lane}/{word}/{event.author.id}"
        return turn

    async def own_post_seen(self, event: OwnPostSeen) -> None:
        """See to what the bot's own account has written: by itself, or by the hand of its owner.

        What carries a key of ours is never a hand. Of what carries a key that this ledger does not know, the journal
        says that another copy may be running. By hand, the conversation is his: that of what he answers, where a turn
        of ours is about it, else the one in which he wrote; drafts held there for what was said until then are over.
        What comes again changes nothing. All of it is in one commit, which is there when this returns, unless the bot
        wrote it itself.
        """
        if await self.is_ours(event):
            self._passed[event.source] = event.cursor
            return
        if event.key is not None:
            self._ledger.note(None, ANOTHER_COPY, f"{event.post.id} on {self._account} was published by another copy")
            self._log.warning("another copy may be running", post=event.post.id)
            self._passed[event.source] = event.cursor
            return
        if await self._ledger.seq_of_event(self._account, event.id) is not None:
            self._passed[event.source] = event.cursor
            return
        answered = await self._answered(event)
        conversation = event.conversation if answered is None else answered.conversation
        turn = self._turn(event, Surface.REPLY, "by hand", Trust.OWNER, conversation)
        wrote = to_micros(event.occurred_at)
        held = await self._ledger.turns(states=(State.HELD,), limit=1000)
        # from here on without a pause, so that it is one commit
        self._policy.hands.seen(self._account, conversation, wrote)
        self._passed.pop(event.source, None)
        self.put(turn, event.source, event.cursor)
        self._ledger.note(None, "by hand", f"somebody wrote from {self._account}: the thread is his for a while")
        at_work = {turn.seq: turn for turn in self._lanes.in_memory()}
        for draft in (at_work.get(stored.seq, stored) for stored in held):
            if draft.lane != turn.lane or draft.state is not State.HELD or asked_at(draft) > wrote:
                continue
            draft.state, draft.reason = State.IGNORED, "answered by hand"
            self._ledger.save(draft)
            self._ledger.note(draft.seq, draft.state.word, draft.reason)
            self._policy.rested(draft)
            if isinstance(draft.event, CommandGiven):
                self._dismiss(draft.event)
        await self._ledger.committed()

    async def _answered(self, event: OwnPostSeen) -> TextEvent | None:
        """Return what somebody wrote that is answered by hand: the post itself, or the one that a post of ours
        answers; None: nothing that we took in, among the newest turns and those that are open."""
        if event.in_reply_to is None:
            return None
        post = event.in_reply_to.id
        ours = await self._ledger.turn_of_post(self._account, post)
        turns = [
            *(await self._ledger.about_post(self._account, post)),
            *(await self._ledger.turns(limit=RECENT)),
            *((await self._ledger.turn(ours),) if ours is not None else ()),
        ]
        for turn in turns:
            if turn is None or turn.account != self._account or not isinstance(turn.event, TextEvent):
                continue
            if turn.post_id == post or turn.seq == ours:
                return turn.event
        return None

    async def is_ours(self, event: OwnPostSeen) -> bool:
        """Say whether the bot has written it itself, as far as this ledger knows."""
        return self._is_ours_in_memory(event) or await self._is_ours_on_disk(event)

    def hand_seen(self, conversation: str, at: datetime) -> None:
        """Note that the owner wrote by hand in a conversation at that moment (aware)."""
        self._policy.hands.seen(self._account, conversation, to_micros(at))

    def _is_ours_in_memory(self, event: OwnPostSeen) -> bool:
        """Say whether the bot has just published it, or is about to hear that it has."""
        return self._dispatcher.has_published(event.post.id, event.key) or any(
            part.number and _may_be(part, event) for turn in self._lanes.in_memory() for part in turn.outbox
        )

    async def _is_ours_on_disk(self, event: OwnPostSeen) -> bool:
        """Say whether the ledger knows it, or knows of a post whose fate is unknown and which it may be."""
        await self._ledger.committed()
        if await self._ledger.turn_of_post(self._account, event.post.id) is not None:
            return True
        unknown = await self._ledger.turns(states=(State.UNKNOWN,), limit=1000)
        return any(_may_be(part, event) for turn in unknown if turn.account == self._account for part in turn.outbox)

    def _turn(
        self,
        event: TextEvent | OwnPostSeen,
        surface: Surface,
        rule: str,
        trust: Trust,
        conversation: str | None = None,
    ) -> Turn:
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

    async def unreadable(self, event: RoomUnreadable) -> None:
        """See to a room that the account cannot read: its owner hears of it, and where the bot may write those in the
        room do; once, however often it comes. All of it is in one commit."""
        turn = turn_in(event, account=self._account, clock=self._clock)
        fact = f"{UNREADABLE}:{self._account}/{event.room.id}"
        known = await self._ledger.facts(fact)
        self._passed[event.source] = event.cursor
        if fact in known:
            return
        words = words_for_owner(event, account=self._account)
        self._ledger.remember(fact, words)
        self._ledger.note(None, UNREADABLE, words)
        self._log.warning("room unreadable", room=event.room.name or event.room.id, why=event.why)
        if self._decisions.may_write(event.room):
            self.put(turn)

    async def source_changed(self, event: PostDeleted | PostEdited) -> None:
        """See to the open turns that answer a post which was deleted or edited. Commits before it returns.

        After an edit the answer is drafted anew, once: from the text that stands there when the engine begins to read
        again. A held one is held again, with its new words. Later edits are noted, and no engine is paid for them: the
        second draft goes out as it would if the post had been edited a moment after its answer.
        """
        await self._see_to_source(event)

    async def source_gone(self, post_id: str) -> None:
        """See to the open turns that answer a post which nobody can see any more, and to its words: as after its
        deletion, of which the platform has told nothing. Commits before it returns."""
        ref, now = PostRef(id=post_id), self._clock.now()
        event = PostDeleted(id=f"gone-{post_id}", source="", cursor="", occurred_at=now, post=ref)
        await self._see_to_source(event, moves=False)

    async def _see_to_source(self, event: PostDeleted | PostEdited, *, moves: bool = True) -> None:
        # what is on its way into the inbox must be seen
        await self._ledger.committed()
        if isinstance(event, PostDeleted):
            await self._complained_of(event)
        # a turn that was taken from the disk before the change is on it would not know of it
        async with self._lanes.disk:
            before = await self._ledger.about_post(self._account, event.post.id)
            drafted_anew = {turn.seq for turn in before if await self._was_drafted_anew(turn)}
            found = await self._ledger.about_post(self._account, event.post.id)
            in_memory = {turn.seq: turn for turn in self._lanes.in_memory() if turn.post_id == event.post.id}
            for stored in found:
                turn = in_memory.get(stored.seq, stored)
                if turn.state in (State.SENDING, State.UNKNOWN) or turn.state.is_over:
                    continue
                draft = turn.draft
                if isinstance(event, PostDeleted):
                    self._gone(turn)
                elif isinstance(turn.event, TextEvent):
                    new = replace(turn.event, text=event.text)
                    self._edited(turn, new, drafted_anew=turn.seq in drafted_anew)
                if isinstance(event, PostDeleted) or turn.draft is not draft:
                    for follower in await reopened(turn, draft, self._ledger):
                        self._lanes.resume(follower)
            if isinstance(event, PostDeleted):
                note_gone(self._ledger, self._account, event.post.id)
            if moves:
                self._passed.pop(event.source, None)
                self._ledger.move_cursor(self._account, event.source, event.cursor)
            await self._ledger.committed()

    async def _complained_of(self, event: PostDeleted) -> None:
        """Hear that somebody else took down what the bot said in a room: it is not said again, the bot does not join in
        there for a while, and its owner hears of it, once."""
        seq = await self._ledger.turn_of_post(self._account, event.post.id)
        said = None if seq is None else await self._ledger.turn(seq)
        if said is None or said.state is State.WITHDRAWN or said.rule == TELL:
            return
        by, room = event.by, room_of(said.event)
        if self._dispatcher.has_taken_down(event.post.id):
            return
        said = next((turn for turn in self._lanes.in_memory() if turn.seq == seq), said)
        if room is None or (by is not None and by.id == self._me().id):
            self._taken_back_by_hand(said, event)
            return
        if not self._policy.joining.complained(self._account, room, about=event.id):
            return
        if said.state is State.SENT:
            said.state, said.reason = State.WITHDRAWN, "somebody who keeps order there took it down"
            self._ledger.save(said)
        self._ledger.note(said.seq, COMPLAINT, _complaint("took down", room, self._account, by, event.reason))
        self._log.warning("complaint", turn=said.seq, room=room.id)

    def _taken_back_by_hand(self, said: Turn, event: PostDeleted) -> None:
        """Hear that what the bot said was deleted from its own account, by whoever else has it."""
        first = next((part.post_id for part in said.outbox if part.post_id is not None), None)
        if said.state is State.SENT and first in (None, event.post.id):
            said.state, said.reason = State.WITHDRAWN, DELETED_BY_HAND
            self._ledger.save(said)
        self._ledger.note(said.seq, "taken back", DELETED_BY_HAND)

    async def sanctioned(self, event: SanctionReceived) -> None:
        """Hear that the account was silenced, or sent away, by somebody who keeps order: the bot is quiet there as long
        as the platform has it so, does not join in for a while, and its owner hears of it, once. In one commit, which
        is there when this returns."""
        did = "sent the bot away from" if event.until is None else "silenced the bot in"
        if self._policy.joining.complained(self._account, event.room, about=event.id):
            if event.until is not None:
                self._policy.hush.silenced(self._account, event.room, until=to_micros(event.until))
            self._ledger.note(None, COMPLAINT, _complaint(did, event.room, self._account, event.by, event.reason))
            self._log.warning("complaint", room=event.room.id, what=did)
        self._passed.pop(event.source, None)
        self._ledger.move_cursor(self._account, event.source, event.cursor)
        await self._ledger.committed()

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
        self._passed.pop(event.source, None)
        self._ledger.move_cursor(self._account, event.source, event.cursor)
        await self._ledger.committed()

    async def _was_drafted_anew(self, turn: Turn) -> bool:
        return any(entry.what == ANEW for entry in await self._ledger.journal(seq=turn.seq))

    def skip(self, event: Event, why: str) -> None:
        """Leave out an event that cannot be taken in: it must not stand in the way of those behind it."""
        self._ledger.note(None, "skipped", f"event {event.id!a} of {self._account}: {why}")
        self._passed[event.source] = event.cursor

    def _gone(self, turn: Turn) -> None:
        turn.state, turn.reason = State.IGNORED, "source gone"
        self._ledger.save(turn)
        self._ledger.note(turn.seq, turn.state.word, turn.reason)
        self._policy.rested(turn)

    def _edited(self, turn: Turn, event: TextEvent, *, drafted_anew: bool) -> None:
        """Let the turn answer the new text: what was drafted for the old one is dropped, unless it was tried or is the
        second draft already."""
        if turn.event == event:
            return
        turn.event, turn.decided_by = event, REREAD
        self._ledger.rewrite(turn)
        is_unread = turn.state is State.RECEIVED and not turn.is_read
        if is_unread or drafted_anew or any(part.number for part in turn.outbox):
            return
        turn.revisions += 1
        self._ledger.note(turn.seq, ANEW, "what it answers was edited")
        if turn.state is State.RECEIVED:
            return
        was_held = turn.state is State.HELD
        turn.state, turn.reason = State.RECEIVED, "what it answers was edited"
        turn.draft, turn.outbox, turn.not_before = None, [], 0
        if was_held:
            self._ledger.work_again(turn)
            self._lanes.resume(turn)
        else:
            self._ledger.save(turn)


def _surface_of(event: TextEvent) -> Surface:
    if isinstance(event, DirectMessageReceived) or Kind.DIRECT_MESSAGE in event.also:
        return Surface.DIRECT_MESSAGE
    return Surface.REPLY if event.room is None else Surface.CHAT


def _may_be(part: Part, event: OwnPostSeen) -> bool:
    """Say whether what the account wrote is this part: by its key, or where the platform tells none, by its words.
    Platforms change the white space between them."""
    if part.act is not None:
        return False
    if event.key is not None:
        return key_digest(part.key) == event.key
    return part.post_id is None and part.post.text.split() == event.text.split()


def _complaint(did: str, room: Room, account: str, by: Author | None, reason: str) -> str:
    """Return what somebody who keeps order did, as the owner reads it."""
    who = "a moderator" if by is None else by.handle
    where = f"{quoted(room.name or room.id)} on {account}"
    what = f"{who} {did} {where}" if did != "took down" else f"{who} took it down in {where}"
    return f"{what}: {quoted(reason)}" if reason else what
