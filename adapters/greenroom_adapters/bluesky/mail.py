"""Direct messages that go out: the sending, and finding out whether one went."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.bluesky.chat import Chat
from greenroom_adapters.bluesky.chat_wire import MESSAGES, WireMessage
from greenroom_adapters.bluesky.dates import moment
from greenroom_adapters.bluesky.identifiers import message_reference
from greenroom_adapters.bluesky.wire import UNREADABLE
from greenroom_adapters.contract import (
    Attempt,
    CountingRule,
    Found,
    Idempotency,
    IdempotencyKind,
    PostRejected,
    Receipt,
    TextLimit,
    Undecided,
)

__all__ = ["DIRECT_IDEMPOTENCY", "DIRECT_LIMITS", "Mail"]

DIRECT_LIMITS = (
    TextLimit(length=1000, rule=CountingRule.GRAPHEMES),
    TextLimit(length=10_000, rule=CountingRule.UTF8_BYTES),
)
"""`chat.bsky.convo.defs#messageInput`."""
DIRECT_IDEMPOTENCY = Idempotency(kind=IdempotencyKind.LISTED)
"""A message has no key of ours, but stands in its conversation."""
PAGES = 20
"""Pages of a conversation that are read to find one message."""
SKEW = timedelta(minutes=2)
"""How far the clock that dates messages and the one that recorded the try may differ."""


class Mail:
    """Sends to one person, and recognises what was sent by its words and its time."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat

    async def send(
        self, attempt: Attempt, facets: Sequence[Mapping[str, object]], left: Callable[[], timedelta]
    ) -> Receipt:
        """Make one try; `left` is how much of its time is left."""
        convo = await self._chat.convo_with(attempt.post.direct_to or "")
        sent = await self._chat.send(convo.id, attempt.post.text, facets, deadline=left())
        return self._receipt(attempt, convo.id, sent)

    async def look(self, attempt: Attempt) -> Found | Undecided | None:
        """Say what the conversation tells about a message; None: it is not in it until now.

        A message of the same words that was sent since the first try is taken for this one; delivery knows whether it
        is another's.
        """
        try:
            convo = (await self._chat.availability(attempt.post.direct_to or "")).convo
        except PostRejected as refused:
            return Undecided(reason=f"the conversation cannot be looked for: {refused}", final=True)
        if convo is None:
            return None
        since = attempt.first_tried_at - SKEW
        is_undone = False
        later: Found | None = None
        earlier: Found | None = None
        before: str | None = None
        for _ in range(PAGES):
            try:
                page = await self._chat.messages(convo.id, before)
            except PostRejected as refused:
                return Undecided(reason=f"the conversation cannot be read any more: {refused}", final=True)
            for raw in page.messages:
                message, sent_at = _read(raw)
                if message is None or sent_at is None or message.sender.did != self._chat.me:
                    continue
                if sent_at < since:
                    return later or earlier or self._undone(is_undone)
                if not message.is_standing:
                    is_undone = True
                elif message.text == attempt.post.text:
                    found = Found(receipt=self._receipt(attempt, convo.id, message))
                    # Of several, the one next to the try: others may be of other messages.
                    if sent_at >= attempt.first_tried_at:
                        later = found
                    else:
                        earlier = earlier or found
            if page.cursor is None or not page.messages:
                return later or earlier or self._undone(is_undone)
            before = page.cursor
        return (
            later or earlier or Undecided(reason="the try is beyond what is read back of the conversation", final=True)
        )

    def _undone(self, is_undone: bool) -> Undecided | None:
        if is_undone:
            # Deleted messages have no text: any of them may be the one.
            return Undecided(reason="it may be among our messages that were deleted since", final=True)
        return None

    def _receipt(self, attempt: Attempt, convo: str, message: WireMessage) -> Receipt:
        sent_at = moment(message.sent_at) or attempt.last_tried_at
        return Receipt(key=attempt.key, ref=message_reference(convo, message.id), published_at=sent_at)


def _read(raw: msgspec.Raw) -> tuple[WireMessage | None, datetime | None]:
    try:
        message = MESSAGES.decode(raw)
    except UNREADABLE:
        return None, None
    return message, moment(message.sent_at)
