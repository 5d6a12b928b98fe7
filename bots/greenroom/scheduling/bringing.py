"""Brings what feeds, folders and calendars have onto the agenda: each item once, ever."""

import asyncio
import json
import os
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from greenroom.clock import MICROSECOND, Clock, from_micros, to_micros
from greenroom.faults import FaultHook
from greenroom.origins import FeedBroken, Item, period_of, read_drafts, read_feed, words_of
from greenroom.origins.feed import LARGEST
from greenroom.origins.wording import material_of
from greenroom.scheduling.scheduler import SINGLE
from greenroom.scheduling.slots import Slots
from greenroom.settings import BotFile, Mistakes, Origin, Place, PostEntry
from greenroom.storage import AgendaItem, Due, Ledger
from greenroom.telemetry import get_log
from greenroom_adapters.contract import AdapterError, RateLimited
from greenroom_adapters.web import Page, Seen, read_page

__all__ = ["UNREADABLE_FEED", "Bringer", "Calendars", "begin_anew"]

Calendars = Mapping[str, tuple[Item, ...]]
"""Name of an entry → the rows of its calendar."""

PATIENCE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=6)
"""Between two looks at a feed that cannot be read."""
KEEPS = timedelta(days=1)
"""How long what was brought is worth posting, at least: it may have to wait for a person, or for a place."""
TOLD_AFTER = 3
"""Looks in a row at a feed that cannot be read, after which its owner is told."""
UNREADABLE_FEED = "feed unreadable"
"""What the journal calls that."""
_ALL = 1_000_000


