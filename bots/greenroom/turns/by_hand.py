"""What the account itself writes: by the bot, by another copy of it, or by the hand of its owner."""

from collections.abc import Callable
from datetime import datetime

from greenroom.clock import to_micros
from greenroom.delivery import Dispatcher, Means
from greenroom.policy import Policy
from greenroom.storage import Part, State, asked_at
from greenroom.telemetry import get_log
from greenroom.turns.cursors import Cursors
from greenroom.turns.intake import Intake
from greenroom.turns.lanes import Lanes
from greenroom_adapters.contract import CommandGiven, OwnPostSeen, Surface, TextEvent, Trust, key_digest

__all__ = ["ANOTHER_COPY", "ByHand"]

ANOTHER_COPY = "another copy"
"""Kind of the entry in the journal that says that the account published what this ledger never intended."""
RECENT = 1000
"""So many of the newest turns are looked through for what is answered by hand."""


class ByHand:
    """Tells what the owner wrote by hand on one account from what the bot wrote, and leaves his conversations to
    him."""

    def __init__(
        self,
        means: Means,
        *,
        intake: Intake,
        cursors: Cursors,
        lanes: Lanes,
        policy: Policy,
        dispatcher: Dispatcher,
        dismiss: Callable[[CommandGiven], None],
    ) -> None:
        self._account = means.account
        self._intake = intake
        self._cursors = cursors
        self._lanes = lanes
        self._ledger = means.ledger
        self._policy = policy
        self._dispatcher = dispatcher
        self._dismiss = dismiss
        self._log = get_log().bind(account=means.account)

    async def seen(self, event: OwnPostSeen) -> None:
        """See to what the bot's own account has written: by itself, or by the hand of its owner.

        What carries a key of ours is never a hand. Of what carries a key that this ledger does not know, the journal
        says that another copy may be running. By hand, the conversation is his: that of what he answers, where a turn
        of ours is about it, else the one in which he wrote; drafts held there for what was said until then are over.
        What comes again changes nothing. All of it is in one commit, which is there when this returns, unless the bot
        wrote it itself.
        """
        if await self.is_ours(event):
            self._cursors.passed[event.source] = event.cursor
            return
        if event.key is not None:
            self._ledger.note(None, ANOTHER_COPY, f"{event.post.id} on {self._account} was published by another copy")
            self._log.warning("another copy may be running", post=event.post.id)
            self._cursors.passed[event.source] = event.cursor
            return
        if await self._ledger.seq_of_event(self._account, event.id) is not None:
            self._cursors.passed[event.source] = event.cursor
            return
        answered = await self._answered(event)
        conversation = event.conversation if answered is None else answered.conversation
        turn = self._intake.turn_of(event, Surface.REPLY, "by hand", Trust.OWNER, conversation)
        wrote = to_micros(event.occurred_at)
        held = await self._ledger.turns(states=(State.HELD,), limit=1000)
        # from here on without a pause, so that it is one commit
        self._policy.hands.seen(self._account, conversation, wrote)
        self._cursors.passed.pop(event.source, None)
        self._intake.put(turn, event.source, event.cursor)
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

    def noted(self, conversation: str, at: datetime) -> None:
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


def _may_be(part: Part, event: OwnPostSeen) -> bool:
    """Say whether what the account wrote is this part: by its key, or where the platform tells none, by its words.
    Platforms change the white space between them."""
    if part.act is not None:
        return False
    if event.key is not None:
        return key_digest(part.key) == event.key
    return part.post_id is None and part.post.text.split() == event.text.split()
