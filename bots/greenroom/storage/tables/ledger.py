"""The ledger over tables: who keeps which of the port's promises, whatever database has them."""

import abc
import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from typing_extensions import override

from greenroom.clock import Clock
from greenroom.storage.cause import NOBODYS, Cause
from greenroom.storage.ledger import Ledger
from greenroom.storage.people import PersonFact
from greenroom.storage.records import (
    AgendaItem,
    Command,
    JournalEntry,
    KeptFile,
    Outlay,
    Past,
    PersonaVersion,
    PersonKept,
    Published,
    ScheduleMark,
    SpendRow,
    Stopped,
    StoredPost,
)
from greenroom.storage.tables import agenda, asking, books, finding, forgetting, people, retention, standing
from greenroom.storage.tables.commits import GroupCommit
from greenroom.storage.tables.database import Database
from greenroom.storage.tables.group import FULL
from greenroom.storage.tables.rows import encode, row_of_arrival
from greenroom.storage.turn import State, Turn
from greenroom_adapters.contract import Quota

__all__ = ["TableLedger"]

P = ParamSpec("P")
T = TypeVar("T")


class TableLedger(Ledger):
    """What ledgers on SQLite and PostgreSQL have in common: everything but opening, closing and connections."""

    def __init__(self, place: str, *, clock: Clock) -> None:
        """Take where it is, as owners read it."""
        self._clock = clock
        self._next_seq = 1
        self._id = ""
        self._commits = GroupCommit(place, clock)

    @property
    @override
    def id(self) -> str:
        return self._id

    @override
    def on_arrival(self, arrived: Callable[[list[Turn], list[Turn]], None]) -> None:
        self._commits.arrived = arrived

    @override
    async def failure(self) -> None:
        await asyncio.shield(self._commits.failed)

    def _enter(self) -> None:
        """Belong to the loop that runs now."""
        self._loop = asyncio.get_running_loop()
        self._commits.enter()

    # connections

    @abc.abstractmethod
    async def _read(self, function: Callable[Concatenate[Database, P], T], *arguments: P.args, **named: P.kwargs) -> T:
        """Return what the function finds on a connection that only reads.

        :raises StorageError: it is closed, or cannot be read
        """

    @abc.abstractmethod
    async def _aside(self, function: Callable[Concatenate[Database, P], T], *arguments: P.args, **named: P.kwargs) -> T:
        """Run a short transaction beside the group commits, and return what the function does.

        :raises StorageError: it could not be written
        """

    @abc.abstractmethod
    async def _leave_no_trace(self) -> None:
        """See to it that nothing of what was overwritten is left in files of the database."""

    # writing: what every event goes through puts itself into the pending group, where a call more would count

    @override
    def receive(self, turn: Turn, source: str | None = None, cursor: str | None = None) -> None:
        turn.seq = self._next_seq
        turn.changed = turn.received
        row = row_of_arrival(turn)
        commits = self._commits
        if not commits.is_due:
            commits.plan_flush()
        self._next_seq += 1
        group = commits.pending
        group.inserts.append(row)
        group.arrivals.append(turn)
        if source is not None and cursor is not None:
            group.cursors[turn.account, source] = cursor
        if len(group.inserts) == FULL:
            self._loop.call_soon(commits.close_group)

    @override
    def save(self, turn: Turn) -> None:
        commits = self._commits
        saves = commits.pending.saves
        # it is stored as it is when its group goes to the writer, and the usual turn is saved thrice in a row
        if saves.get(turn.seq) is turn:
            return
        if not commits.is_due:
            commits.plan_flush()
        saves[turn.seq] = turn
        if len(saves) == FULL:
            self._loop.call_soon(commits.close_group)

    @override
    def work_again(self, turn: Turn) -> None:
        self.save(turn)
        self._commits.pending.again.append(turn.seq)

    @override
    def rewrite(self, turn: Turn) -> None:
        self._commits.change(
            "UPDATE turns SET event=?, rule=?, trust=? WHERE seq=?",
            encode(turn.event),
            turn.rule,
            str(turn.trust),
            turn.seq,
        )

    @override
    def receipt(self, turn: Turn, part: int) -> None:
        sent = turn.outbox[part]
        commits = self._commits
        if not commits.is_due:
            commits.plan_flush()
        commits.pending.receipts.append((turn.account, sent.post_id, turn.seq, part, sent.url, sent.published))

    @override
    def move_cursor(self, account: str, source: str, cursor: str) -> None:
        commits = self._commits
        if not commits.is_due:
            commits.plan_flush()
        commits.pending.cursors[account, source] = cursor

    @override
    def note_fact(self, fact: PersonFact, *, single: bool) -> None:
        people.note(self._commits, fact, single=single)

    @override
    def spoke(self, platform: str, person: str, at: int) -> None:
        people.spoke(self._commits, platform, person, at)

    @override
    def move_facts(self, account: str, platform: str) -> None:
        people.move(self._commits, account, platform)

    @override
    def retire_facts(self, *, before: int) -> None:
        people.retire(self._commits, before)

    @override
    async def facts_about(self, platform: str, person: str) -> list[PersonFact]:
        await self.committed()
        return await self._read(people.about, platform, person)

    @override
    def committed(self) -> Awaitable[None]:
        return self._commits.committed()

    @override
    def forget_cursors(self) -> None:
        standing.forget_cursors(self._commits)

    @override
    def mark(self, mark: ScheduleMark) -> None:
        standing.mark(self._commits, mark)

    @override
    def pace(self, account: str, quota: Quota) -> None:
        standing.pace(self._commits, account, quota)

    @override
    def note(self, seq: int | None, what: str, why: str) -> None:
        books.note(self._commits, seq, what, why, now=self._clock.micros())

    @override
    def pause(self, account: str, why: str) -> None:
        standing.pause(self._commits, account, why, now=self._clock.micros())

    @override
    def resume(self, account: str) -> None:
        standing.resume(self._commits, account)

    @override
    def stop_speaking(self, platform: str, person: str, handle: str, *, at: int) -> None:
        standing.stop_speaking(self._commits, platform, person, handle, at=at)

    @override
    def speak_again(self, platform: str, person: str) -> None:
        standing.speak_again(self._commits, platform, person)

    @override
    def hand(self, account: str, conversation: str, at: int) -> None:
        standing.hand(self._commits, account, conversation, at)

    @override
    def strike_agenda(self, id: int) -> None:
        agenda.strike(self._commits, id)

    @override
    def change_agenda(self, item: AgendaItem) -> None:
        agenda.change(self._commits, item)

    @override
    def forget_marks(self, post: str, period: str) -> None:
        agenda.forget_marks(self._commits, post, period)

    @override
    def answer(self, id: int, answer: Mapping[str, Any]) -> None:
        asking.answer(self._commits, id, answer)

    @override
    def keep_files(self, files: Sequence[KeptFile]) -> None:
        standing.keep_files(self._commits, files, now=self._clock.micros())

    @override
    def remember(self, name: str, value: str) -> None:
        standing.remember(self._commits, name, value)

    @override
    def forget_fact(self, name: str) -> None:
        standing.forget_fact(self._commits, name)

    @override
    def forget_facts(self, beginning: str) -> None:
        standing.forget_facts(self._commits, beginning)

    @override
    async def reserve(self, *, at: datetime, turn: str, model: str, micros: int, cause: Cause = NOBODYS) -> int:
        return await books.reserve(
            self._commits, at=at, turn=turn, model=model, micros=micros, cause=cause, key=self._id
        )

    @override
    async def settle(self, id: int, micros: int) -> None:
        await books.settle(self._commits, id, micros)

    @override
    async def retire(self, *, before: int, limit: int = 1000) -> int:
        emptied = await retention.empty_spared(self._commits)
        if (old := await self._read(retention.oldest_with_texts, before, limit)) is not None:
            emptied += await retention.empty(self._commits, *old)
        retention.forget_who_is_aside_no_more(self._commits)
        await retention.forget_what_was_said(self._commits, before)
        return emptied

    @override
    async def stored_posts(self, *, after: int, limit: int) -> list[StoredPost]:
        return await self._read(retention.stored_posts, after, limit)

    @override
    async def empty(self, seqs: Sequence[int]) -> list[int]:
        drafts = await self._read(retention.written_in_view_of, seqs)
        retention.empty_these(self._commits, seqs, [draft.seq for draft in drafts])
        await self.committed()
        return [draft.of for draft in drafts if draft.is_needed]

    @override
    async def forget_person(self, platform: str, person: str, *, accounts: Collection[str]) -> int:
        await self.committed()
        seqs = await self._read(forgetting.turns_with, accounts, person)
        told = await self._read(forgetting.told_of, accounts, person)
        people.forget(self._commits, platform, person)
        emptied = await forgetting.forget(self._commits, seqs, told=told, platform=platform, person=person)
        await self._leave_no_trace()
        return emptied

    @override
    async def people_called(self, person: str, handle: str, *, accounts: Collection[str]) -> list[PersonKept]:
        return await self._read(forgetting.people_called, accounts, person, handle)

    @override
    async def handles_of(self, person: str, *, accounts: Collection[str]) -> list[str]:
        return await self._read(forgetting.handles_of, accounts, person)

    @override
    async def said_to(self, person: str, *, accounts: Collection[str]) -> list[Published]:
        return await self._read(forgetting.said_to, accounts, person)

    @override
    async def expire(self) -> list[Turn]:
        now = self._clock.micros()
        if not (late := await self._read(lambda db: finding.held_too_long(db, now))):
            return []
        await retention.expire(self._commits, now)
        # one may have been let out, or refused, in the meantime
        return await self._read(lambda db: finding.stale_among(db, [turn.seq for turn in late]))

    # writing beside the running bot

    @override
    async def add_agenda(self, items: Sequence[AgendaItem]) -> range:
        return await self._aside(agenda.add, items)

    @override
    async def bring(
        self, post: str, items: Sequence[AgendaItem], *, marks: Mapping[str, str], facts: Mapping[str, str]
    ) -> None:
        await self._aside(agenda.bring, post, items, marks=marks, facts=facts, now=self._clock.micros())

    @override
    async def ask(self, name: str, arguments: Mapping[str, Any]) -> int:
        return await self._aside(asking.ask, name, arguments, now=self._clock.micros())

    @override
    async def at_work(self) -> list[Turn]:
        return await self._read(finding.at_work)

    @override
    async def waiting_lanes(self) -> list[tuple[str, str, int]]:
        return await self._read(finding.waiting_lanes)

    @override
    async def waiting(self, lanes: Sequence[tuple[str, int]], limit: int) -> list[list[Turn]]:
        return await self._read(finding.waiting, lanes, self._commits.announced, limit)

    @override
    async def turn(self, seq: int) -> Turn | None:
        return await self._read(finding.turn, seq)

    @override
    async def turns(
        self, *, states: Iterable[State] | None = None, limit: int = 50, before: int | None = None
    ) -> list[Turn]:
        wanted = None if states is None else [int(state) for state in states]
        return await self._read(finding.turns, wanted, limit, before)

    @override
    async def about_post(self, account: str, post_id: str) -> list[Turn]:
        return await self._read(finding.about_post, account, post_id)

    @override
    async def in_lane(self, lane: str, *, before: int, limit: int) -> list[Turn]:
        return await self._read(finding.in_lane, lane, before, limit)

    @override
    async def own_posts(self, account: str, *, before: int, limit: int) -> list[Turn]:
        return await self._read(finding.own_posts, account, before, limit)

    @override
    async def past(self, *, since: int) -> list[Past]:
        return await self._read(finding.past, since)

    @override
    async def spoken(self, account: str, *, up_to: int) -> tuple[int, int]:
        return await self._read(finding.spoken, account, up_to)

    @override
    async def turn_of_post(self, account: str, post_id: str) -> int | None:
        return await self._read(finding.turn_of_post, account, post_id)

    @override
    async def seq_of_event(self, account: str, event_id: str) -> int | None:
        return await self._read(finding.seq_of_event, account, event_id)

    @override
    async def outlays(self, *, since: datetime, until: datetime) -> list[Outlay]:
        return await self._read(books.outlays, since, until)

    @override
    async def counts(self) -> dict[State, int]:
        return await self._read(finding.counts)

    @override
    async def aside(self) -> dict[State, int]:
        return await self._read(finding.aside)

    @override
    async def accounts(self) -> dict[str, int]:
        return await self._read(finding.accounts)

    @override
    async def stopped(self) -> list[Stopped]:
        return await self._read(standing.stopped)

    @override
    async def hands(self, *, since: int) -> dict[tuple[str, str], int]:
        return await self._read(standing.hands, since)

    @override
    async def cursors(self, account: str) -> dict[str, str]:
        return await self._read(standing.cursors, account)

    @override
    async def marks(self) -> dict[str, ScheduleMark]:
        return await self._read(standing.marks)

    @override
    async def quotas(self, account: str) -> list[Quota]:
        return await self._read(standing.quotas, account)

    @override
    async def paused(self) -> dict[str, str]:
        return await self._read(standing.paused)

    @override
    async def persona_versions(self) -> list[PersonaVersion]:
        return await self._read(standing.persona_versions)

    @override
    async def kept_files(self) -> dict[str, KeptFile]:
        return await self._read(standing.kept_files)

    @override
    async def facts(self, beginning: str) -> dict[str, str]:
        return await self._read(standing.facts, beginning)

    @override
    async def agenda(self, *, until: int | None = None, limit: int = 100) -> list[AgendaItem]:
        return await self._read(agenda.upcoming, until, limit)

    @override
    async def brought(self, post: str) -> list[AgendaItem]:
        return await self._read(agenda.brought, post)

    @override
    async def periods(self, post: str, marks: Collection[str]) -> dict[str, str]:
        return await self._read(agenda.periods, post, marks)

    @override
    async def next_agenda(self) -> int | None:
        return await self._read(agenda.next_due)

    @override
    async def spent_since(self, moment: datetime) -> int:
        return await self._read(books.spent_since, moment)

    @override
    def pseudonym(self, platform: str, person: str) -> str:
        return books.pseudonym_of(platform, person, key=self._id)

    @override
    async def spent_by(self, platform: str, person: str, *, since: datetime) -> int:
        return await self._read(books.spent_by, self.pseudonym(platform, person), since)

    @override
    async def spending(self, *, since: int, limit: int = 1000) -> list[SpendRow]:
        return await self._read(books.spending, since, limit)

    @override
    async def journal(self, *, seq: int | None = None, what: str | None = None, limit: int = 50) -> list[JournalEntry]:
        return await self._read(books.journal, seq, what, limit)

    @override
    async def journal_after(self, id: int, *, limit: int = 1000) -> list[JournalEntry]:
        return await self._read(books.journal_after, id, limit)

    @override
    async def open_commands(self) -> list[Command]:
        return await self._read(asking.open_commands)

    @override
    async def answered(self, id: int) -> Mapping[str, Any] | None:
        return await self._read(asking.answered, id)
