"""How a bot is: gathered from its ledger, its file, and the bot itself where it runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

import msgspec

from greenroom.cli.asking import ask, reading, runs
from greenroom.cli.costs import spent_today
from greenroom.cli.upcoming import Coming, coming_up
from greenroom.clock import SystemClock, from_micros
from greenroom.observation.health import AccountHealth, condition_of
from greenroom.scheduling.scheduler import SLEPT
from greenroom.settings import BotFile
from greenroom.storage import Ledger, State, runner_of
from greenroom.stores import place_of
from greenroom.telemetry import Vitals
from greenroom_adapters.contract import ConfigurationError

__all__ = ["Health", "health_of"]

WEEK = timedelta(days=7)
COMINGS = 3
"""How many of the next posts are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a bot is."""

    bot: str
    ledger: str
    runner: Mapping[str, Any] | None
    """Who runs it (`pid`, `host`, `since`); None: nobody."""
    accounts: Sequence[AccountHealth]
    counts: Mapping[State, int]
    comings: Sequence[Coming]
    spent: int
    """Millionths of a dollar, today."""
    limit: int
    """Millionths of a dollar, a day."""
    slept: tuple[datetime, datetime] | None
    """From when to when nothing ran last, in the last week, although the bot did: the machine slept."""
    needs: Sequence[str]
    """What a person must do, each a sentence with its command; none: all is well."""
    now: datetime
    zone: tzinfo


async def health_of(file: BotFile, *, start: str, is_valid: bool) -> Health:
    """Gather how a bot is; `start` is the command that starts it, and `is_valid`: no file on disk has mistakes.

    :raises StorageError: its ledger is not there or cannot be read
    """
    clock = SystemClock()
    now = clock.now()
    is_running = runs(file)
    answer = await _answer(file) if is_running else None
    async with reading(file) as ledger:
        condition = await condition_of(
            file,
            ledger,
            now=clock.micros(),
            vitals=None if answer is None else msgspec.convert(answer.get("vitals", {}), dict[str, Vitals]),
            is_valid=is_valid,
            strayed=_strayed(ledger, answer, is_running=is_running),
            start=None if is_running else start,
        )
        counts = await ledger.counts()
        comings = (await coming_up(file, ledger, now=now, limit=COMINGS))[:COMINGS]
        spent = await spent_today(file, ledger)
        slept = _slept((await ledger.facts(SLEPT)).get(SLEPT), now)
    return Health(
        bot=file.bot,
        ledger=place_of(file.store),
        runner=(runner_of(file.store, file.bot) or {}) if is_running else None,
        accounts=condition.accounts,
        counts=counts,
        comings=comings,
        spent=spent,
        limit=file.limits.spend.amount.micros,
        slept=slept,
        needs=condition.needs,
        now=now,
        zone=file.timezone,
    )


def _slept(fact: str | None, now: datetime) -> tuple[datetime, datetime] | None:
    """Return when nothing ran although the bot did, if that was in the last week."""
    if fact is None:
        return None
    since, until = (from_micros(int(moment)) for moment in fact.split())
    return (since, until) if now - until < WEEK else None


async def _answer(file: BotFile) -> Mapping[str, Any] | None:
    """Return what the running bot says of its accounts and itself; None: it does not answer."""
    try:
        return await ask(file, "accounts", {})
    except ConfigurationError:
        return None


def _strayed(ledger: Ledger, answer: Mapping[str, Any] | None, *, is_running: bool) -> str | None:
    """Return why everything rehearses. A running bot knows that better than we: it may be in a container, to which the
    same file has another number and the machine no name."""
    if is_running:
        return None if answer is None else answer.get("strayed")
    return None if ledger.strayed is None else ledger.strayed.why
