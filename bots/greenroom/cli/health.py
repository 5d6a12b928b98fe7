"""How a bot is: gathered from its ledger, its file, and the bot itself where it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any, cast

from greenroom.cli.asking import ask, reading, runs
from greenroom.cli.costs import spent_today
from greenroom.cli.upcoming import Coming, coming_up
from greenroom.clock import SystemClock
from greenroom.policy import SWITCH
from greenroom.settings import BotFile
from greenroom.storage import State, runner_of
from greenroom_adapters.contract import ConfigurationError

__all__ = ["AccountHealth", "Health", "health_of"]

EVERY_ACCOUNT = "*"
"""Stands for all accounts where the ledger says what is paused."""
BROKEN = "The files have mistakes, so the version that was valid last is in force: `greenroom check` names them."
COMINGS = 3
"""How many of the next posts are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountHealth:
    """How one account is."""

    name: str
    platform: str
    is_live: bool
    is_connected: bool | None
    """None: nobody knows, because no bot runs or it does not answer."""
    paused: str | None
    """Why nothing goes out on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a bot is."""

    bot: str
    ledger: Path
    runner: Mapping[str, Any] | None
    """Who runs it (`pid`, `host`, `since`); None: nobody."""
    accounts: Sequence[AccountHealth]
    counts: Mapping[State, int]
    comings: Sequence[Coming]
    spent: int
    """Millionths of a dollar, today."""
    limit: int
    """Millionths of a dollar, a day."""
    needs: Sequence[str]
    """What a person must do, each a sentence with its command; none: all is well."""
    now: datetime
    zone: tzinfo


async def health_of(file: BotFile, *, start: str, is_valid: bool) -> Health:
    """Gather how a bot is; `start` is the command that starts it, and `is_valid`: no file on disk has mistakes.

    :raises StorageError: its ledger is not there or cannot be read
    """
    now = SystemClock().now()
    async with reading(file) as ledger:
        paused = await ledger.paused()
        counts = await ledger.counts()
        comings = (await coming_up(file, ledger, now=now, limit=COMINGS))[:COMINGS]
        spent = await spent_today(file, ledger)
    is_running = runs(file.store)
    connected: Mapping[str, bool] = await _connected(file) if is_running else {}
    accounts = [
        AccountHealth(
            name=name,
            platform=account.platform,
            is_live=account.live,
            is_connected=connected.get(name),
            paused=paused.get(SWITCH) or paused.get(name) or paused.get(EVERY_ACCOUNT),
        )
        for name, account in file.accounts.items()
    ]
    limit = file.limits.spend.amount.micros
    return Health(
        bot=file.bot,
        ledger=file.store.absolute(),
        runner=(runner_of(file.store) or {}) if is_running else None,
        accounts=accounts,
        counts=counts,
        comings=comings,
        spent=spent,
        limit=limit,
        needs=[
            *([] if is_valid else [BROKEN]),
            *_needs(None if is_running else start, paused.get(SWITCH), accounts, counts),
        ],
        now=now,
        zone=file.timezone,
    )


async def _connected(file: BotFile) -> Mapping[str, bool]:
    try:
        answer = await ask(file, "accounts", {})
    except ConfigurationError:
        return {}
    return cast("Mapping[str, bool]", answer.get("connected", {}))


def _needs(
    start: str | None, stopped: str | None, accounts: Sequence[AccountHealth], counts: Mapping[State, int]
) -> list[str]:
    needs: list[str] = []
    if start is not None:
        needs.append(f"It does not run: `{start}` starts it.")
    if stopped is not None:
        return [*needs, f"Everything is stopped ({stopped}): `greenroom resume` ends it."]
    for account in accounts:
        if account.paused is not None:
            needs.append(f"Nothing goes out on {account.name}: `greenroom resume {account.name}` ends the pause.")
    if held := counts.get(State.HELD, 0):
        needs.append(f"{held:,} {'draft waits' if held == 1 else 'drafts wait'} for you: `greenroom held` shows them.")
    waiting = {state: counts.get(state, 0) for state in (State.UNKNOWN, State.DEAD)}
    if any(waiting.values()):
        what = ", ".join(f"{count:,} {state.word}" for state, count in waiting.items() if count)
        needs.append(f"Something could not be brought to its end ({what}): `greenroom dead list` says why.")
    return needs
