"""What the running bot does when somebody gives it a command on a platform, and what it says to that."""

from collections.abc import Callable, Mapping

from greenroom.app.commands import Commands
from greenroom.app.forgetting import forget
from greenroom.personas import Persona
from greenroom.policy import ABOUT, FORGET_ME, ORDERS, OWNERS, PAUSE, RESUME, Budget, Policy
from greenroom.settings import BotFile
from greenroom.storage import Ledger, State, Turn, author_of, room_of
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import AdapterError, SupportsCommands, SupportsLookup, TextEvent, Trust

__all__ = ["Obeying"]

NOT_YOURS = "That is for my owner alone."
FORGOTTEN = (
    "I have forgotten what you wrote to me, what I answered, and your name. What stands on this platform stays there. "
    "If you write to me again, I begin anew."
)
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
        file: Callable[[], BotFile],
        persona: Callable[[], Persona],
        policy: Policy,
        budget: Budget,
        commands: Callable[[], Commands],
    ) -> None:
        self._ledger = ledger
        self._desks = desks
        self._file = file
        self._persona = persona
        self._policy = policy
        self._budget = budget
        self._commands = commands

    async def obey(self, turn: Turn) -> str:
        """Do what a turn asks for (`is_command`), and return what is said to that."""
        if turn.rule in OWNERS:
            return await self._obey_owner(turn) if turn.trust is Trust.OWNER else NOT_YOURS
        if turn.rule in ORDERS:
            # what can be obeyed is under a rule of its own
            return NOT_READ if self._keeps_order(turn) else NOT_HERE
        if turn.rule == FORGET_ME:
            if (author := author_of(turn.event)) is not None:
                file = self._file()
                platform = file.accounts[turn.account].platform
                await forget(
                    self._ledger,
                    self._desks,
                    self._policy,
                    file=file,
                    platform=platform,
                    person=author.id,
                    asked=turn,
                )
            persona = self._persona()
            return (
                persona.line(
                    persona.lines.forgotten, turn.event.language if isinstance(turn.event, TextEvent) else None
                )
                or FORGOTTEN
            )
        assert turn.rule == ABOUT, turn.rule  # noqa: S101 - there are no others
        return await self._about(turn)

    def _keeps_order(self, turn: Turn) -> bool:
        return room_of(turn.event) is not None and turn.trust in (Trust.MODERATOR, Trust.OWNER)

    async def _about(self, turn: Turn) -> str:
        """Say that it is a bot, whose, and which words it understands."""
        lines = [self._persona().disclosure_line]
        if owners := await self._owners(turn.account):
            lines.append(f"I belong to {' and '.join(owners)}.")
        lines.append('Say "stop" and I leave you alone; say "start" and I answer you again.')
        if isinstance(self._desks[turn.account].adapter, SupportsCommands):
            lines.append("/forget-me lets me forget what you wrote and who you are.")
        return "\n".join(lines)

    async def _owners(self, account: str) -> list[str]:
        """Return what people call the bot's owners on this account."""
        adapter, found = self._desks[account].adapter, list[str]()
        for owner in self._file().people.owner:
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
        file, counts = self._file(), await self._ledger.counts()
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
