"""What becomes of posts afterwards: what is answered is deleted or edited, what was said is taken down."""

from dataclasses import replace

from greenroom.clock import to_micros
from greenroom.delivery import Dispatcher, Means
from greenroom.policy import Policy
from greenroom.storage import TELL, State, Turn, note_gone, room_of
from greenroom.telemetry import get_log
from greenroom.turns.cursors import Cursors
from greenroom.turns.deciding import REREAD
from greenroom.turns.gathering import reopened
from greenroom.turns.lanes import Lanes
from greenroom.turns.quoting import quoted
from greenroom_adapters.contract import (
    Author,
    PostDeleted,
    PostEdited,
    PostRef,
    Room,
    SanctionReceived,
    TextEvent,
)

__all__ = ["COMPLAINT", "Aftermath"]

COMPLAINT = "complaint"
"""Kind of the entry in the journal that says that somebody who keeps order has taken against the bot."""
DELETED_BY_HAND = "deleted by hand, from the account itself"
ANEW = "drafted anew"
"""Kind of the entry in the journal that says so of a turn."""


class Aftermath:
    """Sees to the turns of one account whose posts are no longer what they were."""

    def __init__(
        self,
        means: Means,
        *,
        cursors: Cursors,
        lanes: Lanes,
        policy: Policy,
        dispatcher: Dispatcher,
    ) -> None:
        self._account = means.account
        self._cursors = cursors
        self._lanes = lanes
        self._ledger = means.ledger
        self._clock = means.clock
        self._policy = policy
        self._dispatcher = dispatcher
        self._adapter = means.adapter
        self._log = get_log().bind(account=means.account)

    async def changed(self, event: PostDeleted | PostEdited) -> None:
        """See to the open turns that answer a post which was deleted or edited. Commits before it returns.

        After an edit the answer is drafted anew, once: from the text that stands there when the engine begins to read
        again. A held one is held again, with its new words. Later edits are noted, and no engine is paid for them: the
        second draft goes out as it would if the post had been edited a moment after its answer.
        """
        await self._see_to_source(event)

    async def gone(self, post_id: str) -> None:
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
                self._cursors.move(event)
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
        if room is None or (by is not None and by.id == self._adapter.me.id):
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
        self._cursors.move(event)
        await self._ledger.committed()

    async def _was_drafted_anew(self, turn: Turn) -> bool:
        return any(entry.what == ANEW for entry in await self._ledger.journal(seq=turn.seq))

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


def _complaint(did: str, room: Room, account: str, by: Author | None, reason: str) -> str:
    """Return what somebody who keeps order did, as the owner reads it."""
    who = "a moderator" if by is None else by.handle
    where = f"{quoted(room.name or room.id)} on {account}"
    what = f"{who} {did} {where}" if did != "took down" else f"{who} took it down in {where}"
    return f"{what}: {quoted(reason)}" if reason else what
