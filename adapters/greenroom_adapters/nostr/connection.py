"""One open connection to a relay: what was asked and sent through it, and what comes back."""

import asyncio
import itertools
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import aiohttp
import msgspec

from greenroom_adapters.contract import AdapterError, OutcomeUnknown, Unavailable
from greenroom_adapters.nostr.answers import Said
from greenroom_adapters.nostr.keys import Keys
from greenroom_adapters.nostr.wire import UNREADABLE, Filter, WireEvent, message, read_message, signed
from greenroom_adapters.transport import Http, levelled

__all__ = ["Connection", "Mailbox"]

logger = logging.getLogger(__name__)

AUTHENTICATION = 22242
MAILBOX, MAILBOX_BYTES = 10_000, 64 * 1024 * 1024
"""Events that wait in one mailbox, and their size. Whoever does not fetch them loses the mailbox, and asks again from
where it was."""
QUERIES = 6
"""Questions that are open at a time beside what is listened to: relays allow about twenty subscriptions."""
PAGE = 5_000
"""Stored events that are taken as the answer to one question."""
AUTHENTICATED_WITHIN = 5.0


class Mailbox:
    """What arrives for one or several subscriptions of one connection, in the order in which it comes."""

    def __init__(self, connection: "Connection", number: int) -> None:
        self._connection = connection
        self._number = number
        self._waiting: deque[msgspec.Raw] = deque()
        self._size = 0
        self._open: set[str] = set()
        self._caught_up: set[str] = set()
        self._ended: AdapterError | None = None
        self._news = asyncio.Event()

    async def ask(self, name: str, *filters: Filter) -> None:
        """Subscribe to what fits one of the filters; what was subscribed to under this name before is over.

        :raises Unavailable: the connection is gone
        """
        subscription = f"{name}{self._number}"
        self._open.add(subscription)
        self._caught_up.discard(subscription)
        await self._connection.ask(subscription, filters, self)

    async def next(self) -> msgspec.Raw:
        """Return the next event; wait for it as long as it takes.

        :raises Unavailable: the connection is gone, the relay ended the subscription, or too much came at once
        """
        while not self._waiting:
            if self._ended is not None:
                raise self._ended
            self._news.clear()
            await self._news.wait()
        return self._fetch()

    def rest(self, most: int = 100) -> list[msgspec.Raw]:
        """Return what waits already, at most so many."""
        return [self._fetch() for _ in range(min(most, len(self._waiting)))]

    async def stored(self, name: str, within: timedelta) -> list[msgspec.Raw]:
        """Return everything up to the end of what the relay has stored for this subscription.

        :raises Unavailable: as `next`, or the end does not come within this time
        """
        subscription = f"{name}{self._number}"
        try:
            async with asyncio.timeout(within.total_seconds()):
                while subscription not in self._caught_up:
                    if self._ended is not None:
                        raise self._ended
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise self._connection.error(Unavailable, "does not say what it has stored") from None
        return self.rest(len(self._waiting))

    def _fetch(self) -> msgspec.Raw:
        event = self._waiting.popleft()
        self._size -= len(bytes(event))
        return event

    # The other side, for the connection

    def put(self, event: msgspec.Raw) -> None:
        """Take an event in."""
        size = len(bytes(event))
        if len(self._waiting) >= MAILBOX or self._size + size > MAILBOX_BYTES:
            self.end(self._connection.error(Unavailable, "sent more at once than is kept"))
            return
        self._waiting.append(event)
        self._size += size
        self._news.set()

    def caught_up(self, subscription: str) -> None:
        """Take in that everything stored has come."""
        self._caught_up.add(subscription)
        self._news.set()

    def end(self, reason: AdapterError) -> None:
        """Take in that nothing more comes."""
        self._ended = self._ended or reason
        self._news.set()

    @property
    def subscriptions(self) -> frozenset[str]:
        """What is subscribed to."""
        return frozenset(self._open)


