"""Which accounts a person means: one by its name, or all."""

from collections.abc import Mapping
from typing import Any

from greenroom.policy import EVERY_ACCOUNT
from greenroom.settings import BotFile
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import ConfigurationError

__all__ = ["account_or_all", "desks_of", "must_be_an_account"]


def must_be_an_account(file: BotFile, account: str) -> None:
    """See to it that the bot has this account.

    :raises ConfigurationError: it has not
    """
    if account not in file.accounts:
        raise ConfigurationError(f"the bot has no account `{account}`; it has: {', '.join(sorted(file.accounts))}")


def account_or_all(file: BotFile, arguments: Mapping[str, Any]) -> str:
    """Return the `account` that was named, or `EVERY_ACCOUNT` where none was.

    :raises ConfigurationError: the bot has no such account
    """
    account = str(arguments.get("account") or EVERY_ACCOUNT)
    if account != EVERY_ACCOUNT:
        must_be_an_account(file, account)
    return account


def desks_of(desks: Mapping[str, AccountDesk], account: str) -> list[AccountDesk]:
    """Return the desk of this account, or of all."""
    return [desk for name, desk in desks.items() if account in (EVERY_ACCOUNT, name)]
