"""The teller: what needs a person is told to the bot's owner, once, gathered, through the same door as everything."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from greenroom.app.in_force import InForce
from greenroom.app.notices import TOLD, Notice, lines_of, notice_of
from greenroom.clock import MICROSECOND, Clock, from_micros
from greenroom.scheduling.identity import numbered
from greenroom.settings import Person, Place
from greenroom.settings.telling import TOLD_UP_TO, UNHEARD, tell_words
from greenroom.storage import CLOCK, TELL, Due, JournalEntry, Ledger, Turn
from greenroom.telemetry import get_log
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import (
    Adapter,
    AdapterError,
    Author,
    SupportsLookup,
    Surface,
    TextLimit,
    Trust,
    Unavailable,
)
from greenroom_adapters.text import cut, fits

__all__ = ["HELLO", "Teller", "hello_turn", "nobody_is", "person_id", "say_hello", "tell_turn"]

LOOK_EVERY = 1.0
"""Seconds between two looks at the journal."""
GATHER = timedelta(seconds=30)
"""What comes within this long is told in one message."""
WORTH = timedelta(days=3)
"""How long a message waits for an account that is paused."""
PAGE = 1000
ASK_EVERY = timedelta(minutes=1)
"""How often a platform is asked for somebody whom it did not know."""
HELLO = (
    "This is where I will tell you what needs you: held drafts, lost answers, dead turns, paused accounts, money. "
    "To change it: `tell` in the bot file."
)
ASK_WITHIN = 3.0
"""Real seconds in which a platform says who somebody is."""
MOST_MESSAGES = 3
"""So many messages at once at the most; what does not fit into them is in the log."""


def tell_turn(to: Person | Place, *, person: str | None, identity: str, text: str, now: int) -> Turn:
    """Return the turn that tells `text`, received at `now` (microseconds since 1970). `person` is the stable id that a
    person is bound to; under one `identity` something is told once."""
    due = Due(
        name=TELL,
        period=identity,
        due=from_micros(now),
        say=text,
        room=to.room if isinstance(to, Place) else None,
        direct_to=person,
    )
    lane = f"{to.account}/{TELL}"
    return Turn(
        to.account,
        due.id,
        lane,
        CLOCK,
        due,
        Surface.POST if person is None else Surface.DIRECT_MESSAGE,
        TELL,
        Trust.OWNER,
        now,
        now + WORTH // MICROSECOND,
    )


async def person_id(ledger: Ledger, adapter: Adapter, to: Person) -> str | None:
    """Return the stable id behind the name of a person, bound for ever when it is asked for first; None: nobody has
    that name, or the platform cannot tell.

    :raises AdapterError: the platform cannot be asked now, or its adapter fails
    """
    name = f"person:{tell_words(to)}"
    if (known := (await ledger.facts(name)).get(name)) is not None:
        return known
    if not isinstance(adapter, SupportsLookup):
        return None
    found = await _asked(adapter, to)
    if found is None:
        return None
    ledger.remember(name, found.id)
    ledger.note(None, "bound", f"{tell_words(to)} is the person with the id {found.id}")
    await ledger.committed()
    return found.id


def nobody_is(adapter: Adapter, to: Person) -> str:
    """Return why no id stands behind the name of a person, in words that lead on."""
    if not isinstance(adapter, SupportsLookup):
        return f"{adapter.platform} cannot say who {to.who} is: name a room, or somebody on another account"
    return f"nobody on {to.account} is {to.who} yet; a running bot asks again every minute"


async def _asked(adapter: SupportsLookup, to: Person) -> Author | None:
    try:
        async with asyncio.timeout(ASK_WITHIN):
            return await adapter.person(to.who)
    except AdapterError:
        raise
    except TimeoutError as silence:
        raise Unavailable(f"{to.account} does not say who {to.who} is") from silence
    except Exception as error:  # an adapter's own bug must not end the bot
        get_log().exception("adapter failed", account=to.account)
        raise Unavailable(f"the adapter of {to.account} failed: {type(error).__name__}") from error


def hello_turn(to: Person | Place, *, ledger: str, person: str | None, now: int) -> Turn:
    """Return the turn that says, once for each place in the ledger of that id, that this is where the owner will
    hear."""
    identity = numbered(f"hello {tell_words(to)}", ledger=ledger)
    return tell_turn(to, person=person, identity=identity, text=HELLO, now=now)


async def say_hello(ledger: Ledger, to: Person | Place, desk: AccountDesk, *, now: int) -> str:
    """Let a running bot say hello where its owner will hear; return what became of that, in words.

    :raises AdapterError: the platform cannot be asked now, or its adapter fails
    """
    if not desk.is_connected:
        return f"{to.account} is not connected yet"
    person: str | None = None
    if isinstance(to, Person) and (person := await person_id(ledger, desk.adapter, to)) is None:
        return nobody_is(desk.adapter, to)
    turn = hello_turn(to, ledger=ledger.id, person=person, now=now)
    if await ledger.seq_of_event(turn.account, turn.event_id) is not None:
        return "tried before"
    desk.intake.put(turn)
    return "on its way"


class Teller:
    """Reads the journal behind a durable mark, and tells what is told.

    A message and the mark behind its last entry are in one commit: whenever the process dies, nothing is told twice
    and nothing is left out. Where nobody can be told (no `tell`, an account that rehearses or is gone) the mark moves
    all the same: it stands in the log.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        in_force: InForce,
        desks: Mapping[str, AccountDesk],
        put: Callable[[Turn], None],
        clock: Clock,
        forgetting: asyncio.Lock,
    ) -> None:
        """Take the bot's parts; `forgetting` is held while somebody is forgotten."""
        self._ledger = ledger
        self._in_force = in_force
        self._desks = desks
        self._put = put
        self._clock = clock
        self._forgetting = forgetting
        self._mark: int | None = None
        self._bound: tuple[str, str] | None = None
        """Who is to be told, as the file spells it, and the stable id behind that."""
        self._ask_again = 0
        """When the platform is asked again who that is, in microseconds since 1970."""
        self._unbound: str | None = None
        """Whom the platform does not know, so that it is noted once."""
        self._all_told_at: object = None
        """The revision of the ledger in which nothing stood behind the mark."""
        self._log = get_log()

    async def begin(self) -> int:
        """Return the mark; a bot that never told anything begins with what comes from now on. Called before anything
        can happen, so that what goes wrong in the first second is told too."""
        if self._mark is None:
            known = (await self._ledger.facts(TOLD_UP_TO)).get(TOLD_UP_TO)
            if known is None:
                newest = await self._ledger.journal(limit=1)
                self._move(newest[0].id if newest else 0)
            else:
                self._mark = int(known)
        assert self._mark is not None  # noqa: S101 - set just now
        return self._mark

    async def run(self) -> None:
        """Tell until cancelled."""
        while True:
            await self.look()
            await self._clock.beat(LOOK_EVERY)

    async def look(self) -> None:
        """Tell what has been gathered for long enough."""
        await self._bind()
        # whoever is forgotten between the reading of his turn and the message about it would be named in that
        async with self._forgetting:
            await self._look()

    async def _look(self) -> None:
        mark = await self.begin()
        revision = self._ledger.revision()
        if revision == self._all_told_at:
            return
        entries = await self._ledger.journal_after(mark, limit=PAGE)
        if not entries:
            self._all_told_at = revision
            return
        first = next((entry for entry in entries if entry.what in TOLD), None)
        if first is None:
            # nothing is lost when the mark is only in memory: all of this is passed over again
            self._mark = entries[-1].id
            if len(entries) == PAGE:
                self._move(entries[-1].id)
            return
        if self._clock.micros() < first.at + GATHER // MICROSECOND and len(entries) < PAGE:
            return
        to = self._target()
        if to is None:
            self._move(entries[-1].id)
            return
        desk = self._desks[to.account]
        if not desk.is_connected:
            return
        person: str | None = None
        if isinstance(to, Person):
            if self._bound is None or self._bound[0] != tell_words(to):
                return
            person = self._bound[1]
        lines = lines_of(await self._notices(entries, to.account))
        surface = Surface.POST if person is None else Surface.DIRECT_MESSAGE
        self._tell(lines, to, person, desk.adapter.capabilities.limits.text_on(surface), last=entries[-1].id)

    def _move(self, mark: int) -> None:
        self._mark = mark
        self._ledger.remember(TOLD_UP_TO, str(mark))

    def _target(self) -> Person | Place | None:
        file = self._in_force.file
        to = file.tell
        return to if to is not None and to.account in self._desks and file.accounts[to.account].live else None

    async def _bind(self) -> None:
        """Find out who is to be told as soon as that can be asked: somebody else may have the handle tomorrow."""
        to, now = self._target(), self._clock.micros()
        if not isinstance(to, Person) or (self._bound is not None and self._bound[0] == tell_words(to)):
            return
        desk = self._desks[to.account]
        if not desk.is_connected or now < self._ask_again:
            return
        try:
            found = await person_id(self._ledger, desk.adapter, to)
        except AdapterError as absence:
            self._log.debug("cannot ask who is to be told", why=str(absence))
            found = None
        else:
            if found is None and self._unbound != tell_words(to):
                self._unbound = tell_words(to)
                self._ledger.remember(UNHEARD, tell_words(to))
                self._log.error("nobody to tell", tell=tell_words(to), why=nobody_is(desk.adapter, to))
        if found is not None:
            self._ledger.forget_fact(UNHEARD)
            self._unbound = None
        self._bound = None if found is None else (tell_words(to), found)
        self._ask_again = 0 if found is not None else now + ASK_EVERY // MICROSECOND

    async def _notices(self, entries: Iterable[JournalEntry], account: str) -> list[Notice]:
        found: list[Notice] = []
        for entry in entries:
            if entry.what not in TOLD:
                continue
            turn = None if entry.seq is None else await self._ledger.turn(entry.seq)
            about = turn.account if turn is not None else entry.why.partition(":")[0]
            is_its_own = turn is not None and turn.rule == TELL
            # a pause of the very account that would tell it is printed only
            is_mute = entry.what == "account paused" and (about == account or about not in self._desks)
            if is_its_own or is_mute:
                continue
            if (notice := notice_of(entry, turn)) is not None:
                found.append(notice)
        return found

    def _tell(
        self, lines: Sequence[str], to: Person | Place, person: str | None, limits: tuple[TextLimit, ...], *, last: int
    ) -> None:
        """Queue the messages and the mark behind them; no `await` may come in between."""
        now = self._clock.micros()
        for number, text in enumerate(_messages(lines, limits)):
            identity = numbered(last if number == 0 else f"{last}-{number}", ledger=self._ledger.id)
            self._put(tell_turn(to, person=person, identity=identity, text=text, now=now))
        self._move(last)


def _messages(lines: Sequence[str], limits: tuple[TextLimit, ...]) -> list[str]:
    """Return as few messages as hold all lines, each whole in one; of many only the first, with how many more are in
    the log."""
    messages: list[list[str]] = []
    for line in lines:
        line = line if fits(line, limits) else cut(line, limits)
        if messages and fits("\n".join((*messages[-1], line)), limits):
            messages[-1].append(line)
        else:
            messages.append([line])
    if len(messages) > MOST_MESSAGES:
        last = messages[MOST_MESSAGES - 1]
        left = sum(map(len, messages[MOST_MESSAGES:]))
        while last and not fits("\n".join((*last, _more(left))), limits):
            last.pop()
            left += 1
        last.append(_more(left))
    return ["\n".join(message) for message in messages[:MOST_MESSAGES]]


def _more(count: int) -> str:
    return f"… and {count} more: greenroom log"
