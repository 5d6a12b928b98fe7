"""What happens to the bot, from a cursor on, for ever: asked for, handed out, and asked for no more when it is safe."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.contract import (
    AdapterError,
    AuthenticationFailed,
    Event,
    RateLimited,
    TextEvent,
    Trust,
)
from greenroom_adapters.telegram.albums import Albums, Told
from greenroom_adapters.telegram.api import PAGE, Api
from greenroom_adapters.telegram.errors import Conflict
from greenroom_adapters.telegram.keepers import Keepers
from greenroom_adapters.telegram.knocking import Knocking
from greenroom_adapters.telegram.mapping import Cursors, Reader, unknown
from greenroom_adapters.telegram.memory import Memory
from greenroom_adapters.telegram.position import Position
from greenroom_adapters.telegram.references import message_of
from greenroom_adapters.telegram.wire import UPDATE, UPDATE_IDS, WireUpdate
from greenroom_adapters.transport import Pace, levelled

__all__ = ["Listening", "Rhythm"]

logger = logging.getLogger(__name__)

ONLY_ONE = (
    "another program hears what happens to this bot, and Telegram tells only one: stop that program, or its webhook; "
    "one that you do not know has your token, so make a new one at @BotFather (/revoke)"
)

CALLED = "called-"
"""Before the number in the cursor of what came by a call. Telegram calls for many chats at a time and forgets what is
answered, so what has a lower number may still wait there: whoever asks after that begins with the oldest."""
CONFLICT_TOLD = 3600.0
"""Seconds from one word about another program to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often Telegram is asked."""

    poll: timedelta = timedelta(seconds=50)
    """For so long Telegram holds an answer back in which nothing would stand; it allows no more."""
    unsafe: timedelta = timedelta(seconds=0.5)
    """What was handed out is waited for so long at a time; then it is looked whether there is more behind it."""
    pace: Pace = field(default_factory=Pace)


class Listening:
    """The ears of one account."""

    def __init__(
        self,
        api: Api,
        memory: Memory,
        *,
        reader: Reader,
        knocking: Knocking,
        rhythm: Rhythm,
        now: Callable[[], datetime],
    ) -> None:
        self._api = api
        self._memory = memory
        self._reader = reader
        self._knocking = knocking
        self._rhythm = rhythm
        self._now = now
        self._rng = random.Random()  # noqa: S311 - jitter, not a secret
        self._keepers = Keepers(api, clock=time.monotonic)
        self._position: Position | None = None
        self._quiet_until = 0.0

    def acknowledged(self, cursor: str) -> None:
        """Hear that everything up to this cursor is safe: Telegram may forget it."""
        if self._position is not None:
            self._position.acknowledged(cursor.removeprefix(CALLED))

    async def here(self) -> str:
        """Return the cursor of this moment. What waits at Telegram is looked at, and stays there.

        Telegram shows the oldest hundred. Where there are more, what follows them is told by its time; and so is all,
        where Telegram calls: then nobody may ask.
        """
        if self._knocking.is_wanted:
            return f"0@{int(self._now().timestamp())}"
        waiting = await self._api.updates(None, wait=timedelta(0))
        if not waiting:
            return "0"
        newest = UPDATE_IDS.decode(waiting[-1]).update_id
        return str(newest) if len(waiting) < PAGE else f"{newest}@{int(self._now().timestamp())}"

    async def events(self, cursor: str) -> AsyncGenerator[Event, None]:
        """Yield what happened behind the cursor.

        :raises AuthenticationFailed: the credentials stopped working
        """
        behind, _, since = cursor.partition("@")
        oldest = "0" if behind.startswith(CALLED) else behind
        position = self._position = Position(oldest, let_go=self._knocking.safe)
        batches = self._told(position) if self._knocking.is_wanted else self._asked(position)
        async with aclosing(batches):
            async for batch in batches:
                for album in batch:
                    events = self._read(album, since=int(since or 0), trust=await self._trust(album))
                    for one in album:
                        position.took(one.number, is_event=bool(events))
                    for event in events:
                        yield event

    async def _told(self, position: Position) -> AsyncGenerator[Iterable[Sequence[Told]], None]:
        """Yield what Telegram tells by itself, each update alone: it waits for our answer before the next of a chat."""
        async with self._knocking.open() as queue:
            while True:
                raw = await queue.get()
                if isinstance(raw, AuthenticationFailed):
                    raise raw
                position.ask()
                one = _told(msgspec.Raw(raw))
                if not position.is_known(one.number):
                    yield [[one]]

    async def _asked(self, position: Position) -> AsyncGenerator[Iterable[Sequence[Told]], None]:
        """Yield what Telegram tells when it is asked; albums together."""
        failures = 0
        albums = Albums()
        while True:
            try:
                # what waits is told again at once, and after a failure the first look tells whether Telegram is back
                at_once = position.waits or failures > 0 or albums.is_open
                batch = await self._api.updates(position.ask(), wait=timedelta(0) if at_once else self._rhythm.poll)
            except AuthenticationFailed:
                raise
            except AdapterError as error:
                failures += 1
                self._tell(error, is_first=failures == 1)
                wait = self._rhythm.pace.wait(failures, self._rng)
                if isinstance(error, RateLimited):
                    wait = max(wait, error.retry_after)
                await asyncio.sleep(wait.total_seconds())
                continue
            if failures:
                logger.info("Telegram can be asked again")
            failures = 0
            yield albums.gathered([one for one in map(_told, batch) if not position.is_known(one.number)])
            if albums.is_open:
                await asyncio.sleep(self._rhythm.unsafe.total_seconds())
            else:
                await position.wait(self._rhythm.unsafe.total_seconds())

    def _tell(self, error: AdapterError, *, is_first: bool) -> None:
        """Log why nothing is heard: one warning for each outage, not one for each look. Two that take the updates from
        each other are both heard in between, and so that is told once an hour."""
        level = logging.WARNING if is_first else logging.DEBUG
        if not isinstance(error, Conflict):
            logger.log(level, "Telegram cannot be asked now: %s", error)
            return
        now = asyncio.get_running_loop().time()
        if now < self._quiet_until:
            level = logging.DEBUG
        else:
            self._quiet_until = now + CONFLICT_TOLD
        logger.log(level, "%s (%s)", ONLY_ONE, error)

    async def _trust(self, album: Sequence[Told]) -> Trust:
        """Return how far whoever speaks is trusted, where he speaks to the bot: for no other is that asked."""
        asked = self._reader.asks_in_group([one.update for one in album if one.update is not None])
        return Trust.ANYONE if asked is None else await self._keepers.trust(*asked)

    def _read(self, album: Sequence[Told], *, since: int, trust: Trust) -> list[Event]:
        """Return what an update means, or the updates of one album; whatever it is, it does not end the stream."""
        first, last = album[0], album[-1]
        how = CALLED if self._knocking.is_wanted else ""
        cursors = Cursors(last=f"{how}{last.number}", before=f"{how}{first.number - 1}")
        updates = [one.update for one in album if one.update is not None]
        try:
            if not updates:
                raise ValueError("it cannot be read")  # noqa: TRY301 - told below, with all that cannot be understood
            if _happened(updates[0]) < since:
                return []
            for update in updates:
                self._learn(update)
            events = self._reader.read(updates, cursors=cursors, trust=trust)
        except (ValueError, OverflowError, OSError):
            return [unknown(first.raw, cursor=cursors.last, received_at=self._now())]
        for event in events:
            if isinstance(event, TextEvent):
                self._memory.met(event.author)
        return events

    def _learn(self, update: WireUpdate) -> None:
        """Remember what is said, for those who answer it."""
        message = update.message or update.channel_post
        if message is None:
            return
        if message.migrate_to_chat_id is not None:
            self._memory.moved[str(message.chat.id)] = str(message.migrate_to_chat_id)
        above = message.reply_to_message
        for one in (above, message):
            if one is None or (post := self._reader.thread_post(one)) is None:
                continue
            answered = self._reader.answered(one)
            where, answers = message_of(post.ref), None if answered is None else message_of(answered)
            if where is not None and (one is message or self._memory.reference(where.chat.id, where.ids[0]) is None):
                self._memory.said(where, post, answers=answers)


def _told(raw: msgspec.Raw) -> Told:
    """Read an update as far as it can be read."""
    number = UPDATE_IDS.decode(raw).update_id
    try:
        update = UPDATE.decode(levelled(bytes(raw)))
    except (msgspec.DecodeError, UnicodeDecodeError):
        update = None
    return Told(number=number, raw=bytes(raw), update=update)


def _happened(update: WireUpdate) -> int:
    """Return when an update happened, in seconds since 1970."""
    message = update.message or update.channel_post
    edited = update.edited_message or update.edited_channel_post
    if message is not None:
        return message.date
    if edited is not None:
        return edited.edit_date or edited.date
    other = update.message_reaction or update.my_chat_member
    return 0 if other is None else other.date