@dataclass(slots=True)
class _Source:
    """One entry with a feed or a folder, and how far it was looked at."""

    entry: PostEntry
    origin: Origin
    slots: Slots
    places: tuple[Place, ...]
    next_look: int = 0
    failures: int = 0
    last: object = None
    """What the folder looked like the last time."""
    done: object = None
    """What it looked like when its drafts were taken."""
    rendered: dict[str, Due] = field(default_factory=dict[str, Due])
    """Period → the post, as it was made when the item was seen last in this run."""
    told: frozenset[str] = frozenset()
    """Mistakes of drafts that stand in the log."""

    @property
    def name(self) -> str:
        return self.entry.name


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
        faults: FaultHook,
        chance: random.Random,
        agenda: asyncio.Lock,
        wake: Callable[[], None],
    ) -> None:
        """`agenda` is held while what stands there is changed; `wake` is called when it has changed."""
        self._ledger = ledger
        self._clock = clock
        self._faults = faults
        self._chance = chance
        self._agenda = agenda
        self._wake = wake
        self._sources: dict[str, _Source] = {}
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
            await self._take_back(entries.keys())
            sources: dict[str, _Source] = {}
            for name, entry in entries.items():
                places = entry.places or tuple(Place(account=account) for account in file.accounts)
                if name in calendars:
                    await self._fill_in(entry, calendars[name], places)
                    continue
                known = self._sources.get(name)
                assert entry.origin is not None  # noqa: S101 - only such are among them
                source = _Source(entry=entry, origin=entry.origin, slots=slots[name], places=places)
                if known is not None and known.origin == entry.origin:
                    source.next_look, source.failures = known.next_look, known.failures
                sources[name] = source
                await self._arrange(source)
            self._sources = sources
            await self._ledger.committed()
        self._woken.set()
        self._wake()

    async def after_gap(self) -> None:
        """Give what was missed its places anew, after a stretch in which nothing ran (a suspended machine)."""
        async with self._looking, self._agenda:
            for source in self._sources.values():
                await self._arrange(source)
            await self._ledger.committed()

    async def run(self) -> None:
        """Look until cancelled; at once over where nothing is looked at."""
        while self._ledger.strayed is None:
            self._woken.clear()
            await self.look()
            now = self._clock.micros()
            soonest = min((source.next_look for source in self._sources.values()), default=now + 60_000_000)
            sleeper = asyncio.ensure_future(self._clock.sleep(min(60.0, max(0.0, (soonest - now) / 1e6))))
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

    def _is_used(self, source: _Source) -> bool:
        """Say whether a source has not been replaced, by an edit of the file, since it was chosen."""
        return self._sources.get(source.name) is source

    # feeds

    async def _look_at_feed(self, source: _Source, address: str) -> None:
        """Take what is new in a feed. Nothing waits while it is read; what was read while the file was edited is left,
        as it is looked at anew then."""
        if not self._is_used(source):
            return
        state = await self._state(source)
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
                items = await asyncio.to_thread(read_feed, page.body, address=page.address, media_type=page.media_type)
        except (AdapterError, FeedBroken, TimeoutError) as error:
            if self._is_used(source):
                self._wait(source, self._failed(source, error))
            return
        async with self._looking:
            if not self._is_used(source):
                return
            if items is not None:
                await self._take_feed(source, address, page, items, is_first=not begun)
            self._ledger.forget_fact(f"{_ANEW}{source.name}")
            if source.failures >= TOLD_AFTER:
                self._ledger.note(None, "feed readable", f"post `{source.name}`: its feed can be read again")
            source.failures = 0
            self._wait(source, source.origin.look_every * self._chance.uniform(0.9, 1.1))

    def _wait(self, source: _Source, pause: timedelta) -> None:
        source.next_look = self._clock.micros() + pause // MICROSECOND

    async def _take_feed(
        self, source: _Source, address: str, page: Page, items: Sequence[Item], *, is_first: bool
    ) -> None:
        periods = await self._known(source, items)
        new = [item for item in items if periods[item.marks[0]] is None]
        facts: dict[str, Any] = {"feed": address, "etag": page.seen.etag, "modified": page.seen.modified}
        if is_first:
            brought = new[-source.origin.old :] if source.origin.old else []
            facts["begins"] = min(
                (to_micros(one.published) for one in items if one.published is not None), default=None
            )
        else:
            brought = self._of_its_time(source, new, (await self._state(source)).get("begins"))
        if await self._begins(source.name):
            brought = []
        await self._refresh(source, {periods[one.marks[0]]: one for one in items}, is_owners=False)
        await self._bring(source, brought, seen=items, periods=periods, facts=facts)

    def _of_its_time(self, source: _Source, new: Sequence[Item], begins: int | None) -> list[Item]:
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

    def _failed(self, source: _Source, error: Exception) -> timedelta:
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

    async def _look_at_folder(self, source: _Source, folder: Path) -> None:
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
        periods = await self._known(source, drafts.items)
        there = {periods[one.marks[0]]: one for one in drafts.items}
        await self._refresh(source, there, is_owners=True)
        if not drafts.mistakes:
            # of one that cannot be read nobody knows which it is
            await self._take_back_drafts(source, {period for period in there if period is not None})
        begins = await self._begins(source.name)
        new = [] if begins else [item for item in drafts.items if periods[item.marks[0]] is None]
        await self._bring(source, new, seen=drafts.items, periods=periods, facts={})
        if begins:
            self._ledger.forget_fact(f"{_ANEW}{source.name}")

    def _tell_of_drafts(self, source: _Source, mistakes: frozenset[str]) -> None:
        for mistake in sorted(mistakes - source.told):
            self._ledger.note(None, "draft refused", mistake)
            self._log.error("draft refused", why=mistake)
        source.told = mistakes

    async def _take_back_drafts(self, source: _Source, there: set[str]) -> None:
        """Strike what waits and has gone from its folder. Put back it is a new draft, but where it was posted to one
        of its places already."""
        async with self._agenda:
            gone = [item for item in await self._ledger.brought(source.name) if item.event.period not in there]
            if not gone:
                return
            state = await self._state(source)
            served = {
                item.event.period
                for item in gone
                for place in source.places
                if await self._is_served(place.account, replace(item.event, room=place.room))
            }
            # no `await` from here on: this is one commit
            for item in gone:
                self._ledger.strike_agenda(item.id)
                self._ledger.note(None, "taken back", f"{item.event.id}: it has gone from its folder")
            for period in {item.event.period for item in gone} - served:
                self._ledger.forget_marks(source.name, period)
            freed = {item.due for item in gone if item.event.period not in served}
            state["taken"] = [one for one in _moments(state) if one not in freed]
            self._ledger.remember(f"{_STATE}{source.name}", json.dumps(state))
            await self._ledger.committed()

    # calendars

    async def _fill_in(self, entry: PostEntry, rows: Iterable[Item], places: Sequence[Place]) -> None:
        """Let the agenda have the rows of a table as they stand there now, but for those that were posted."""
        waiting: dict[tuple[str, str, str | None], AgendaItem] = {
            (item.event.period, item.account, item.event.room): item for item in await self._ledger.brought(entry.name)
        }
        late, now, begins = entry.late_ok // MICROSECOND, self._clock.micros(), await self._begins(entry.name)
        new: list[AgendaItem] = []
        for row in rows:
            assert row.when is not None  # noqa: S101 - every row has its time
            due = to_micros(row.when)
            for place in row.places or places:
                event = replace(_post(entry, row, period_of(row)), room=place.room, due=row.when)
                before = waiting.pop((event.period, place.account, place.room), None)
                item = AgendaItem(id=0, due=due, late=late, account=place.account, event=event)
                if before is not None and due < begins:
                    self._ledger.strike_agenda(before.id)
                    self._ledger.note(None, "skipped", f"{event.id}: it was due before the ledger was taken over")
                elif before is not None:
                    if (before.due, before.late, before.event) != (item.due, item.late, item.event):
                        self._ledger.change_agenda(
                            AgendaItem(id=before.id, due=due, late=late, account=place.account, event=item.event)
                        )
                elif due + late >= now and due >= begins and not await self._is_served(item.account, item.event):
                    new.append(item)
        for item in waiting.values():
            self._ledger.strike_agenda(item.id)
            self._ledger.note(None, "taken back", f"{item.event.id}: it has gone from its calendar")
        if new:
            await self._ledger.bring(entry.name, new, marks={}, facts={})

    async def _is_served(self, account: str, event: Due) -> bool:
        event_id = event.id if event.room is None else f"{event.id}#{event.room}"
        return await self._ledger.seq_of_event(account, event_id) is not None

    # what both have

    async def _begins(self, name: str) -> int:
        """Return since when (microseconds since 1970) an entry brings, where another copy of the ledger may have
        brought what was there before; 0: always."""
        fact = f"{_ANEW}{name}"
        return int((await self._ledger.facts(fact)).get(fact, 0))

    async def _known(self, source: _Source, items: Sequence[Item]) -> dict[str, str | None]:
        """Return first mark → the period under which the item is known; None: it is new."""
        marks = {mark for item in items for mark in item.marks}
        known = await self._ledger.periods(source.name, marks)
        return {item.marks[0]: next((known[one] for one in item.marks if one in known), None) for item in items}

    async def _bring(
        self,
        source: _Source,
        new: Sequence[Item],
        *,
        seen: Sequence[Item],
        periods: Mapping[str, str | None],
        facts: Mapping[str, Any],
    ) -> None:
        """Put new items down, with the marks of all that were seen, in one commit."""
        state = await self._state(source)
        now = self._clock.micros()
        own = {periods[item.marks[0]] or period_of(item) for item in seen if item.when is not None}
        taken = await self._taken(source, state, without=own)
        late = max(source.entry.late_ok, KEEPS) // MICROSECOND
        agenda: list[AgendaItem] = []
        marks: dict[str, str] = {}
        is_new = {item.marks[0] for item in new}
        for item in seen:
            period = periods[item.marks[0]] or period_of(item)
            if item.marks[0] in is_new:
                if item.when is not None:
                    due: int | None = to_micros(item.when)
                    if item.when + source.entry.late_ok < from_micros(now):
                        self._ledger.note(None, "skipped", f"post:{source.name}@{period}: its time was over")
                        marks |= dict.fromkeys(item.marks, period)
                        continue
                else:
                    due = source.slots.next_after(taken, now)
                    if due is not None:
                        taken.append(due)
                if due is None:
                    # its times are over: should they be edited, it is found again
                    continue
                source.rendered[period] = post = _post(source.entry, item, period)
                for place in source.places:
                    event = replace(post, room=place.room, due=from_micros(due))
                    agenda.append(AgendaItem(id=0, due=due, late=late, account=place.account, event=event))
            marks |= dict.fromkeys(item.marks, period)
        state |= {**facts, "taken": taken[-source.slots.rate.count :], "spelled": source.slots.spelled}
        self._faults("before_due_insert")
        await self._ledger.bring(source.name, agenda, marks=marks, facts={f"{_STATE}{source.name}": json.dumps(state)})
        self._faults("after_due_insert")
        if agenda:
            self._log.info("brought", post=source.name, items=len(is_new))
            self._wake()

    async def _refresh(self, source: _Source, items: Mapping[str | None, Item], *, is_owners: bool) -> None:
        """Let what waits say what its item says now, where that was edited. What the owner rewrote by hand stays, where
        the item is not his own."""
        renewed: dict[str, Due] = {}
        async with self._agenda:
            for waiting in await self._ledger.brought(source.name):
                item = items.get(waiting.event.period)
                if item is None:
                    continue
                post = _post(source.entry, item, waiting.event.period)
                before = source.rendered.get(waiting.event.period, post)
                renewed[waiting.event.period] = post
                due = waiting.due if item.when is None else to_micros(item.when)
                event = replace(post, room=waiting.event.room, due=from_micros(due))
                if (is_owners or before != post) and (waiting.event, waiting.due) != (event, due):
                    self._ledger.change_agenda(
                        AgendaItem(id=waiting.id, due=due, late=waiting.late, account=waiting.account, event=event)
                    )
            source.rendered = renewed
            await self._ledger.committed()

    async def _arrange(self, source: _Source) -> None:
        """Give what waits its places anew, where the times or the accounts were edited, or its time has passed while
        nothing ran: that never ends in a burst."""
        if self._ledger.strayed is not None:
            return
        waiting = await self._ledger.brought(source.name)
        state = await self._state(source)
        if not waiting:
            return
        now = self._clock.micros()
        by_period: dict[str, list[AgendaItem]] = {}
        for item in waiting:
            by_period.setdefault(item.event.period, []).append(item)
        own = await asyncio.to_thread(_with_times, source)
        is_edited = state.get("spelled") != source.slots.spelled
        missed = [items[0] for items in by_period.values() if items[0].due + source.entry.late_ok // MICROSECOND < now]
        moves = is_edited or bool(missed)
        first = min((item.due for item in waiting if item.event.period not in own), default=now)
        taken = [one for one in _moments(state) if one <= now and one < first]
        for period, items in sorted(by_period.items(), key=lambda pair: (pair[1][0].due, pair[1][0].id)):
            due: int | None = items[0].due
            if moves and period not in own:
                due = source.slots.next_after(taken, now)
            if due is None:
                continue
            if period not in own:
                taken.append(due)
            self._place_anew(source, items, due)
        if moves:
            state |= {"taken": taken[-source.slots.rate.count :], "spelled": source.slots.spelled}
            self._ledger.remember(f"{_STATE}{source.name}", json.dumps(state))

    def _place_anew(self, source: _Source, items: Sequence[AgendaItem], due: int) -> None:
        """Let a post wait for this moment."""
        for item in items:
            if not any(place.account == item.account and place.room == item.event.room for place in source.places):
                self._ledger.strike_agenda(item.id)
            elif item.due != due:
                event = replace(item.event, due=from_micros(due))
                late = max(source.entry.late_ok, KEEPS) // MICROSECOND
                self._ledger.change_agenda(
                    AgendaItem(id=item.id, due=due, late=late, account=item.account, event=event)
                )

    async def _take_back(self, names: Collection[str]) -> None:
        """Strike what was brought by an entry that has gone from the file, or brings nothing any more."""
        for item in await self._ledger.agenda(limit=_ALL):
            # what was drafted ahead follows its schedule
            if item.event.name != SINGLE and item.event.written is None and item.event.name not in names:
                self._ledger.strike_agenda(item.id)
                self._ledger.note(None, "taken back", f"{item.event.id}: the bot file does not bring it any more")

    async def _state(self, source: _Source) -> dict[str, Any]:
        name = f"{_STATE}{source.name}"
        found = (await self._ledger.facts(name)).get(name)
        state: dict[str, Any] = json.loads(found) if found is not None else {}
        return state

    async def _taken(self, source: _Source, state: Mapping[str, Any], *, without: Collection[str]) -> list[int]:
        """Return the places that are taken: by what waits, and by what was posted lately. What has a time of its own
        (`without`: the periods of that) takes none, so nothing queues up behind it."""
        brought = await self._ledger.brought(source.name)
        waiting = {item.due for item in brought if item.due and item.event.period not in without}
        return sorted({*_moments(state), *waiting})


_STATE = "brought:"
"""Beginning of the facts that keep how far each entry was looked at."""
_ANEW = "begins anew:"
"""Beginning of the facts that keep since when an entry brings."""
_NEVER = datetime.min.replace(tzinfo=UTC)


def begin_anew(ledger: Ledger, file: BotFile, *, now: int) -> None:
    """Queue that nothing is brought that was there until `now`: the next look at feeds and folders only learns it, and
    of calendars later rows alone are posted."""
    for entry in file.post:
        if entry.origin is not None:
            ledger.remember(f"{_ANEW}{entry.name}", str(now))


def _moments(state: Mapping[str, Any]) -> list[int]:
    return [one for one in state.get("taken", []) if isinstance(one, int)]


def _post(entry: PostEntry, item: Item, period: str) -> Due:
    """Return the post that an item becomes; its time and its room are filled in later."""
    is_fed = entry.origin is not None and entry.origin.feed is not None
    return Due(
        name=entry.name,
        period=period,
        due=_NEVER,
        about=entry.about if is_fed else None,
        say=item.text if not is_fed else None if entry.about is not None else words_of(item, entry.say),
        media=item.media,
        visibility=item.visibility or entry.visibility,
        warning=item.warning or entry.warning,
        material=material_of(item) if is_fed else None,
        link=item.link if is_fed else None,
    )


def _with_times(source: _Source) -> frozenset[str]:
    """Return the periods of the drafts that say themselves when they are posted. Reads files: not for the loop."""
    if source.origin.folder is None:
        return frozenset()
    try:
        drafts = read_drafts(source.origin.folder, timezone=source.slots.timezone)
    except Mistakes:
        return frozenset()
    return frozenset(period_of(item) for item in drafts.items if item.when is not None)


def _look_of(folder: Path) -> object:
    """Return what changes when anything in a folder does."""
    try:
        with os.scandir(folder) as entries:
            facts = [(entry.name, entry.stat()) for entry in entries if entry.is_file()]
    except OSError as error:
        return error.errno
    return sorted((name, fact.st_mtime_ns, fact.st_size) for name, fact in facts)
