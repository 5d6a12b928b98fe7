"""What happens to the account, from its cursors on, for ever: each source asked in turn, each with its own patience."""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from greenroom_adapters.bluesky.heard import Heard
from greenroom_adapters.bluesky.mailbox import MAIL, Mailbox
from greenroom_adapters.bluesky.notifications import Notifications
from greenroom_adapters.bluesky.place import STREAM, Place
from greenroom_adapters.bluesky.position import SOURCE, Position
from greenroom_adapters.bluesky.post_stream import PostStream
from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Event,
    Forbidden,
    MessageReceived,
    RateLimited,
    TextEvent,
)
from greenroom_adapters.transport import Pace

__all__ = ["Listening"]

logger = logging.getLogger(__name__)

Look = Callable[[], AsyncGenerator[Event, None]]

LOOKS_AFTER_A_HINT = 4
"""What the stream shows, the notifications show a moment later."""
PAUSE_AFTER_A_HINT = 0.5
"""Seconds between those looks, and between two hints that are acted upon."""
NEVER = float("inf")


@dataclass(slots=True)
class Watch:
    """One source that is looked at again and again."""

    name: str
    look: Look
    pause: float
    """Seconds between two looks; `NEVER`: it rings."""
    due: float = 0.0
    failures: int = 0
    is_over: bool = False
    hinted: int = 0
    """So many looks are to come soon."""
    looked_at: float = 0.0

    def ring(self, at: float) -> None:
        """Look at that time, unless it cannot be asked now: then its own patience holds."""
        if self.failures == 0:
            self.due = min(self.due, at)


class Listening:
    """The ears of one account. It asks by itself every few seconds.

    What is for the account, the notifications tell; the stream of everybody's posts, where the owner wants it, brings
    what they do not (watched words, deletions), and says when to look.
    """

    def __init__(
        self,
        notifications: Notifications,
        mailbox: Mailbox | None,
        *,
        poll: timedelta,
        open_stream: Callable[[Heard], PostStream] | None = None,
        now: Callable[[], datetime],
        pace: Pace | None = None,
        rng: random.Random | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`poll` is the pause between two looks; without a mailbox, no direct messages are heard, and without a stream,
        none of what only it brings."""
        self._notifications = notifications
        self._mailbox = mailbox
        self._poll = poll.total_seconds()
        self._open_stream = open_stream
        self._now = now
        self._stream: PostStream | None = None
        self._pace = pace or Pace()
        self._rng = rng or random.Random()  # noqa: S311 - jitter, not a secret
        self._sleep = sleep

    async def now(self) -> Mapping[str, str]:
        """Return the cursors of this moment."""
        cursors = {SOURCE: (await self._notifications.here()).cursor()}
        if self._mailbox is not None:
            with suppress(Forbidden):  # its events say so
                cursors[MAIL] = await self._mailbox.here()
        if self._open_stream is not None:
            cursors[STREAM] = Place.of(self._now()).cursor()
        return cursors

    def acknowledge(self, source: str, cursor: str) -> None:
        """Everything of this source up to this cursor is safe."""
        if source == STREAM and self._stream is not None:
            self._stream.acknowledge(cursor)

    async def events(self, after: Mapping[str, str]) -> AsyncGenerator[Event, None]:
        """Yield what happened since, of each source from its cursor on, without one from now on.

        :raises AuthenticationFailed: the credentials stopped working
        """
        clock = asyncio.get_running_loop().time
        async with AsyncExitStack() as stack:
            heard, stream = Heard(), None
            if self._open_stream is not None:
                stream = await stack.enter_async_context(self._open_stream(heard).reading(after.get(STREAM)))
                self._stream = stream
            watches = self._watches(after, heard, stream)
            while True:
                for watch in watches:
                    if watch.is_over or clock() < watch.due:
                        continue
                    async with aclosing(self._looked(watch)) as events:
                        async for event in events:
                            yield event
                due = min((watch.due for watch in watches if not watch.is_over), default=clock() + self._poll)
                if stream is None:
                    await self._sleep(max(0.0, due - clock()))
                else:
                    await self._hark(stream, watches, max(0.0, due - clock()))

    async def _hark(self, stream: PostStream, watches: list[Watch], seconds: float) -> None:
        """Wait so long, or until the stream has something."""
        with suppress(TimeoutError):
            async with asyncio.timeout(None if seconds == NEVER else seconds):
                await stream.changed.wait()
        if not stream.changed.is_set():
            return
        stream.changed.clear()
        for watch in watches:
            if watch.name == STREAM:
                watch.ring(0.0)
            elif watch.name == SOURCE and stream.was_hinted():
                watch.hinted = LOOKS_AFTER_A_HINT
                watch.ring(watch.looked_at + PAUSE_AFTER_A_HINT)

    def _watches(self, after: Mapping[str, str], heard: Heard, stream: PostStream | None) -> list[Watch]:
        place = Position.read(after.get(SOURCE))
        mail = after.get(MAIL)

        async def notifications() -> AsyncGenerator[Event, None]:
            nonlocal place
            if place is None:
                place = await self._notifications.here()
            async with aclosing(self._notifications.look(place)) as events:
                async for event in events:
                    if isinstance(event, MessageReceived) and heard.source_of(event.id) == STREAM:
                        continue
                    if isinstance(event, TextEvent):
                        heard.add(event.id, SOURCE)
                    yield event

        async def messages(mailbox: Mailbox) -> AsyncGenerator[Event, None]:
            nonlocal mail
            if mail is None:
                mail = await mailbox.here()
            async with aclosing(mailbox.look(mail)) as entries:
                async for reached, event in entries:
                    mail = reached
                    if event is not None:
                        yield event

        watches = [Watch(SOURCE, notifications, self._poll)]
        if (mailbox := self._mailbox) is not None:
            watches.append(Watch(MAIL, lambda: messages(mailbox), self._poll))
        if stream is not None:
            watches.append(Watch(STREAM, stream.look, NEVER))
        return watches

    async def _looked(self, watch: Watch) -> AsyncGenerator[Event, None]:
        """Yield what one look brings, and say when the next is due. A source that cannot be asked now stands in no
        other's way."""
        clock = asyncio.get_running_loop().time
        watch.looked_at = clock()
        try:
            async with aclosing(watch.look()) as events:
                async for event in events:
                    watch.hinted = 0
                    yield event
        except AuthenticationFailed:
            raise
        except Forbidden as error:
            if watch.name == SOURCE:
                words = f"the credentials do not allow to listen: {error}"
                raise AuthenticationFailed(words, platform=error.platform, account=error.account) from error
            watch.is_over = True
            logger.warning("%s are not heard: %s", watch.name, error)
        except AdapterError as error:
            watch.failures += 1
            # One warning for each outage, not one for each look.
            level = logging.WARNING if watch.failures == 1 else logging.DEBUG
            logger.log(level, "%s cannot be asked for now: %s", watch.name, error)
            wait = self._pace.wait(watch.failures, self._rng).total_seconds()
            if isinstance(error, RateLimited):
                wait = max(wait, error.retry_after.total_seconds())
            watch.due = clock() + wait
        else:
            if watch.failures:
                logger.info("%s can be asked for again", watch.name)
            watch.failures = 0
            watch.due = clock() + watch.pause
            if watch.hinted:
                watch.hinted -= 1
                watch.due = min(watch.due, clock() + PAUSE_AFTER_A_HINT)
