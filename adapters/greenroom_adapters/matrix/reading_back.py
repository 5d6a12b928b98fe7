"""Decides from a room's history whether one attempt went out."""

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import Absent, Attempt, Found, PostRejected, Receipt, Undecided
from greenroom_adapters.matrix.api import Api
from greenroom_adapters.matrix.plan import Plan, Progress
from greenroom_adapters.matrix.reading import moment
from greenroom_adapters.matrix.references import reference
from greenroom_adapters.matrix.wire import EVENTS, MESSAGES, WireEvent

__all__ = ["ReadingBack"]

PAGES = 40
"""Pages of a room, of our own messages alone, that are read to find one of them."""
SKEW = timedelta(minutes=5)
"""How far the homeserver's clock, which dates events, and the one that recorded the try may differ."""
REMEMBERED = 20_000
"""Transactions that were looked for in vain, and events that were deleted from here, that are remembered."""


class ReadingBack:
    """Recognises the messages of one account by the digest of their key."""

    def __init__(self, api: Api, *, me: str, settles_after: timedelta, now: Callable[[], datetime]) -> None:
        self._api = api
        self._me = me
        self._settles_after = settles_after
        self._now = now
        self._absent: dict[str, None] = {}
        """Transactions that were looked for last and are not there; the oldest are forgotten first. One that is
        forgotten is looked for once more: its next try is refused until then."""
        self._deleted_here: dict[str, None] = {}
        """Events that were redacted on our own order, the oldest forgotten first: whoever has their id has their
        receipt."""

    def is_absent(self, plan: Plan) -> bool:
        """Tell whether it was looked for and is certainly not there."""
        return plan.transaction in self._absent

    async def find(self, attempt: Attempt) -> Found | Absent | Undecided:
        """Look for the event among our own in its room."""
        asked_at = self._now()
        plan, room = Plan.read(attempt.prepared), (Progress.read(attempt.state) or Progress()).room
        if not room and plan.room.startswith("!"):
            room = plan.room
        if room:
            verdict = await self._look(attempt, plan, room)
            if verdict is not None:
                return verdict
        # Without a room nothing was sent: it is on disk before the first byte.
        if asked_at - attempt.last_tried_at <= self._settles_after:
            return Undecided(reason="not in the room; it may still appear there")
        _remember(self._absent, plan.transaction)
        return Absent()

    def deleted(self, event: str) -> None:
        """Hear that an event was redacted on our own order."""
        _remember(self._deleted_here, event)

    async def _look(self, attempt: Attempt, plan: Plan, room: str) -> Found | Undecided | None:
        """Return what the room says about it; None: it certainly is not among what was said there until now."""
        since = attempt.first_tried_at - SKEW
        token: str | None = None
        is_undone = False
        for _ in range(PAGES):
            try:
                page = await self._api.messages(room, before=token, own=self._me)
            except PostRejected as refused:
                return Undecided(reason=f"the room cannot be read any more: {refused}", final=True)
            for raw in page.chunk:
                event = EVENTS.decode(raw)
                if event.sender != self._me or event.type != "m.room.message":
                    continue  # a server that does not heed the filter
                sent_at = moment(event.origin_server_ts)
                if event.is_redacted:
                    is_ours = event.unsigned.transaction_id == plan.transaction
                    is_undone |= is_ours or (sent_at >= since and event.event_id not in self._deleted_here)
                elif _key_of(event) == plan.transaction:
                    return Found(receipt=self._receipt(attempt.key, room, event, sent_at))
                elif sent_at < since:
                    token = None
                    break
            else:
                token = page.end if page.end != token else None
            if token is None:
                break
        else:
            return Undecided(reason="the try is beyond what is read back of the room", final=True)
        if is_undone:
            # Redacted events have no content: any of them may be the one.
            return Undecided(reason="it may be among our messages that were deleted since", final=True)
        return None

    def _receipt(self, key: str, room: str, event: WireEvent, published_at: datetime) -> Receipt:
        return Receipt(key=key, ref=reference(room, event.event_id, me=self._me), published_at=published_at)


def _key_of(event: WireEvent) -> str | None:
    try:
        return MESSAGES.decode(event.content).key
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _remember(names: dict[str, None], name: str) -> None:
    names.pop(name, None)
    names[name] = None
    if len(names) > REMEMBERED:
        del names[next(iter(names))]
