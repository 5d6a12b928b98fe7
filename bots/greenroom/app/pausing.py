"""What a person holds back: one account, all of them, or everything by the switch; until he lets it go on."""

from collections.abc import Mapping
from typing import Any

from greenroom.app.accounts import account_or_all, desks_of
from greenroom.delivery import forget_block
from greenroom.policy import EVERY_ACCOUNT, SWITCH, Policy
from greenroom.settings import BotFile
from greenroom.storage import Ledger
from greenroom.telemetry import get_log
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import ConfigurationError

__all__ = ["Pauses"]


class Pauses:
    """The pauses of one bot. Changes are queued with the ledger; whoever calls waits for the commit.

    `desks` and `policy` are those of the running bot: there a pause begins and ends at once.
    """

    def __init__(
        self, ledger: Ledger, file: BotFile, *, desks: Mapping[str, AccountDesk], policy: Policy | None
    ) -> None:
        self._ledger = ledger
        self._file = file
        self._desks = desks
        self._policy = policy

    def use(self, file: BotFile) -> None:
        """Take over an edited file."""
        self._file = file

    def _note(self, event: str, detail: str) -> None:
        self._ledger.note(None, event, detail)
        if self._policy is not None:
            get_log().bind(bot=self._file.bot).warning(event, what=detail)

    async def pause(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`account` (none: all) and `why`. Nothing goes out there until `resume`."""
        account = account_or_all(self._file, arguments)
        why = str(arguments.get("why") or "paused by hand")
        self._ledger.pause(account, why)
        self._note("paused", f"{_called(account)}: {why}")
        for desk in desks_of(self._desks, account):
            desk.pause(why)
        return {"done": "paused", "account": account}

    async def resume(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`account`; none: all, and the switch as well."""
        account = account_or_all(self._file, arguments)
        paused = await self._ledger.paused()
        if SWITCH in paused and account != EVERY_ACCOUNT:
            raise ConfigurationError("everything is stopped: `greenroom resume` without an account ends that")
        if SWITCH in paused:
            return await self._end_stop(paused)
        everywhere = paused.get(EVERY_ACCOUNT)
        if account != EVERY_ACCOUNT and everywhere is not None:
            # a pause of all becomes one of all the others
            self._ledger.resume(EVERY_ACCOUNT)
            for other in self._file.accounts:
                self._ledger.pause(other, everywhere)
        for one in [account] if account != EVERY_ACCOUNT else [EVERY_ACCOUNT, *self._file.accounts]:
            self._ledger.resume(one)
            if one != EVERY_ACCOUNT:
                await forget_block(self._ledger, one)
        self._note("resumed", _called(account))
        for desk in desks_of(self._desks, account):
            desk.resume()
        return {"done": "resumed", "account": account}

    async def _end_stop(self, paused: Mapping[str, str]) -> Mapping[str, Any]:
        """End `stop-all`; accounts that were paused by themselves stay so."""
        self._ledger.resume(SWITCH)
        if self._policy is not None:
            self._policy.switch.turn(None)
        why = {name: paused.get(name) or paused.get(EVERY_ACCOUNT) for name in self._file.accounts}
        still = {name: reason for name, reason in why.items() if reason is not None}
        for name in self._file.accounts:
            if name not in still:
                await forget_block(self._ledger, name)
        self._note("resumed", "everything" if not still else f"all but {', '.join(sorted(still))}")
        for name, desk in self._desks.items():
            if name in still:
                desk.pause(still[name])
            else:
                desk.resume()
        return {"done": "resumed", "account": EVERY_ACCOUNT, "still_paused": still}

    async def stop_all(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`why`. Throw the switch: nothing goes out anywhere, until `resume` without an account."""
        why = str(arguments.get("why") or "stopped by hand")
        # not a pause of the accounts: those that are paused already stay so afterwards
        self._ledger.pause(SWITCH, why)
        self._note("everything stopped", why)
        if self._policy is not None:
            self._policy.switch.turn(why)
        for desk in self._desks.values():
            desk.pause(why)
        return {"done": "stopped"}


def _called(account: str) -> str:
    """Return what the log calls an account, or all of them."""
    return "all accounts" if account == EVERY_ACCOUNT else account
