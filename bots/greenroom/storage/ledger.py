"""The ledger's port: what every store promises, whatever database stands behind it."""

import abc
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from greenroom.storage.cause import NOBODYS, Cause
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
    Strayed,
)
from greenroom.storage.turn import State, Turn
from greenroom_adapters.contract import Quota

__all__ = ["Ledger"]


class Ledger(abc.ABC):
    """The durable record of events, turns, receipts, cursors and money. An async context manager.

    **Writing.** The methods that return nothing *queue* a change; everything queued without an `await` in between goes
    into one commit, in the order inbox, turns, receipts, cursors, the rest. `await committed()` returns when all that
    was queued before the call is on disk. A turn is stored as it is when its group goes to the writer, once however
    often it was saved: so change a turn and `save` it without an `await` in between. One process writes; its turns get
    their `seq` here, in order of arrival.

    **People.** Their ids mean them on one `platform`, or on one server of it where each gives ids of its own: where a
    method takes the platform of a person, that is meant.

    **Failing.** When a commit fails, every waiter gets `StorageError`, and so does every later call: the bot must stop.
    """

    @property
    @abc.abstractmethod
    def id(self) -> str:
        """What tells it from a ledger that another one replaces: drawn when it is made, the same ever after. Its
        numbers begin at 1, so what is named by one of them to the outside is named by both. Empty for a ledger that
        was made before there was that, and before it is entered."""

    @property
    @abc.abstractmethod
    def strayed(self) -> Strayed | None:
        """Why it is taken for a copy of another one that may run as well: it ran last on another machine, under
        another path, or further than it knows; None: it is where it ran last, or is new. Until `come_home` it is so at
        each opening. None before it is entered."""

    @abc.abstractmethod
    async def come_home(self) -> None:
        """Commit what is queued, and with it that the ledger is at home where it lies."""

    @property
    @abc.abstractmethod
    def act_within(self) -> float:
        """Seconds, by a clock that never stands still, within which what a commit allows must have begun: who was
        stopped for longer than that may not be the one any more who writes here. Infinite where nobody else can be."""

    async def asked_for(self) -> str | None:
        """Return why another worker, which stands by and asks for it, should run the bot instead; None: none asks.
        Whoever lets go then does so by closing it, and is not given it again before that one."""
        return None

    @abc.abstractmethod
    async def __aenter__(self) -> Self:
        """Open and migrate.

        :raises AlreadyRunning: another process runs on it
        :raises LedgerMoved: it was packed to run elsewhere, and is not to be taken over
        :raises LedgerBroken: it cannot be read or written
        """

    @abc.abstractmethod
    async def __aexit__(self, *exc: object) -> None:
        """Write what is queued and close. Safe to call twice."""

    @abc.abstractmethod
    def on_arrival(self, arrived: Callable[[list[Turn], list[Turn]], None]) -> None:
        """Name who is called, in the loop, after each commit of received turns: with those that are in the inbox now,
        and with those whose event had been there already and that are to be forgotten."""

    @abc.abstractmethod
    async def failure(self) -> None:
        """Wait until the ledger fails, then raise its `StorageError`."""

    # writing

    @abc.abstractmethod
    def receive(self, turn: Turn, source: str | None = None, cursor: str | None = None) -> None:
        """Queue a new turn and the cursor that it came with. Nothing happens when (account, event id) is known."""

    @abc.abstractmethod
    def save(self, turn: Turn) -> None:
        """Queue the present state of the turn."""

    @abc.abstractmethod
    def work_again(self, turn: Turn) -> None:
        """Queue the turn as it is now, after it was over or aside: it is found again after a restart."""

    @abc.abstractmethod
    def rewrite(self, turn: Turn) -> None:
        """Queue the event, the rule and the trust of a turn: its source was edited on the platform, or it was decided
        anew."""

    @abc.abstractmethod
    def receipt(self, turn: Turn, part: int) -> None:
        """Queue the receipt of a part, so that the post can be found by its platform id."""

    @abc.abstractmethod
    def move_cursor(self, account: str, source: str, cursor: str) -> None:
        """Queue a cursor; it is never committed before what was queued earlier."""

    @abc.abstractmethod
    def forget_cursors(self) -> None:
        """Queue the end of all cursors: every account begins at now, like a new one."""

    @abc.abstractmethod
    def mark(self, mark: ScheduleMark) -> None:
        """Queue how far a schedule has been looked at."""

    @abc.abstractmethod
    def pace(self, account: str, quota: Quota) -> None:
        """Queue what a platform's limit headers said."""

    @abc.abstractmethod
    def note(self, seq: int | None, what: str, why: str) -> None:
        """Queue a journal entry."""

    @abc.abstractmethod
    def pause(self, account: str, why: str) -> None:
        """Queue that nothing goes out on `account` ("*": on any) until `resume`."""

    @abc.abstractmethod
    def resume(self, account: str) -> None:
        """Queue the end of a pause."""

    @abc.abstractmethod
    def stop_speaking(self, platform: str, person: str, handle: str, *, at: int) -> None:
        """Queue that a person wants to be left alone on a platform since that moment, until `speak_again`."""

    @abc.abstractmethod
    def speak_again(self, platform: str, person: str) -> None:
        """Queue that a person may be spoken to again."""

    @abc.abstractmethod
    def hand(self, account: str, conversation: str, at: int) -> None:
        """Queue that somebody wrote by hand from the bot's account in a conversation, at that moment."""

    @abc.abstractmethod
    def strike_agenda(self, id: int) -> None:
        """Queue the removal of an agenda item (because it became a turn, or by hand)."""

    @abc.abstractmethod
    def change_agenda(self, item: AgendaItem) -> None:
        """Queue the replacement of an agenda item by its id; nothing happens when it is no longer there."""

    @abc.abstractmethod
    def forget_marks(self, post: str, period: str) -> None:
        """Queue that what the entry `post` brought under this period is not told again by its marks any more."""

    @abc.abstractmethod
    def answer(self, id: int, answer: Mapping[str, Any]) -> None:
        """Queue the answer to a command. Whom a `forget` was about is not known from it any more."""

    @abc.abstractmethod
    def keep_files(self, files: Sequence[KeptFile]) -> None:
        """Queue the owner's files that are in force now, all of them; they take the place of those before. The persona
        among them is also kept as one of its versions."""

    @abc.abstractmethod
    def remember(self, name: str, value: str) -> None:
        """Queue a small fact that must be known over restarts; a later one takes the place of the one before."""

    @abc.abstractmethod
    def forget_fact(self, name: str) -> None:
        """Queue the end of one fact."""

    @abc.abstractmethod
    def forget_facts(self, beginning: str) -> None:
        """Queue the end of every fact whose name begins so."""

    @abc.abstractmethod
    def note_fact(self, fact: PersonFact, *, single: bool) -> None:
        """Queue something that a person said of himself. A `single` one takes the place of what was known of its kind
        from the same place; of one person so many are kept that a prompt can hold them, the newest."""

    @abc.abstractmethod
    def spoke(self, platform: str, person: str, at: int) -> None:
        """Queue that a person was heard of at that moment: what is kept of him is kept from then on."""

    @abc.abstractmethod
    def move_facts(self, account: str, platform: str) -> None:
        """Queue that what people said of themselves to this account was said on that platform; what is known there
        already stays."""

    @abc.abstractmethod
    def retire_facts(self, *, before: int) -> None:
        """Queue the end of what is known of everybody who was last heard of before that moment."""

    @abc.abstractmethod
    def committed(self) -> Awaitable[None]:
        """Return an awaitable that is done when everything queued so far is on disk.

        :raises StorageError: it could not be written
        """

    @abc.abstractmethod
    async def add_agenda(self, items: Sequence[AgendaItem]) -> range:
        """Store items in one commit; return their ids, in order."""

    @abc.abstractmethod
    async def bring(
        self, post: str, items: Sequence[AgendaItem], *, marks: Mapping[str, str], facts: Mapping[str, str]
    ) -> None:
        """Store what the entry `post` brought to be posted, the marks by which that is told again (mark → period, kept
        until `forget_marks`), and facts, in one commit. A mark that is known keeps its period."""

    @abc.abstractmethod
    async def forget_person(self, platform: str, person: str, *, accounts: Collection[str]) -> int:
        """Empty what the turns of a person on these accounts of a platform hold of him (texts, names, drafts, their
        entries in the journal), what the owner was told that calls him by his handle, what he said of himself, and his
        name among those who said stop; in one commit. Returns how many turns of his it was, when nothing of it is left
        in the database's files either.

        Event ids and receipts stay, so that nothing is doubled, and so does a stop. What waited for a person is over,
        as with `retire`. Turns on which work is to be done are emptied by the first `retire` that finds them at rest.
        """

    @abc.abstractmethod
    async def facts_about(self, platform: str, person: str) -> list[PersonFact]:
        """Return what a person said of himself, the newest first."""

    @abc.abstractmethod
    async def people_called(self, person: str, handle: str, *, accounts: Collection[str]) -> list[PersonKept]:
        """Return who on these accounts of a platform has this id, or is or was called so, as far as texts of him are
        kept; whether in capitals or not."""

    @abc.abstractmethod
    async def handles_of(self, person: str, *, accounts: Collection[str]) -> list[str]:
        """Return what a person with this id is or was called on these accounts, as far as texts of him are kept."""

    @abc.abstractmethod
    async def said_to(self, person: str, *, accounts: Collection[str]) -> list[Published]:
        """Return the posts that went out to what a person brought on these accounts, or to him alone, oldest first.
        When he is forgotten this is as well."""

    @abc.abstractmethod
    async def reserve(self, *, at: datetime, turn: str, model: str, micros: int, cause: Cause = NOBODYS) -> int:
        """Commit a reservation; return its id. Whose doing it is becomes a `pseudonym`, which stays when the person
        is forgotten: nobody gets a new share by that."""

    @abc.abstractmethod
    async def settle(self, id: int, micros: int) -> None:
        """Commit what the call really cost."""

    # reading

    @abc.abstractmethod
    async def at_work(self) -> list[Turn]:
        """Return the turns from `drafted` to `sending`, by `seq`."""

    @abc.abstractmethod
    async def waiting_lanes(self) -> list[tuple[str, str, int]]:
        """Return (account, lane, first seq) of every lane with received turns, by first seq."""

    @abc.abstractmethod
    async def waiting(self, lanes: Sequence[tuple[str, int]], limit: int) -> list[list[Turn]]:
        """Return, for each (lane, first seq), up to `limit` received turns from that seq on, by `seq`.

        Only those whose arrival was told (see `on_arrival`) before the call, or that were there at the opening: what is
        told later is not returned now, so nothing is taken twice.
        """

    @abc.abstractmethod
    async def turn(self, seq: int) -> Turn | None:
        """Return one turn as stored."""

    @abc.abstractmethod
    async def turns(
        self, *, states: Iterable[State] | None = None, limit: int = 50, before: int | None = None
    ) -> list[Turn]:
        """Return turns, newest first."""

    @abc.abstractmethod
    async def about_post(self, account: str, post_id: str) -> list[Turn]:
        """Return the turns at work, or aside, that answer this platform post."""

    @abc.abstractmethod
    async def in_lane(self, lane: str, *, before: int, limit: int) -> list[Turn]:
        """Return the finished and parked turns of a lane before `before`, oldest first."""

    @abc.abstractmethod
    async def own_posts(self, account: str, *, before: int, limit: int) -> list[Turn]:
        """Return the sent turns of the clock on this account before `before`, oldest first."""

    @abc.abstractmethod
    async def past(self, *, since: int) -> list[Past]:
        """Return what spoke, waits to be sent, is held or unknown, and has changed at or after `since`; in no order.
        What the owner says or is told is left out, what is said to whom says stop and to moderators, and what answers a
        command that the bot itself obeys."""

    @abc.abstractmethod
    async def spoken(self, account: str, *, up_to: int) -> tuple[int, int]:
        """Return how many (posts, replies) that an engine wrote went out on an account; counted no further than
        `up_to`. Words of the owner's files do not count, and what retention has emptied does no more."""

    @abc.abstractmethod
    async def stopped(self) -> list[Stopped]:
        """Return who wants to be left alone, by platform and handle."""

    @abc.abstractmethod
    async def hands(self, *, since: int) -> dict[tuple[str, str], int]:
        """Return (account, conversation) → when somebody last wrote there by hand, where that is not before `since`."""

    @abc.abstractmethod
    async def turn_of_post(self, account: str, post_id: str) -> int | None:
        """Return the seq of the turn that published this platform post."""

    @abc.abstractmethod
    async def seq_of_event(self, account: str, event_id: str) -> int | None:
        """Return the seq of the turn that this event became; None: it is not in the inbox."""

    @abc.abstractmethod
    async def cursors(self, account: str) -> dict[str, str]:
        """Return source → cursor."""

    @abc.abstractmethod
    async def marks(self) -> dict[str, ScheduleMark]:
        """Return schedule name → how far it has been looked at."""

    @abc.abstractmethod
    async def agenda(self, *, until: int | None = None, limit: int = 100) -> list[AgendaItem]:
        """Return agenda items by due time."""

    @abc.abstractmethod
    async def brought(self, post: str) -> list[AgendaItem]:
        """Return the agenda items that the entry `post` brought and that have not become turns, by id."""

    @abc.abstractmethod
    async def periods(self, post: str, marks: Collection[str]) -> dict[str, str]:
        """Return those of the marks that the entry `post` knows, each with its period."""

    @abc.abstractmethod
    async def next_agenda(self) -> int | None:
        """Return when the earliest agenda item is due."""

    @abc.abstractmethod
    async def quotas(self, account: str) -> list[Quota]:
        """Return what the platform's limit headers said last."""

    @abc.abstractmethod
    async def paused(self) -> dict[str, str]:
        """Return account ("*": all) → why."""

    @abc.abstractmethod
    async def spent_since(self, moment: datetime) -> int:
        """Return millionths of a dollar since `moment`; open reservations count whole."""

    @abc.abstractmethod
    def pseudonym(self, platform: str, person: str) -> str:
        """Return by what a person is known where his id must not stand: the same on every account of a platform, and
        another one in every ledger."""

    @abc.abstractmethod
    async def spent_by(self, platform: str, person: str, *, since: datetime) -> int:
        """Return millionths of a dollar of what this person has asked for since then; open reservations count whole."""

    @abc.abstractmethod
    async def spending(self, *, since: int, limit: int = 1000) -> list[SpendRow]:
        """Return paid calls, newest first."""

    @abc.abstractmethod
    async def outlays(self, *, since: datetime, until: datetime) -> list[Outlay]:
        """Return what was paid, or reserved, from `since` up to but not including `until`, the dearest first."""

    @abc.abstractmethod
    async def counts(self) -> dict[State, int]:
        """Return how many turns stand in each state."""

    @abc.abstractmethod
    async def aside(self) -> dict[State, int]:
        """Return how many turns wait for a person, by their state: held, unknown, dead. What `counts` says of them,
        found without a look at the others."""

    @abc.abstractmethod
    async def accounts(self) -> dict[str, int]:
        """Return account → how many turns it has had."""

    @abc.abstractmethod
    async def journal(self, *, seq: int | None = None, what: str | None = None, limit: int = 50) -> list[JournalEntry]:
        """Return journal entries, newest first; of one turn or of all, and of what is called so or of everything."""

    @abc.abstractmethod
    async def journal_after(self, id: int, *, limit: int = 1000) -> list[JournalEntry]:
        """Return the journal entries behind the one with this id, oldest first."""

    @abc.abstractmethod
    async def persona_versions(self) -> list[PersonaVersion]:
        """Return every version of the persona that was in force or has spoken, the one put in force last first."""

    @abc.abstractmethod
    async def kept_files(self) -> dict[str, KeptFile]:
        """Return role → the file that was in force last."""

    @abc.abstractmethod
    async def facts(self, beginning: str) -> dict[str, str]:
        """Return the facts whose names begin so."""

    @abc.abstractmethod
    def revision(self) -> object:
        """Return what is equal to what was returned before only if nothing was written to the ledger in between, by
        whomever. Costs next to nothing: whoever looks again and again reads only when it is another one."""

    @abc.abstractmethod
    async def open_commands(self) -> list[Command]:
        """Return commands without an answer, oldest first."""

    @abc.abstractmethod
    async def commands_asked(self) -> None:
        """Wait until there may be commands that `open_commands` has not returned: 0.2 s at the most after one was
        committed, and where none is a second at the most."""

    @abc.abstractmethod
    async def ask(self, name: str, arguments: Mapping[str, Any]) -> int:
        """Commit a command for whoever runs the bot; return its id."""

    @abc.abstractmethod
    async def answered(self, id: int) -> Mapping[str, Any] | None:
        """Return the answer to a command, or None while there is none."""

    @abc.abstractmethod
    async def retire(self, *, before: int, limit: int = 1000) -> int:
        """Empty the texts of up to `limit` turns that were received before `before`; return how many were emptied.

        Event ids (from which keys are made) and receipts stay, so that nothing is doubled. What waited for a person
        until then is over: held ones end stale, unknown and dead ones withdrawn. Turns on which work is to be done are
        spared until they rest. Answered commands and the journal of that age go as well, and so does
        a copy of the ledger of that age that an update made.
        """

    @abc.abstractmethod
    async def stored_posts(self, *, after: int, limit: int) -> list[StoredPost]:
        """Return up to `limit` of the turns behind seq `after` that keep the words of a post, by seq."""

    @abc.abstractmethod
    async def empty(self, seqs: Sequence[int]) -> list[int]:
        """Empty the texts of these turns as `retire` does, the drafts that were written with them in view, what is
        known of people by them, and what tools were asked for them; returns when that is committed. Those on which work
        is to be done, or that are held, are spared. Of one whose outcome is unknown the posts stay, so that it can be
        found out; a dead one is withdrawn.

        Return those of `seqs` that such a spared draft was written in view of: to be emptied again, later.
        """

    @abc.abstractmethod
    async def expire(self) -> list[Turn]:
        """End every held turn as stale whose time is over, and return them; a draft stays readable until `retire`."""
