"""What the stream of everybody's posts brings, as events: with their authors, and from where it was left."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

import msgspec

from greenroom_adapters.bluesky.heard import Heard
from greenroom_adapters.bluesky.jetstream import Deleted, Jetstream, Said, Unread
from greenroom_adapters.bluesky.mapping import deletion, speech, unknown
from greenroom_adapters.bluesky.people import People
from greenroom_adapters.bluesky.place import STREAM, Place
from greenroom_adapters.contract import Event, Keep, Unavailable

__all__ = ["PostStream"]

logger = logging.getLogger(__name__)

KEPT = "stream"
"""Name under which it is kept how far the stream was read."""
KEEP_EVERY = timedelta(seconds=30)
BATCH = 25
"""So many posts at once: their authors are asked for in one call."""


class Progress(msgspec.Struct, array_like=True, frozen=True):
    """How far the stream was read, and which posts were heard of, as it is kept."""

    place: Place
    heard: str


PROGRESS = msgspec.json.Decoder(Progress)


class PostStream:
    """One way through the stream, from a cursor on.

    Few of the posts that pass by become events, so the cursors of events alone would lead back over hours of them after
    a restart. How far it was read is kept apart from that, and only while all that came of it is safe.
    """

    def __init__(
        self,
        jetstream: Jetstream,
        people: People,
        heard: Heard,
        *,
        me: str,
        now: Callable[[], datetime],
        keep: Keep | None,
    ) -> None:
        self._jetstream = jetstream
        self._people = people
        self._heard = heard
        self._me = me
        self._now = now
        self._keep = keep
        self.changed = jetstream.changed
        """Set when there is something to look at, and with a hint."""
        self._reader: asyncio.Task[None] | None = None
        self._batch: list[Said | Deleted | Unread] = []
        self._unsafe: str | None = None
        """Cursor of the last event; None: it is safe, and so are all before it."""

    @asynccontextmanager
    async def reading(self, after: str | None) -> AsyncGenerator["PostStream", None]:
        """Read in the background until the block ends; without a cursor from where it was left, or from now on."""
        places = [place for place in (Place.read(after), await self._load()) if place is not None]
        if places:
            self._jetstream.begin(max(places, key=lambda place: place.time))
        self._reader = asyncio.create_task(self._jetstream.run())
        self._reader.add_done_callback(lambda _: self.changed.set())
        tasks = [self._reader, asyncio.create_task(self._keep_for_ever())]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def look(self) -> AsyncGenerator[Event, None]:
        """Yield what came until now, then end. What could not be told of is told of at the next look.

        :raises Unavailable: their authors cannot be asked for now
        """
        if self._reader is not None and self._reader.done():
            self._reader.result()
        while True:
            self._batch = self._batch or self._jetstream.take(BATCH)
            if not self._batch:
                return
            authors = await self._people.all_of([one.uri.repo for one in self._batch if isinstance(one, Said)])
            while self._batch:
                one = self._batch[0]
                cursor = one.place.cursor()
                event: Event
                match one:
                    case Said():
                        common = {"id": str(one.uri), "source": STREAM, "cursor": cursor, "occurred_at": one.at}
                        event = speech(one.uri, one.post, author=authors[one.uri.repo], me=self._me, common=common)
                    case Deleted():
                        event = deletion(one.uri, source=STREAM, cursor=cursor, at=one.at)
                    case Unread():
                        raw = one.raw.encode("utf-8", "replace")
                        event = unknown(raw, source=STREAM, cursor=cursor, at=self._now())
                self._unsafe = cursor
                del self._batch[0]
                yield event

    def was_hinted(self) -> bool:
        """Say whether a post passed by, since this was last asked, of which the notifications are about to tell."""
        was_hinted, self._jetstream.is_hinted = self._jetstream.is_hinted, False
        return was_hinted

    def acknowledge(self, cursor: str) -> None:
        """Everything up to this cursor is safe."""
        if cursor == self._unsafe:
            self._unsafe = None

    async def _load(self) -> Place | None:
        stored = None if self._keep is None else await self._keep.load(KEPT)
        if stored is None:
            return None
        with suppress(msgspec.DecodeError, UnicodeDecodeError, ValueError):
            progress = PROGRESS.decode(stored)
            self._heard.restore(progress.heard)
            return progress.place
        return None

    async def _keep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(KEEP_EVERY.total_seconds())
            if self._keep is None or self._unsafe is not None or self._batch or not self._jetstream.is_empty:
                continue
            progress = Progress(self._jetstream.place, self._heard.stored())
            try:
                await self._keep.store(KEPT, msgspec.json.encode(progress))
            except (OSError, Unavailable) as error:  # it is kept at the next time
                logger.warning("how far the stream of posts was read cannot be kept: %s", error)
