"""What the running bot does when somebody gives it a command on a platform, and what it says to that."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from greenroom.app.commands import Commands
from greenroom.app.forgetting import forget
from greenroom.app.in_force import InForce
from greenroom.clock import MICROSECOND, Clock, from_micros
from greenroom.memory import audience_of
from greenroom.policy import ABOUT, FORGET_ME, ORDERS, OWNERS, PAUSE, RESUME, WHAT_YOU_KNOW, Budget, Policy
from greenroom.storage import Audience, Ledger, State, Turn, author_of, room_of
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import (
    Adapter,
    AdapterError,
    CommandGiven,
    SupportsCommands,
    SupportsLookup,
    TextEvent,
    Trust,
)

__all__ = ["Obeying"]

K = TypeVar("K")

NOT_YOURS = "That is for my owner alone."
FORGOTTEN = (
    "I have forgotten what you wrote to me, what I answered, and your name. What stands on this platform stays there. "
    "If you write to me again, I begin anew."
)
NOTHING = "I keep nothing that you said of yourself."
_WHERE = {Audience.EVERYBODY: "in public", Audience.ROOM: "in a room", Audience.PERSON: "to me alone"}
TOLD_EVERY = timedelta(minutes=10) // MICROSECOND
MOST_TOLD = 1_000
PAUSED = "I say nothing more here until you tell me to go on: /resume."
RESUMED = "I go on."
NOT_HERE = "That is for those who keep order in a room, and is said there."
NOT_READ = "I do not understand how long. Write it like: 2 hours."


class Obeying:
    """Obeys. Doing the same once more, after a crash, does no harm."""

    def __init__(
        self,
        ledger: Ledger,
        desks: Mapping[str, AccountDesk],
        *,
        in_force: InForce,
        policy: Policy,
        budget: Budget,
        commands: Callable[[], Commands],
        clock: Clock,
        forgetting: asyncio.Lock,
    ) -> None:
        """Take the bot's parts; `forgetting` is held while somebody is forgotten."""
        self._ledger = ledger
        self._desks = desks
        self._in_force = in_force
        self._policy = policy
        self._budget = budget
        self._commands = commands
        self._clock = clock
        self._told: dict[tuple[str, str, str], int] = {}
        """What was asked, platform and person → when he was told last."""
        self._forgetting = forgetting
        self._forgotten: dict[tuple[str, str], int] = {}
        """Platform and person → when forgetting him began last."""

    async def obey(self, turn: Turn) -> str:
        """Do what a turn asks for (`is_command`), and return what is said to that."""
        if turn.rule in OWNERS:
            return await self._obey_owner(turn) if turn.trust is Trust.OWNER else NOT_YOURS
        if turn.rule in ORDERS:
            # what can be obeyed is under a rule of its own
            return NOT_READ if self._keeps_order(turn) else NOT_HERE
        if turn.rule == WHAT_YOU_KNOW:
            return await self._known(turn)
        if turn.rule == FORGET_ME:
            return await self._forget(turn)
        assert turn.rule == ABOUT, turn.rule  # noqa: S101 - there are no others
        return await self._about(turn)

    def _keeps_order(self, turn: Turn) -> bool:
        return room_of(turn.event) is not None and turn.trust in (Trust.MODERATOR, Trust.OWNER)

    async def _forget(self, turn: Turn) -> str:
        """Forget whoever asks, as often as he asks; in words he is told so once in a while, so that nobody makes the
        bot talk by it."""
        event, author = turn.event, author_of(turn.event)
        if author is not None:
            adapter = self._desks[turn.account].adapter
            person = (adapter.realm, author.id)
            async with self._forgetting:
                # what came in before the last forgetting began is gone with it: reading all turns once more is no use
                if turn.received >= self._forgotten.get(person, 0):
                    _bounded(self._forgotten)[person] = self._clock.micros()
                    await forget(
                        self._ledger,
                        self._desks,
                        self._policy,
                        accounts=self._accounts_with(adapter),
                        platform=adapter.realm,
                        person=author.id,
                        asked=turn,
                    )
            if not isinstance(event, CommandGiven) and self._was_told(turn, *person):
                return ""
        persona = self._in_force.persona
        language = event.language if isinstance(event, TextEvent) else None
        return persona.line(persona.lines.forgotten, language) or FORGOTTEN

    def _accounts_with(self, adapter: Adapter) -> list[str]:
        """Return the accounts on which the people of one are the same."""
        return [name for name, desk in self._desks.items() if desk.adapter.realm == adapter.realm]

    def _was_told(self, turn: Turn, platform: str, person: str) -> bool:
        """Tell whether somebody was answered this a moment ago, and note that he is now."""
        asked = (turn.rule, platform, person)
        last = self._told.get(asked)
        if last is not None and turn.received - last < TOLD_EVERY:
            return True
        _bounded(self._told)[asked] = turn.received
        return False

    async def _known(self, turn: Turn) -> str:
        """Say what is kept of whoever asks: all of it where he alone reads it, else how much. In public nobody is told
        again at once."""
        event, author = turn.event, author_of(turn.event)
        if not isinstance(event, TextEvent) or author is None:
            return ""
        file = self._in_force.file
        adapter = self._desks[turn.account].adapter
        facts = await self._ledger.facts_about(adapter.realm, author.id)
        count = "1 thing" if len(facts) == 1 else f"{len(facts)} things"
        audience, _ = audience_of(event, turn.account)
        # also behind /ask, whose answer everybody in the room reads
        if audience is not Audience.PERSON:
            if self._was_told(turn, adapter.realm, author.id):
                return ""
            return f"I keep {count} of you. Ask me where nobody else reads it, and I say which." if facts else NOTHING
        kept = await self._ledger.people_called(author.id, "", accounts=self._accounts_with(adapter))
        lines = [
            f"- {fact.kind}: {fact.text} (said {_WHERE[fact.audience]}, "
            f"{from_micros(fact.said).astimezone(file.timezone):%Y-%m-%d})"
            for fact in facts
        ]
        turns = sum(one.turns for one in kept)
        days = file.keep.days
        texts = f"What we wrote to each other I keep for {days} days: {turns} of your messages." if turns else ""
        end = 'Say "forget me", and all of that is gone.' if facts or turns else ""
        head = f"I keep {count} of you:" if facts else NOTHING
        return "\n".join(filter(None, (head, *lines, texts, end)))

    async def _about(self, turn: Turn) -> str:
        """Say that it is a bot, whose, and which words it understands."""
        lines = [self._in_force.persona.disclosure_line]
        if owners := await self._owners(turn.account):
            lines.append(f"I belong to {' and '.join(owners)}.")
        lines.append('Say "stop" and I leave you alone; say "start" and I answer you again.')
        if isinstance(self._desks[turn.account].adapter, SupportsCommands):
            lines.append("/forget-me lets me forget what you wrote and who you are.")
        return "\n".join(lines)

    async def _owners(self, account: str) -> list[str]:
        """Return what people call the bot's owners on this account."""
        adapter, found = self._desks[account].adapter, list[str]()
        for owner in self._in_force.file.people.owner:
            if owner.account != account:
                continue
            if owner.who.startswith("@"):
                found.append(owner.who)
            elif isinstance(adapter, SupportsLookup):
                try:
                    known = await adapter.person(owner.who)
                except AdapterError:
                    continue
                if known is not None:
                    found.append(f"@{known.handle}")
        return found

    async def _obey_owner(self, turn: Turn) -> str:
        if turn.rule in (PAUSE, RESUME):
            arguments = {"account": turn.account, "why": "paused by its owner's command"}
            answer = await self._commands().obey(turn.rule.removeprefix("/"), arguments)
            return str(answer["error"]) if "error" in answer else PAUSED if turn.rule == PAUSE else RESUMED
        return await self._status()

    async def _status(self) -> str:
        """Say of each account how it is, what waits for a person, and what today has cost."""
        file, counts = self._in_force.file, await self._ledger.counts()
        lines: list[str] = []
        for name, account in file.accounts.items():
            desk = self._desks.get(name)
            if desk is None:
                continue
            how = "connected" if desk.is_connected else "not connected"
            if desk.pacer.paused is not None:
                how = f"paused ({desk.pacer.paused})"
            lines.append(f"{name}: {how}{'' if account.live else ', rehearsing'}")
        states = (State.SENT, State.HELD, State.UNKNOWN, State.DEAD)
        lines.append(", ".join(f"{counts.get(state, 0):,} {state.word}" for state in states))
        limit = file.limits.spend.amount.micros
        lines.append(f"today: ${await self._budget.spent() / 1e6:.2f} of ${limit / 1e6:.2f}")
        return "\n".join(lines)


def _bounded(known: dict[K, int]) -> dict[K, int]:
    """Return the same, emptied where it has grown too large."""
    if len(known) >= MOST_TOLD:
        known.clear()
    return known
