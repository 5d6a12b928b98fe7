"""Looks at feeds, folders and calendars, and brings what is new there onto the agenda: each item once, ever."""

import asyncio
import os
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from greenroom.clock import MICROSECOND, Clock, to_micros
from greenroom.faults import FaultHook
from greenroom.origins import FeedBroken, Item, feed_items, period_of, read_drafts
from greenroom.origins.feed import LARGEST
from greenroom.scheduling.brought import Brought, Source
from greenroom.scheduling.slots import Slots
from greenroom.settings import BotFile, Mistakes, Place
from greenroom.storage import Ledger
from greenroom.telemetry import get_log
from greenroom_adapters.contract import AdapterError, RateLimited
from greenroom_adapters.web import Page, Seen, read_page

__all__ = ["UNREADABLE_FEED", "Bringer", "Calendars"]

Calendars = Mapping[str, tuple[Item, ...]]
"""Name of an entry → the rows of its calendar."""

PATIENCE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
"""Between two looks at a feed that cannot be read."""
TOLD_AFTER = 3
"""Looks in a row at a feed that cannot be read, after which its owner is told."""
UNREADABLE_FEED = "feed unreadable"
"""What the journal calls that."""


class Bringer:
    """Looks at feeds and folders, and puts what is new there down on the agenda, from which the scheduler serves it.

    What is put down, the marks by which it is told again, and how far the feed was read are one commit. The agenda is
    durable, and an item becomes a turn under a name that its first mark gives it, so it is posted once whenever the
    process dies. A feed that is read for the first time has nothing new, but for so many as `old` says.

    A ledger that has strayed looks at no feed and no folder, and leaves what waits where it stands: what it brought,
    or put off, might be posted by the other copy before this one is taken over.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        faults: FaultHook | None,
        chance: random.Random,
        agenda: asyncio.Lock,
        wake: Callable[[], None],
    ) -> None:
        """`agenda` is held while what stands there is changed; `wake` is called when it has changed."""
        self._ledger = ledger
        self._clock = clock
        self._chance = chance
        self._agenda = agenda
        self._brought = Brought(ledger=ledger, clock=clock, faults=faults, agenda=agenda, wake=wake)
        self._wake = wake
        self._sources: dict[str, Source] = {}
        self._woken = asyncio.Event()
        self._looking = asyncio.Lock()
        """Held while what was found is taken, and while sources are replaced or arranged; not while a feed is read."""
        self._log = get_log()

    async def use(self, file: BotFile, calendars: Calendars) -> None:
        """Take over the posts of a file, at the start or after it was edited. What waits follows the edit: of an entry
        that has gone it is taken back, and rows of a calendar are as they stand there now. What was posted stays so.

        :raises ConfigurationError: an entry never comes
        """
        entries = {entry.name: entry for entry in file.post if entry.origin is not None}
        slots = {name: Slots(entry, file) for name, entry in entries.items() if name not in calendars}
        async with self._looking, self._agenda:
            await self._brought.take_back(entries.keys())
            sources: dict[str, Source] = {}
            for name, entry in entries.items():
                places = entry.places or tuple(Place(account=account) for account in file.accounts)
                if name in calendars:
                    await self._brought.fill_in(entry, calendars[name], places)
                    continue
                known = self._sources.get(name)
                assert entry.origin is not None  # noqa: S101 - only such are among them
                source = Source(entry=entry, origin=entry.origin, slots=slots[name], places=places)
                if known is not None and known.origin == entry.origin:
                    source.next_look, source.failures = known.next_look, known.failures
                sources[name] = source
                await self._brought.arrange(source)
            self._sources = sources
            await self._ledger.committed()
        self._woken.set()
        self._wake()

    async def after_gap(self) -> None:
        """Give what was missed its places anew, after a stretch in which nothing ran (a suspended machine)."""
        async with self._looking, self._agenda:
            for source in self._sources.values():
                await self._brought.arrange(source)
            await self._ledger.committed()

    async def run(self) -> None:
        """Look until cancelled; at once over where nothing is looked at."""
        while self._ledger.strayed is None:
            self._woken.clear()
            await self.look()
            looks = [source.next_look for source in self._sources.values()]
            until = min([*looks, self._clock.micros() + 60_000_000])
            sleeper = asyncio.ensure_future(self._clock.nap_until(until))
            waker = asyncio.ensure_future(self._woken.wait())
            try:
                await asyncio.wait((sleeper, waker), return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeper.cancel()
                waker.cancel()

    async def look(self) -> None:
        """Look once at everything whose time has come."""
        now = self._clock.micros()
        for source in [one for one in self._sources.values() if one.next_look <= now]:
            if source.origin.feed is not None:
                await self._look_at_feed(source, source.origin.feed)
            elif source.origin.folder is not None:
                async with self._looking:
                    if self._is_used(source):
                        await self._look_at_folder(source, source.origin.folder)
                        source.next_look = now + source.origin.look_every // MICROSECOND

    def _is_used(self, source: Source) -> bool:
        """Say whether a source has not been replaced, by an edit of the file, since it was chosen."""
        return self._sources.get(source.name) is source

    # feeds

    async def _look_at_feed(self, source: Source, address: str) -> None:
        """Take what is new in a feed. Nothing waits while it is read; what was read while the file was edited is left,
        as it is looked at anew then."""
        if not self._is_used(source):
            return
        state = await self._brought.state(source)
        begun = state.get("feed") == address
        seen = Seen(etag=str(state.get("etag", "")), modified=str(state.get("modified", ""))) if begun else None
        try:
            page = await read_page(
                address,
                called="the feed",
                most=LARGEST,
                seen=seen,
                is_private=source.origin.private,
                patience=PATIENCE,
            )
            items = None
            if page.body is not None:
                items = await feed_items(page.body, address=page.address, media_type=page.media_type)
        except (AdapterError, FeedBroken, TimeoutError) as error:
            if self._is_used(source):
                self._wait(source, self._failed(source, error))
            return
        async with self._looking:
            if not self._is_used(source):
                return
            if items is not None:
                await self._take_feed(source, address, page, items, is_first=not begun)
            self._brought.has_begun(source.name)
            if source.failures >= TOLD_AFTER:
                self._ledger.note(None, "feed readable", f"post `{source.name}`: its feed can be read again")
            source.failures = 0
            self._wait(source, source.origin.look_every * self._chance.uniform(0.9, 1.1))

    def _wait(self, source: Source, pause: timedelta) -> None:
        source.next_look = self._clock.micros() + pause // MICROSECOND

    async def _take_feed(
        self, source: Source, address: str, page: Page, items: Sequence[Item], *, is_first: bool
    ) -> None:
        periods = await self._brought.known(source, items)
        new = [item for item in items if periods[item.marks[0]] is None]
        facts: dict[str, Any] = {"feed": address, "etag": page.seen.etag, "modified": page.seen.modified}
        if is_first:
            brought = new[-source.origin.old :] if source.origin.old else []
            facts["begins"] = min(
                (to_micros(one.published) for one in items if one.published is not None), default=None
            )
        else:
            brought = self._of_its_time(source, new, (await self._brought.state(source)).get("begins"))
        if await self._brought.begins(source.name):
            brought = []
        await self._brought.refresh(source, {periods[one.marks[0]]: one for one in items}, is_owners=False)
        await self._brought.bring(source, brought, seen=items, periods=periods, facts=facts)

    def _of_its_time(self, source: Source, new: Sequence[Item], begins: int | None) -> list[Item]:
        """Return the items that are no older than all that the feed had at the first look (`begins`): an older one
        comes up again where a newer one was deleted, and is new to nobody."""
        kept: list[Item] = []
        for item in new:
            if begins is None or item.published is None or to_micros(item.published) >= begins:
                kept.append(item)
            else:
                old = f"post:{source.name}@{period_of(item)}: it is older than all that the feed had at the first look"
                self._ledger.note(None, "skipped", old)
        return kept

    def _failed(self, source: Source, error: Exception) -> timedelta:
        """Note that a feed could not be read; return how long to wait."""
        source.failures += 1
        why = str(error) or type(error).__name__
        self._log.warning("feed not read", post=source.name, why=why)
        if source.failures == TOLD_AFTER:
            self._ledger.note(None, UNREADABLE_FEED, f"post `{source.name}`: {why}")
        asked = error.retry_after if isinstance(error, RateLimited) else timedelta(0)
        pause = min(LONGEST_PAUSE, source.origin.look_every * (1 << min(source.failures - 1, 20)))
        return max(asked, pause * self._chance.uniform(0.9, 1.1))

    # folders

    async def _look_at_folder(self, source: Source, folder: Path) -> None:
        """Take the drafts of a folder that is the same as at the last look: one that is being written to waits."""
        seen = await asyncio.to_thread(_look_of, folder)
        if seen == source.done:
            return
        if seen != source.last:
            source.last = seen
            return
        source.done = seen
        try:
            drafts = await asyncio.to_thread(read_drafts, folder, timezone=source.slots.timezone)
        except Mistakes as mistakes:
            self._tell_of_drafts(source, frozenset(map(str, mistakes.mistakes)))
            return
        self._tell_of_drafts(source, frozenset(map(str, drafts.mistakes)))
        periods = await self._brought.known(source, drafts.items)
        there = {periods[one.marks[0]]: one for one in drafts.items}
        await self._brought.refresh(source, there, is_owners=True)
        if not drafts.mistakes:
            # of one that cannot be read nobody knows which it is
            await self._brought.take_back_drafts(source, {period for period in there if period is not None})
        begins = await self._brought.begins(source.name)
        new = [] if begins else [item for item in drafts.items if periods[item.marks[0]] is None]
        await self._brought.bring(source, new, seen=drafts.items, periods=periods, facts={})
        if begins:
            self._brought.has_begun(source.name)

    def _tell_of_drafts(self, source: Source, mistakes: frozenset[str]) -> None:
        for mistake in sorted(mistakes - source.told):
            self._ledger.note(None, "draft refused", mistake)
            self._log.error("draft refused", why=mistake)
        source.told = mistakes


def _look_of(folder: Path) -> object:
    """Return what changes when anything in a folder does."""
    try:
        with os.scandir(folder) as entries:
            facts = [(entry.name, entry.stat()) for entry in entries if entry.is_file()]
    except OSError as error:
        return error.errno
    return sorted((name, fact.st_mtime_ns, fact.st_size) for name, fact in facts)
