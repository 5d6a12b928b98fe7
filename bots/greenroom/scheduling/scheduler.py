"""The clock's hand: puts what has become due into the inbox, once, and sleeps until the next time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo

from greenroom.clock import MICROSECOND, Clock, from_micros, to_micros
from greenroom.faults import FaultHook
from greenroom.policy import quiet_until
from greenroom.scheduling.changes import Considered, plan_change
from greenroom.scheduling.identity import Form
from greenroom.scheduling.missed import due_now
from greenroom.scheduling.posts import Entry, due_of, entry_of, turn_of, turn_of_item
from greenroom.scheduling.schedule import Occurrence
from greenroom.settings.bot import BotFile
from greenroom.settings.spelling import Span
from greenroom.storage import AgendaItem, Ledger, ScheduleMark, Turn
from greenroom.telemetry import get_log

__all__ = ["SLEPT", "Scheduler"]

BATCH = 2000
"""Agenda items that are taken in one commit."""
MARK_EVERY = 60_000_000
"""Microseconds after which it is noted that nothing was due: a time that is edited later must not reach back."""
SLEPT = "slept"
"""Name of the fact that says from when to when nothing ran although the bot did, the last time: the machine slept, or
its clock was set. Two moments in microseconds since 1970."""
GAP = 600_000_000
"""Microseconds between two looks after which nothing can have run meanwhile."""
A_DAY = timedelta(days=1)
"""A period's time may be edited within its day, or lie behind midnight by its spread."""
MOST_DRAFTED = 1_000_000
LONGEST_SLEEP = 60.0
"""Seconds after which the clock is looked at in any case: a suspended machine's sleep does not count."""

Put = Callable[[Turn], None]


