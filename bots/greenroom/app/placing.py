"""Where the bot is to be: what its owner decides about rooms and servers of strangers."""

from collections.abc import Mapping
from typing import Any

from greenroom.app.accounts import must_be_an_account
from greenroom.policy import Policy, Standing
from greenroom.settings import BotFile
from greenroom.storage import Ledger
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import ConfigurationError, PostRejected, SupportsEntering, SupportsLeaving

__all__ = ["Placing"]


class Placing:
    """The decisions of one bot's owner. They reach a platform, so only a running bot obeys them."""

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

    async def place(self, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """`account`, `room` (id of a room or server) and `standing`: stay, listen or leave."""
        account, room = str(arguments["account"]), str(arguments["room"])
        standing = Standing(arguments["standing"])
        must_be_an_account(self._file, account)
        desk = self._desks.get(account)
        if self._policy is None or desk is None or not desk.is_connected:
            raise ConfigurationError(
                f"only a running bot that is signed in on {account} can do that: start it with `greenroom run`, "
                "then say it again"
            )
        adapter, strangers = desk.adapter, self._policy.strangers
        if not strangers.knows(account, room):
            raise ConfigurationError(
                f"nobody else has taken the bot to {account}/{room}: `greenroom rooms` lists the places that this is "
                "about, by their ids; what it does in rooms of yours is said by `rooms` in its file"
            )
        try:
            if standing is Standing.LEAVE:
                if not isinstance(adapter, SupportsLeaving):
                    raise ConfigurationError(f"a bot cannot leave by itself on {account}: take it out by hand")
                await adapter.leave(room)
            elif strangers.is_invited(account, room) and isinstance(adapter, SupportsEntering):
                await adapter.enter(room)
        except PostRejected as refused:
            raise ConfigurationError(f"the platform does not let it: {refused}") from refused
        strangers.decide(account, room, standing)
        self._ledger.note(None, "placed", f"{account}/{room}: {standing}")
        return {"done": str(standing), "place": f"{account}/{room}"}