class Connection:
    """One WebSocket, from its opening to its end. Whoever opened it feeds it with `take` and ends it with `end`."""

    def __init__(
        self, url: str, http: Http, socket: aiohttp.ClientWebSocketResponse, keys: Keys, *, now: Callable[[], int]
    ) -> None:
        self._url = url
        self._http = http
        self._socket = socket
        self._keys = keys
        self._now = now
        self._numbers = itertools.count(1)
        self._mailboxes: dict[str, Mailbox] = {}
        self._sending: dict[str, asyncio.Future[Said]] = {}
        self._unanswered: set[str] = set()
        self._one_send = asyncio.Lock()
        self._queries = asyncio.Semaphore(QUERIES)
        self._authentication: asyncio.Future[Said] | None = None
        self._authentication_id = ""
        self._ended: AdapterError | None = None
        self.was_useful = False
        """The relay has answered a question or taken an event."""

    def error(self, kind: type[AdapterError], words: str) -> AdapterError:
        """Return an error about this relay."""
        return self._http.error(kind, f"{self._url} {words}")

    @property
    def is_open(self) -> bool:
        """Whether it can still be used."""
        return self._ended is None

    # Asking ----------------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def mailbox(self) -> AsyncGenerator[Mailbox, None]:
        """Open a mailbox; its subscriptions end with the block."""
        box = Mailbox(self, next(self._numbers))
        if self._ended is not None:
            raise self._ended
        try:
            yield box
        finally:
            for subscription in box.subscriptions:
                if self._mailboxes.pop(subscription, None) is not None and self.is_open:
                    with suppress(Unavailable):
                        await self._send(message("CLOSE", subscription))

    async def query(self, *filters: Filter, within: timedelta) -> list[msgspec.Raw]:
        """Return what the relay has stored that fits one of the filters, unread and in its order.

        :raises Unavailable: it does not answer in this time, or will not tell
        """
        try:
            async with asyncio.timeout(within.total_seconds()):
                await self._queries.acquire()
        except TimeoutError:
            raise self.error(Unavailable, "has too many questions open") from None
        try:
            async with self.mailbox() as box:
                await box.ask("q", *filters)
                return (await box.stored("q", within))[:PAGE]
        finally:
            self._queries.release()

    async def ask(self, subscription: str, filters: Sequence[Filter], box: Mailbox) -> None:
        """Subscribe, for a mailbox."""
        self._mailboxes[subscription] = box
        await self._send(message("REQ", subscription, *filters))

    # Sending ---------------------------------------------------------------------------------------------------------

    async def publish(self, event: WireEvent, *, within: timedelta) -> Said:
        """Send one event and return the relay's answer. One is sent at a time: a relay that refuses may answer without
        saying what it refuses.

        :raises Unavailable: it was not sent
        :raises OutcomeUnknown: it was, and no answer came
        """
        ends = asyncio.get_running_loop().time() + within.total_seconds()
        try:
            async with asyncio.timeout_at(ends):
                await self._one_send.acquire()
        except TimeoutError:
            raise self.error(Unavailable, "has not answered what was sent before") from None
        try:
            said = await self._publish(event, ends)
            if said.prefix == "auth-required" and await self._is_authenticated(ends):
                said = await self._publish(event, ends)
            return said
        finally:
            self._one_send.release()

    async def _publish(self, event: WireEvent, ends: float) -> Said:
        if self._ended is not None:
            raise self._ended
        answer: asyncio.Future[Said] = asyncio.get_running_loop().create_future()
        self._sending[event.id] = answer
        self._unanswered.add(event.id)
        try:
            try:
                async with asyncio.timeout_at(ends):
                    # Once a byte of it may have left, a failure says nothing about the outcome.
                    await self._socket.send_str(message("EVENT", event))
                    return await answer
            except TimeoutError:
                raise self.error(OutcomeUnknown, "has not answered in time") from None
            except (aiohttp.ClientError, OSError, RuntimeError) as exc:
                raise self.error(OutcomeUnknown, f"was cut off: {exc}") from None
        finally:
            del self._sending[event.id]
            answer.cancel()

    async def _is_authenticated(self, ends: float) -> bool:
        """Tell whether the relay knows by now who we are; wait for its answer a while."""
        if self._authentication is None:
            return False
        latest = min(ends, asyncio.get_running_loop().time() + AUTHENTICATED_WITHIN)
        try:
            async with asyncio.timeout_at(latest):
                return (await asyncio.shield(self._authentication)).accepted
        except TimeoutError:
            return False

    async def _send(self, text: str) -> None:
        if self._ended is not None:
            raise self._ended
        try:
            await self._socket.send_str(text)
        except (aiohttp.ClientError, OSError, RuntimeError) as exc:
            raise self.error(Unavailable, f"cannot be written to: {exc}") from None

    # What comes back -------------------------------------------------------------------------------------------------

    async def take(self, text: str | bytes) -> None:
        """Take in one message of the relay. Whatever it is, it does not end the connection."""
        try:
            name, parts = read_message(levelled(text))
            await self._understand(name, parts)
        except (*UNREADABLE, IndexError):
            logger.debug("%s sent something unreadable", self._url)
            self._answered("", None)

    def end(self, reason: AdapterError) -> None:
        """Let everybody who waits know that it is over."""
        if self._ended is not None:
            return
        self._ended = reason
        for box in set(self._mailboxes.values()):
            box.end(reason)
        for answer in self._sending.values():
            if not answer.done():
                answer.set_exception(self.error(OutcomeUnknown, "went away before it answered"))
        if self._authentication is not None:
            self._authentication.cancel()

    async def _understand(self, name: str, parts: list[msgspec.Raw]) -> None:
        match name:
            case "EVENT":
                box = self._mailboxes.get(_text(parts[0]))
                if box is not None:
                    box.put(msgspec.Raw(bytes(parts[1])))
            case "EOSE":
                subscription = _text(parts[0])
                if subscription in self._mailboxes:
                    self.was_useful = True
                    self._mailboxes[subscription].caught_up(subscription)
            case "OK":
                said = Said(
                    accepted=msgspec.json.decode(parts[1], type=bool), words=_text(parts[2]) if len(parts) > 2 else ""
                )
                self._answered(_text(parts[0]), said)
            case "CLOSED":
                box = self._mailboxes.pop(_text(parts[0]), None)
                words = _text(parts[1])[:200] if len(parts) > 1 else ""
                if box is not None:
                    box.end(self.error(Unavailable, f"ended a subscription: {words}"))
            case "AUTH":
                await self._authenticate(_text(parts[0]))
            case "NOTICE":
                logger.info("%s says: %s", self._url, self._http.redactor.clean(_text(parts[0])[:200]))
            case _:
                logger.debug("%s sent %r, which is not known here", self._url, name[:40])

    def _answered(self, event: str, said: Said | None) -> None:
        """Give an answer to whoever waits for it; None: it cannot be read.

        An answer without an id belongs to the one event that is open. When an earlier one has got none yet, nobody
        can say which it belongs to.
        """
        if event and event == self._authentication_id and said is not None:
            if self._authentication is not None and not self._authentication.done():
                self._authentication.set_result(said)
            if not said.accepted:
                logger.warning("%s does not accept who we are: %s", self._url, said.words[:200])
            return
        if not event:
            if len(self._unanswered) == 1:
                (event,) = self._unanswered
            elif self._sending:
                (event,) = self._sending
                said = None
            else:
                return
        self._unanswered.discard(event)
        self.was_useful |= said is not None and said.is_there
        answer = self._sending.get(event)
        if answer is None or answer.done():
            return
        if said is None:
            answer.set_exception(self.error(OutcomeUnknown, "gave an answer that cannot be read"))
        else:
            answer.set_result(said)

    async def _authenticate(self, challenge: str) -> None:
        """Say who we are (NIP-42). Relays that keep direct messages for their readers want to know."""
        event = signed(
            self._keys,
            created_at=self._now(),
            kind=AUTHENTICATION,
            tags=(("relay", self._url), ("challenge", challenge)),
            content="",
        )
        if self._authentication is not None:
            self._authentication.cancel()
        self._authentication = asyncio.get_running_loop().create_future()
        self._authentication_id = event.id
        with suppress(Unavailable):
            await self._send(message("AUTH", event))


def _text(raw: msgspec.Raw) -> str:
    return msgspec.json.decode(raw, type=str)
