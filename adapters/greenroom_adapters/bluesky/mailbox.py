"""Direct messages that come in, from the log of all conversations."""

from collections.abc import AsyncGenerator, Callable
from datetime import datetime

import msgspec

from greenroom_adapters.bluesky.chat import Chat
from greenroom_adapters.bluesky.chat_wire import LOG_ENTRIES, MESSAGES, WireMessage
from greenroom_adapters.bluesky.dates import moment
from greenroom_adapters.bluesky.identifiers import message_reference
from greenroom_adapters.bluesky.mapping import unknown
from greenroom_adapters.bluesky.people import People
from greenroom_adapters.bluesky.wire import UNREADABLE
from greenroom_adapters.contract import DirectMessageReceived, Event, PostRejected

__all__ = ["MAIL", "Mailbox"]

MAIL = "messages"
"""The source of direct messages; its cursor is that of the log."""
CREATED = "chat.bsky.convo.defs#logCreateMessage"
REMEMBERED = 500
PAGES = 1000
"""Pages of the log, or of conversations, that are read at one look: a server that never ends ends here."""


class Mailbox:
    """What others write to the account alone. Nothing pushes it, so it is asked for."""

    def __init__(self, chat: Chat, people: People, *, now: Callable[[], datetime]) -> None:
        self._chat = chat
        self._people = people
        self._now = now
        self._groups: dict[str, bool] = {}

    async def here(self) -> str:
        """Return the place of this moment, behind all that is there; empty: nothing has ever been said."""
        return (await self._chat.log(None)).cursor or ""

    async def look(self, after: str) -> AsyncGenerator[tuple[str, Event | None], None]:
        """Yield the place behind each entry, and what it means to us (None: nothing), oldest first, then end.

        :raises Unavailable: it cannot be asked for now
        """
        for _ in range(PAGES):
            log = await self._chat.log(after or None)
            for raw in log.logs:
                place, event = await self._read(raw, after)
                after = max(after, place)
                yield after, event
            if not log.logs or not log.cursor or log.cursor <= after:
                return
            after = log.cursor

    async def since(self, begin: datetime) -> AsyncGenerator[Event, None]:
        """Yield what was written to us from a moment on, conversation by conversation, oldest first, then end."""
        after: str | None = None
        for _ in range(PAGES):
            page = await self._chat.convos(after)
            for convo in page.convos:
                if convo.is_group:
                    continue
                for event in reversed([event async for event in self._backward(convo.id, begin)]):
                    yield event
            if page.cursor is None or not page.convos:
                return
            after = page.cursor

    async def _backward(self, convo: str, begin: datetime) -> AsyncGenerator[Event, None]:
        before: str | None = None
        for _ in range(PAGES):
            page = await self._chat.messages(convo, before)
            for raw in page.messages:
                message = _message(raw)
                sent_at = None if message is None else moment(message.sent_at)
                if message is None or sent_at is None:
                    continue
                if sent_at < begin:
                    return
                event = await self._event(message, convo, sent_at, cursor="")
                if event is not None:
                    yield event
            if page.cursor is None or not page.messages:
                return
            before = page.cursor

    async def _read(self, raw: msgspec.Raw, after: str) -> tuple[str, Event | None]:
        """Return the place of an entry, and what it means; whatever it is, it does not end the stream."""
        place = after
        try:
            entry = LOG_ENTRIES.decode(raw)
            place = entry.rev
            if entry.type != CREATED:
                return place, None
            message = MESSAGES.decode(entry.message)
        except UNREADABLE:
            return place, unknown(bytes(raw), source=MAIL, cursor=place, at=self._now())
        sent_at = moment(message.sent_at)
        if sent_at is None or not message.id or not message.sender.did:
            return place, unknown(bytes(raw), source=MAIL, cursor=place, at=self._now())
        return place, await self._event(message, entry.convo_id, sent_at, cursor=place)

    async def _event(self, message: WireMessage, convo: str, sent_at: datetime, *, cursor: str) -> Event | None:
        """Return a message as an event; None: it is our own, deleted since, or said in a group."""
        if message.sender.did == self._chat.me or not message.is_standing or await self._is_group(convo):
            return None
        return DirectMessageReceived(
            id=f"chat:{convo}/{message.id}",
            source=MAIL,
            cursor=cursor,
            occurred_at=sent_at,
            post=message_reference(convo, message.id),
            author=await self._people.who(message.sender.did),
            text=message.text,
            conversation=f"chat:{convo}",
        )

    async def _is_group(self, convo: str) -> bool:
        known = self._groups.get(convo)
        if known is not None:
            return known
        try:
            found = (await self._chat.convo(convo)).is_group
        except PostRejected:  # left since: nobody is answered there
            found = True
        self._groups[convo] = found
        if len(self._groups) > REMEMBERED:
            del self._groups[next(iter(self._groups))]
        return found


def _message(raw: msgspec.Raw) -> WireMessage | None:
    try:
        return MESSAGES.decode(raw)
    except UNREADABLE:
        return None
