"""The ledger's port: what every store promises, whatever database stands behind it."""

import abc
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import msgspec

from greenroom.storage.turn import Due, State, Turn
from greenroom_adapters.contract import Quota

__all__ = ["AgendaItem", "Command", "JournalEntry", "Ledger", "ScheduleMark", "SpendRow"]


class AgendaItem(msgspec.Struct, frozen=True, kw_only=True):
    """A single post that somebody put down for a time to come."""

    id: int
    """0 before it is stored."""
    due: int
    """Microseconds since 1970."""
    late: int
    """Microseconds after `due` in which it is still worth posting."""
    account: str
    event: Due


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What somebody typed beside the running bot."""

    id: int
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One remarkable moment of a turn or of the bot, in words."""

    at: int
    seq: int | None
    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpendRow:
    """One paid call."""

    at: int
    turn: str
    model: str
    reserved: int
    settled: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleMark:
    """How far a schedule has been looked at."""

    name: str
    until: int | None
    """Microseconds since 1970: everything due up to here is decided; None: nothing ever was."""
    form: str
    """What its periods are; under another form they have other names."""
    present: bool
    """It stands in the file; False: it vanished, and is remembered in case it returns."""


class Ledger(abc.ABC):
    """The durable record of events, turns, receipts, cursors and money. An async context manager.

    **Writing.** The methods that return nothing *queue* a change; everything queued without an `await` in between goes
    into one commit, in the order inbox, turns, receipts, cursors, the rest. `await committed()` returns when all that
    was queued before the call is on disk. A turn is stored as it is when its group goes to the writer, once however
    often it was saved: so change a turn and `save` it without an `await` in between. One process writes; its turns get
    their `seq` here, in order of arrival.

    **Failing.** When a commit fails, every waiter gets `StorageError`, and so does every later call: the bot must stop.
    """

    @abc.abstractmethod
    async def __aenter__(self) -> Self:
        """Open and migrate.

        :raises AlreadyRunning: another process runs on it
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
        """Queue the event of a turn whose source was edited on the platform."""

    @abc.abstractmethod
    def receipt(self, turn: Turn, part: int) -> None:
        """Queue the receipt of a part, so that the post can be found by its platform id."""

    @abc.abstractmethod
    def move_cursor(self, account: str, source: str, cursor: str) -> None:
        """Queue a cursor; it is never committed before what was queued earlier."""

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
    def strike_agenda(self, id: int) -> None:
        """Queue the removal of an agenda item (because it became a turn, or by hand)."""

    @abc.abstractmethod
    def answer(self, id: int, answer: Mapping[str, Any]) -> None:
        """Queue the answer to a command."""

    @abc.abstractmethod
    def committed(self) -> Awaitable[None]:
        """Return an awaitable that is done when everything queued so far is on disk.

        :raises StorageError: it could not be written
        """

    @abc.abstractmethod
    async def add_agenda(self, items: Sequence[AgendaItem]) -> range:
        """Store items in one commit; return their ids, in order."""

    @abc.abstractmethod
    async def change_agenda(self, item: AgendaItem) -> bool:
        """Replace an item by its id; False when it is no longer there."""

    @abc.abstractmethod
    async def reserve(self, *, at: datetime, turn: str, model: str, micros: int) -> int:
        """Commit a reservation; return its id."""

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
    async def turn_of_post(self, account: str, post_id: str) -> int | None:
        """Return the seq of the turn that published this platform post."""

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
    async def spending(self, *, since: int, limit: int = 1000) -> list[SpendRow]:
        """Return paid calls, newest first."""

    @abc.abstractmethod
    async def counts(self) -> dict[State, int]:
        """Return how many turns stand in each state."""

    @abc.abstractmethod
    async def journal(self, *, seq: int | None = None, limit: int = 50) -> list[JournalEntry]:
        """Return journal entries, newest first; of one turn, or of all."""

    @abc.abstractmethod
    async def open_commands(self) -> list[Command]:
        """Return commands without an answer, oldest first."""

    @abc.abstractmethod
    async def ask(self, name: str, arguments: Mapping[str, Any]) -> int:
        """Commit a command for whoever runs the bot; return its id."""

    @abc.abstractmethod
    async def answered(self, id: int) -> Mapping[str, Any] | None:
        """Return the answer to a command, or None while there is none."""

    @abc.abstractmethod
    async def retire(self, *, before: int, limit: int = 1000) -> int:
        """Empty the texts of up to `limit` finished turns older than `before`; return how many were emptied.

        Event ids (from which keys are made) and receipts stay, so that nothing is doubled. Answered commands and the
        journal of that age go as well.
        """