class Scheduler:
    """Brings due posts into the inbox: those of the file, and those of the agenda.

    A turn and the mark of how far its schedule was looked at are queued without an `await` between them, so they are
    committed together: no period is missed and none is served twice, whenever the process dies.
    """

    def __init__(self, *, ledger: Ledger, clock: Clock, put: Put, faults: FaultHook | None) -> None:
        self.after_gap: Callable[[], Awaitable[None]] | None = None
        """Called before the agenda is served after a stretch in which nothing ran."""
        self.has_drafts = False
        """Something that was drafted ahead may stand on the agenda."""
        self._ledger = ledger
        self._clock = clock
        self._put = put
        self._faults = faults
        self._entries: dict[str, Entry] = {}
        self._marks: dict[str, ScheduleMark] = {}
        self._accounts: frozenset[str] = frozenset()
        self._quiet: Span | None = None
        self._zone: tzinfo = UTC
        self._woken = asyncio.Event()
        self.agenda = asyncio.Lock()
        """Whoever holds it sees to it that nothing of the agenda is taken meanwhile."""
        self._log = get_log()

    async def use(self, file: BotFile) -> None:
        """Take over the posts of a file, at the start or after it was edited; what that means is committed first.

        :raises ConfigurationError: an entry never comes
        """
        # what comes from elsewhere is brought onto the agenda
        entries = {entry.name: entry_of(entry, file) for entry in file.post if entry.origin is None}
        old = {
            name: Considered(
                until=None if mark.until is None else from_micros(mark.until),
                form=Form(mark.form),
                present=mark.present,
            )
            for name, mark in (await self._ledger.marks()).items()
        }
        plan = plan_change(old, {name: entry.schedule for name, entry in entries.items()}, self._clock.now())
        for name, considered in plan.items():
            self._mark(name, considered.until, considered.form, considered.present)
        self._entries = entries
        self._accounts = frozenset(file.accounts)
        self._quiet, self._zone = file.limits.quiet, file.timezone
        await self._follow()
        await self._ledger.committed()
        self._woken.set()

    def wake(self) -> None:
        """Look at the agenda again: it has changed."""
        self._woken.set()

    async def upcoming(self, *, limit: int) -> list[Occurrence]:
        """Return the next occurrences over all posts of the file, earliest first, without those whose period is served
        already (their time was edited)."""
        now = self._clock.now()
        found: list[Occurrence] = []
        for entry in self._entries.values():
            moment, count = now, 0
            while count < limit and (occurrence := entry.schedule.next_after(moment)) is not None:
                moment = occurrence.due
                if not await self._is_served(entry, occurrence):
                    found.append(occurrence)
                    count += 1
        return sorted(found, key=lambda one: (one.due, one.name))[:limit]

    async def _is_served(self, entry: Entry, occurrence: Occurrence) -> bool:
        """Say whether an occurrence is in the inbox wherever it belongs."""
        for place in entry.places:
            event_id = occurrence.event_id if place.room is None else f"{occurrence.event_id}#{place.room}"
            if await self._ledger.seq_of_event(place.account, event_id) is None:
                return False
        return True

    async def run(self) -> None:
        """Serve until cancelled."""
        last = self._clock.micros()
        while True:
            self._woken.clear()
            looked = self._clock.now()
            # what was drafted ahead is taken before the file has the same post written anew
            is_file_last = self.has_drafts
            if not is_file_last:
                self._serve_file(looked)
            if to_micros(looked) - last > GAP:
                self._ledger.remember(SLEPT, f"{last} {to_micros(looked)}")
                if self.after_gap is not None:
                    await self.after_gap()
            last = to_micros(looked)
            more = await self._serve_agenda()
            if is_file_last:
                self._serve_file(looked)
            if not more:
                await self._sleep(looked)

    def _serve_file(self, now: datetime) -> None:
        for name, entry in self._entries.items():
            mark = self._marks[name]
            due = due_now(entry.schedule, None if mark.until is None else from_micros(mark.until), now)
            for missed in due.skipped:
                self._ledger.note(
                    None, "skipped", f"{missed.event_id}: not posted in time, or a newer one took its place"
                )
                self._log.warning("post skipped", post=missed.event_id)
            if (
                not due.serve
                and not due.skipped
                and mark.until is not None
                and to_micros(now) < mark.until + MARK_EVERY
            ):
                continue
            if self._faults is not None:
                self._faults("before_due_insert")
            for occurrence in due.serve:
                self._serve(entry, occurrence, now=to_micros(now))
            self._mark(name, due.considered_until, entry.schedule.form, present=True)
            if self._faults is not None:
                self._faults("after_due_insert")

    def _serve(self, entry: Entry, occurrence: Occurrence, *, now: int) -> None:
        for place in entry.places:
            event = due_of(entry, occurrence, place)
            deadline = to_micros(occurrence.deadline)
            self._put(turn_of(place.account, event, deadline=deadline, now=now, not_before=self._after_quiet()))

    async def to_write(self, until: datetime) -> list[tuple[AgendaItem, Turn]]:
        """Return the posts up to `until` whose words an engine is to find and nobody has found yet, each as what stands
        for it on the agenda when it has them, and as the turn that asks for them; earliest first."""
        now = self._clock.now()
        drafted = {
            (item.account, item.event.room, item.event.id)
            for item in await self._ledger.agenda(until=to_micros(until), limit=MOST_DRAFTED)
        }
        found: list[tuple[AgendaItem, Turn]] = []
        for entry in self._entries.values():
            if entry.say is not None:
                continue
            for occurrence in entry.schedule.between(now, until):
                for place in entry.places:
                    event = due_of(entry, occurrence, place)
                    turn = turn_of(place.account, event, deadline=to_micros(occurrence.deadline), now=to_micros(now))
                    if (place.account, place.room, event.id) in drafted:
                        continue
                    if await self._ledger.seq_of_event(place.account, turn.event_id) is not None:
                        continue
                    late = entry.schedule.late_ok // MICROSECOND
                    item = AgendaItem(
                        id=0, due=to_micros(occurrence.due), late=late, account=place.account, event=event
                    )
                    found.append((item, turn))
        return sorted(found, key=lambda pair: (pair[0].due, pair[0].account))

    async def _follow(self) -> None:
        """Let what was drafted ahead follow the file: to its new time, or away where nothing has it any more."""
        for item in await self._ledger.agenda(limit=MOST_DRAFTED):
            if item.event.written is None:
                continue
            self.has_drafts = True
            due = self._due_of(item)
            if due is None:
                self._ledger.strike_agenda(item.id)
                self._ledger.note(None, "taken back", f"{item.event.id}: the bot file does not have it any more")
            elif due != item.event.due:
                event = replace(item.event, due=due)
                self._ledger.change_agenda(
                    AgendaItem(id=item.id, due=to_micros(due), late=item.late, account=item.account, event=event)
                )

    def _due_of(self, item: AgendaItem) -> datetime | None:
        """Return when the post is due by the file that was drafted ahead; None: it is not in there any more."""
        entry, event = self._entries.get(item.event.name), item.event
        if entry is None or entry.say is not None or entry.about != event.about:
            return None
        if not any(place.account == item.account and place.room == event.room for place in entry.places):
            return None
        for occurrence in entry.schedule.between(event.due - A_DAY, event.due + A_DAY):
            if occurrence.period == event.period:
                return occurrence.due
        return None

    async def _serve_agenda(self) -> bool:
        """Serve what the agenda has due; say whether there may be more."""
        now = self._clock.micros()
        async with self.agenda:
            items = await self._ledger.agenda(until=now, limit=BATCH)
            for item in items:
                if self._faults is not None:
                    self._faults("before_due_insert")
                if item.account in self._accounts:
                    self._put(turn_of_item(item, self._ledger.id, now=now, not_before=self._after_quiet()))
                else:
                    self._ledger.note(
                        None, "skipped", f"post {item.id}: the bot has no account {item.account} any more"
                    )
                self._ledger.strike_agenda(item.id)
                if self._faults is not None:
                    self._faults("after_due_insert")
            if items:
                await self._ledger.committed()
        return len(items) == BATCH

    async def _sleep(self, looked: datetime) -> None:
        """Wait for what comes next after the moment that was looked at; what became due since then is next."""
        comings = [
            to_micros(coming.due)
            for entry in self._entries.values()
            if (coming := entry.schedule.next_after(looked)) is not None
        ]
        if (item := await self._ledger.next_agenda()) is not None:
            comings.append(item)
        until = min([*comings, self._clock.micros() + round(LONGEST_SLEEP * 1e6)])
        sleeper = asyncio.ensure_future(self._clock.nap_until(until))
        waker = asyncio.ensure_future(self._woken.wait())
        try:
            await asyncio.wait((sleeper, waker), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()

    def _after_quiet(self) -> int:
        """Return when the present quiet stretch of the day ends, in microseconds since 1970; 0: there is none now."""
        end = None if self._quiet is None else quiet_until(self._clock.now(), self._quiet, self._zone)
        return 0 if end is None else to_micros(end)

    def _mark(self, name: str, until: datetime | None, form: Form, present: bool) -> None:
        mark = ScheduleMark(name=name, until=None if until is None else to_micros(until), form=form, present=present)
        self._marks[name] = mark
        self._ledger.mark(mark)
