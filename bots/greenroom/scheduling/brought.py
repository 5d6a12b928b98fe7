"""What feeds, folders and calendars have brought, as it waits on the agenda: put down, renewed, moved, taken back."""

import asyncio
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from greenroom.clock import MICROSECOND, Clock, from_micros, to_micros
from greenroom.faults import FaultHook
from greenroom.origins import Item, period_of, read_drafts, words_of
from greenroom.origins.wording import material_of
from greenroom.scheduling.posts import SINGLE
from greenroom.scheduling.slots import Slots
from greenroom.settings import BotFile, Mistakes, Origin, Place, PostEntry
from greenroom.storage import AgendaItem, Due, Ledger
from greenroom.telemetry import get_log

__all__ = ["Brought", "Source", "begin_anew"]

KEEPS = timedelta(days=1)
"""How long what was brought is worth posting, at least: it may have to wait for a person, or for a place."""
_ALL = 1_000_000
STATE = "brought:"
"""Beginning of the facts that keep how far each entry was looked at."""
ANEW = "begins anew:"
"""Beginning of the facts that keep since when an entry brings."""
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Source:
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


class Brought:
    """The agenda, as far as entries with an origin fill it.

    `arrange`, `fill_in` and `take_back` are called with the lock on the agenda held, and leave the commit to him;
    `refresh` and `take_back_drafts` see to both.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        faults: FaultHook | None,
        agenda: asyncio.Lock,
        wake: Callable[[], None],
    ) -> None:
        """`agenda` is held while what stands there is changed; `wake` is called when it has changed."""
        self._ledger = ledger
        self._clock = clock
        self._faults = faults
        self._agenda = agenda
        self._wake = wake
        self._log = get_log()

    async def begins(self, name: str) -> int:
        """Return since when (microseconds since 1970) an entry brings, where another copy of the ledger may have
        brought what was there before; 0: always."""
        fact = f"{ANEW}{name}"
        return int((await self._ledger.facts(fact)).get(fact, 0))

    def has_begun(self, name: str) -> None:
        """Note that an entry has learnt what was there before, and brings from now on."""
        self._ledger.forget_fact(f"{ANEW}{name}")

    async def known(self, source: Source, items: Sequence[Item]) -> dict[str, str | None]:
        """Return first mark → the period under which the item is known; None: it is new."""
        marks = {mark for item in items for mark in item.marks}
        known = await self._ledger.periods(source.name, marks)
        return {item.marks[0]: next((known[one] for one in item.marks if one in known), None) for item in items}

    async def state(self, source: Source) -> dict[str, Any]:
        """Return how far an entry was looked at."""
        name = f"{STATE}{source.name}"
        found = (await self._ledger.facts(name)).get(name)
        state: dict[str, Any] = json.loads(found) if found is not None else {}
        return state

    async def bring(
        self,
        source: Source,
        new: Sequence[Item],
        *,
        seen: Sequence[Item],
        periods: Mapping[str, str | None],
        facts: Mapping[str, Any],
    ) -> None:
        """Put new items down, with the marks of all that were seen, in one commit."""
        state = await self.state(source)
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
        if self._faults is not None:
            self._faults("before_due_insert")
        await self._ledger.bring(source.name, agenda, marks=marks, facts={f"{STATE}{source.name}": json.dumps(state)})
        if self._faults is not None:
            self._faults("after_due_insert")
        if agenda:
            self._log.info("brought", post=source.name, items=len(is_new))
            self._wake()

    async def refresh(self, source: Source, items: Mapping[str | None, Item], *, is_owners: bool) -> None:
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

    async def arrange(self, source: Source) -> None:
        """Give what waits its places anew, where the times or the accounts were edited, or its time has passed while
        nothing ran: that never ends in a burst."""
        if self._ledger.strayed is not None:
            return
        waiting = await self._ledger.brought(source.name)
        state = await self.state(source)
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
            self._ledger.remember(f"{STATE}{source.name}", json.dumps(state))

    async def fill_in(self, entry: PostEntry, rows: Iterable[Item], places: Sequence[Place]) -> None:
        """Let the agenda have the rows of a table as they stand there now, but for those that were posted."""
        waiting: dict[tuple[str, str, str | None], AgendaItem] = {
            (item.event.period, item.account, item.event.room): item for item in await self._ledger.brought(entry.name)
        }
        late, now, begins = entry.late_ok // MICROSECOND, self._clock.micros(), await self.begins(entry.name)
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

    async def take_back(self, names: Collection[str]) -> None:
        """Strike what was brought by an entry that has gone from the file, or brings nothing any more."""
        for item in await self._ledger.agenda(limit=_ALL):
            # what was drafted ahead follows its schedule
            if item.event.name != SINGLE and item.event.written is None and item.event.name not in names:
                self._ledger.strike_agenda(item.id)
                self._ledger.note(None, "taken back", f"{item.event.id}: the bot file does not bring it any more")

    async def take_back_drafts(self, source: Source, there: set[str]) -> None:
        """Strike what waits and has gone from its folder. Put back it is a new draft, but where it was posted to one
        of its places already."""
        async with self._agenda:
            gone = [item for item in await self._ledger.brought(source.name) if item.event.period not in there]
            if not gone:
                return
            state = await self.state(source)
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
            self._ledger.remember(f"{STATE}{source.name}", json.dumps(state))
            await self._ledger.committed()

    def _place_anew(self, source: Source, items: Sequence[AgendaItem], due: int) -> None:
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

    async def _taken(self, source: Source, state: Mapping[str, Any], *, without: Collection[str]) -> list[int]:
        """Return the places that are taken: by what waits, and by what was posted lately. What has a time of its own
        (`without`: the periods of that) takes none, so nothing queues up behind it."""
        brought = await self._ledger.brought(source.name)
        waiting = {item.due for item in brought if item.due and item.event.period not in without}
        return sorted({*_moments(state), *waiting})

    async def _is_served(self, account: str, event: Due) -> bool:
        event_id = event.id if event.room is None else f"{event.id}#{event.room}"
        return await self._ledger.seq_of_event(account, event_id) is not None


def begin_anew(ledger: Ledger, file: BotFile, *, now: int) -> None:
    """Queue that nothing is brought that was there until `now`: the next look at feeds and folders only learns it, and
    of calendars later rows alone are posted."""
    for entry in file.post:
        if entry.origin is not None:
            ledger.remember(f"{ANEW}{entry.name}", str(now))


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


def _with_times(source: Source) -> frozenset[str]:
    """Return the periods of the drafts that say themselves when they are posted. Reads files: not for the loop."""
    if source.origin.folder is None:
        return frozenset()
    try:
        drafts = read_drafts(source.origin.folder, timezone=source.slots.timezone)
    except Mistakes:
        return frozenset()
    return frozenset(period_of(item) for item in drafts.items if item.when is not None)
