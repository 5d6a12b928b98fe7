"""What a person can tell a bot: obeyed by the running bot, or done on its ledger alone when none runs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from typing import Any

import msgspec

from greenroom.app.accounts import must_be_an_account
from greenroom.app.catching_up import CatchingUp
from greenroom.app.coming import PostsToCome
from greenroom.app.drafting import Drafting
from greenroom.app.forgetting import forget
from greenroom.app.held import HeldDrafts
from greenroom.app.pausing import Pauses
from greenroom.app.placing import Placing
from greenroom.app.standing import standing_of
from greenroom.app.telling import say_hello
from greenroom.app.undecided import TurnsAside
from greenroom.app.undoing import Undoing
from greenroom.app.vitals import vitals_of
from greenroom.clock import Clock, from_micros
from greenroom.policy import Policy
from greenroom.scheduling.scheduler import Scheduler
from greenroom.settings import BotFile
from greenroom.storage import Ledger, Turn, accounts_in, realms_of
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import ConfigurationError, GreenroomError

__all__ = ["THAT_WAIT", "Commands"]

THAT_WAIT = frozenset({"try-tell", "standing", "take-up", "place", "undo", "draft"})
"""Commands that wait for the network, or for files to settle: whoever obeys several lets the others go first."""
_ABOUT_THE_AGENDA = frozenset({"cancel", "edit"})
"""Commands during which the running scheduler takes nothing, until what they changed is on disk."""

_Answer = Mapping[str, Any]


class Commands:
    """The commands of one bot.

    `desks`, `scheduler` and `policy` are those of the running bot; without them a command changes the ledger, and the
    bot finds the change at its next start. Every command answers with an object: `{"done": …}` or `{"error": …}`.
    """

    def __init__(
        self,
        ledger: Ledger,
        file: BotFile,
        *,
        clock: Clock,
        desks: Mapping[str, AccountDesk] | None = None,
        scheduler: Scheduler | None = None,
        catching_up: CatchingUp | None = None,
        policy: Policy | None = None,
        look: Callable[[], Awaitable[str | None]] | None = None,
        forgetting: asyncio.Lock | None = None,
    ) -> None:
        """Take the bot's parts; `look` lets the running bot look at its files, and says why they are refused;
        `forgetting` is held while somebody is forgotten."""
        self._ledger = ledger
        self._file = file
        self._clock = clock
        self._desks = desks or {}
        self._scheduler = scheduler
        self._catching_up = catching_up
        self._policy = policy
        self._look = look
        self._forgetting = forgetting or asyncio.Lock()
        self._coming = coming = PostsToCome(ledger, file, clock=clock, desks=self._desks, scheduler=scheduler)
        self._pauses = pauses = Pauses(ledger, file, desks=self._desks, policy=policy)
        self._held = held = HeldDrafts(ledger, file, clock=clock, desks=self._desks, rested=self._rested)
        aside = TurnsAside(ledger, clock=clock, desks=self._desks, rested=self._rested)
        drafting = Drafting(ledger, desks=self._desks, scheduler=scheduler)
        undoing = Undoing(ledger, desks=self._desks)
        self._placing = placing = Placing(ledger, file, desks=self._desks, policy=policy)
        self._known: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[_Answer]]] = {
            "post": coming.post,
            "fits": coming.fits,
            "wake": coming.wake,
            "cancel": coming.cancel,
            "edit": coming.edit,
            "pause": pauses.pause,
            "resume": pauses.resume,
            "stop-all": pauses.stop_all,
            "approve": held.approve,
            "refuse": held.refuse,
            "redraft": held.redraft,
            "rewrite": held.edit,
            "answer": held.answer,
            "retry": aside.retry,
            "drop": aside.drop,
            "went-out": aside.went_out,
            "draft": drafting.draft,
            "undo-look": undoing.look,
            "undo": undoing.undo,
            "place": placing.place,
            "forget": self._forget,
            "accounts": self._accounts,
            "catch-up": self._catch_up,
            "standing": self._standing,
            "take-up": self._take_up,
            "try-tell": self._try_tell,
        }

    def use(self, file: BotFile) -> None:
        """Take over an edited file."""
        self._file = file
        self._coming.use(file)
        self._pauses.use(file)
        self._held.use(file)
        self._placing.use(file)

    async def obey(self, name: str, arguments: Mapping[str, Any], *, command: int | None = None) -> _Answer:
        """Do what was asked and commit it; never raises for what a person can mend.

        `command` is the row that asked. Its answer is committed together with what was done, so a command is not done
        again when the bot dies in between.
        """
        async with self._coming.nothing_taken() if name in _ABOUT_THE_AGENDA else nullcontext():
            try:
                answer = await self._known.get(name, self._unknown)(
                    arguments if command is None else {**arguments, "command": command}
                )
            except GreenroomError as error:
                answer = {"error": str(error)}
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                # the row was written by another process, perhaps of another version; it must not end the bot
                answer = {"error": f"`{name}` cannot be understood: {type(error).__name__}: {error}"}
            if command is not None:
                self._ledger.answer(command, answer)
            await self._ledger.committed()
        if name in _ABOUT_THE_AGENDA and self._scheduler is not None:
            self._scheduler.wake()
        return answer

    async def _unknown(self, arguments: Mapping[str, Any]) -> _Answer:
        raise ConfigurationError("the running bot does not know this command: it is of another version, restart it")

    async def _accounts(self, arguments: Mapping[str, Any]) -> _Answer:
        """Say of each account whether its platform has let it in, and how it is; and why everything rehearses, whatever
        their files say (None: it does not)."""
        now = self._clock.micros()
        return {
            "done": "looked",
            "connected": {name: desk.is_connected for name, desk in self._desks.items()},
            "vitals": {name: msgspec.to_builtins(vitals_of(desk, now=now)) for name, desk in self._desks.items()},
            "strayed": self._strayed(),
        }

    async def _forget(self, arguments: Mapping[str, Any]) -> _Answer:
        """`platform` (or server of it) and `person`: forget him, as he could have it himself."""
        platform = str(arguments["platform"])
        platforms = {name: account.platform for name, account in self._file.accounts.items()}
        async with self._forgetting:
            turns = await forget(
                self._ledger,
                self._desks,
                self._policy,
                accounts=accounts_in(await realms_of(self._ledger, platforms), platform),
                platform=platform,
                person=str(arguments["person"]),
            )
        return {"done": "forgotten", "turns": turns}

    async def _take_up(self, arguments: Mapping[str, Any]) -> _Answer:
        """Look at the edited files now. Say which accounts are live by what is in force then, why the files on disk are
        not in force (None: they are), and why everything rehearses, whatever they say (None: it does not)."""
        refused = None if self._look is None else await self._look()
        return {
            "done": "looked",
            "live": {name: account.live for name, account in self._file.accounts.items()},
            "refused": refused,
            "strayed": self._strayed(),
        }

    def _strayed(self) -> str | None:
        return None if self._ledger.strayed is None else self._ledger.strayed.why

    async def _standing(self, arguments: Mapping[str, Any]) -> _Answer:
        """`account`: ask its platform how it stands."""
        account = str(arguments["account"])
        desk = self._desks.get(account)
        if desk is None:
            raise ConfigurationError(f"the running bot has no account `{account}` yet: restart it")
        if not desk.is_connected:
            why = desk.pacer.paused or "its platform has not let it in yet"
            raise ConfigurationError(f"the running bot is not signed in there: {why}")
        standing = await standing_of(desk.adapter, self._file, account, now=self._clock.now())
        return {"done": "looked", "standing": msgspec.to_builtins(standing)}

    async def _try_tell(self, arguments: Mapping[str, Any]) -> _Answer:
        """Say once, where the owner will be told what needs him, that this is the place."""
        to = self._file.tell
        desk = None if to is None else self._desks.get(to.account)
        if to is None or desk is None:
            raise ConfigurationError("the running bot has nobody to tell: its file says no `tell` yet")
        return {"done": await say_hello(self._ledger, to, desk, now=self._clock.micros())}

    async def _catch_up(self, arguments: Mapping[str, Any]) -> _Answer:
        """`account` and `step`: `begin` (with `since` in microseconds), `look` or `take`; the work goes on behind."""
        account = str(arguments["account"])
        must_be_an_account(self._file, account)
        if self._catching_up is None:
            raise ConfigurationError(
                "only a running bot can catch up: start it with `greenroom run`, then say it again"
            )
        match arguments["step"]:
            case "begin":
                self._catching_up.begin(account, from_micros(int(arguments["since"])))
            case "take":
                self._catching_up.take(account)
            case _:
                pass
        return {"done": "looked", **self._catching_up.look(account)}

    def _rested(self, turn: Turn) -> None:
        """Tell the running bot that a turn has ended here."""
        if self._policy is not None:
            self._policy.rested(turn)
        if (desk := self._desks.get(turn.account)) is not None:
            desk.ended(turn)
