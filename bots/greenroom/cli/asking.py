"""Telling a bot what to do, whether it runs or not, and reading its ledger beside it."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from greenroom.clock import SystemClock
from greenroom.settings import BotFile
from greenroom.storage import (
    AlreadyRunning,
    Ledger,
    LedgerBroken,
    State,
    StorageError,
    Turn,
    has_ledger,
    is_running,
    open_ledger,
)
from greenroom_adapters.contract import ConfigurationError

__all__ = ["ask", "come_to_rest", "is_there", "reading", "runs", "wake", "writing_agenda"]

PATIENCE = 5.0
"""Seconds in which a running bot must answer; it looks ten times a second."""
LOOK = 0.05
"""Seconds between two looks at the answer."""


def is_there(file: BotFile) -> bool:
    """Say whether the bot has a ledger.

    :raises StorageError: its database cannot be asked
    """
    return has_ledger(file.store, file.bot)


def runs(file: BotFile) -> bool:
    """Say whether the bot runs now.

    :raises StorageError: its database cannot be asked
    """
    if not is_there(file):
        return False
    try:
        return is_running(file.store, file.bot)
    except sqlite3.Error:
        # the folder cannot be written, so nothing runs in it that could write; opening the ledger says the rest
        return False


def reading(file: BotFile) -> Ledger:
    """Return the bot's ledger for reading, also beside the running bot.

    Entering it raises `StorageError` where there is none yet, or where it cannot be read.
    """
    return open_ledger(file.store, bot=file.bot, clock=SystemClock(), beside=True)


@contextlib.asynccontextmanager
async def writing_agenda(file: BotFile) -> AsyncGenerator[Ledger, None]:
    """Open the bot's ledger to put posts down: beside the running bot, else in its place (a new one is made)."""
    ledger = open_ledger(file.store, bot=file.bot, clock=SystemClock(), beside=runs(file))
    async with ledger:
        yield ledger


async def ask(
    file: BotFile, name: str, arguments: Mapping[str, Any], *, makes: bool = False, patience: float = PATIENCE
) -> Mapping[str, Any]:
    """Have a command obeyed and return its answer: by the running bot, or on its ledger when none runs.

    A ledger that is not there is made only with `makes`. `patience`: seconds in which a running bot must answer.

    :raises ConfigurationError: the command cannot be obeyed, or the running bot does not answer
    :raises StorageError: the ledger cannot be used
    """
    if not makes and not is_there(file):
        raise LedgerBroken(f"{file.store}: there is no ledger yet; `greenroom run {file.bot}` makes it")
    is_running = runs(file)
    answer = await (_beside(file, name, arguments, patience) if is_running else _in_its_place(file, name, arguments))
    if "error" in answer:
        raise ConfigurationError(str(answer["error"]))
    return answer


async def come_to_rest(file: BotFile, seq: int) -> Turn | None:
    """Return a turn when it has come to rest; None when that takes longer than somebody waits for.

    :raises StorageError: its ledger cannot be read
    """
    async with reading(file) as ledger:
        for _ in range(round(PATIENCE / LOOK)):
            turn = await ledger.turn(seq)
            if turn is not None and turn.state >= State.HELD:
                return turn
            await asyncio.sleep(LOOK)
    return None


async def wake(file: BotFile) -> None:
    """Let a running bot look at the posts to come; it looks by itself within a minute where this does not reach it."""
    if runs(file):
        with contextlib.suppress(ConfigurationError, StorageError):
            await ask(file, "wake", {})


async def _in_its_place(file: BotFile, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    from greenroom.app import Commands  # the dearest import of all, and beside a running bot nobody needs it

    ledger = open_ledger(file.store, bot=file.bot, clock=SystemClock())
    try:
        async with ledger:
            return await Commands(ledger, file, clock=SystemClock()).obey(name, arguments)
    except AlreadyRunning:
        # it was started just now
        return await _beside(file, name, arguments, PATIENCE)


async def _beside(file: BotFile, name: str, arguments: Mapping[str, Any], patience: float) -> Mapping[str, Any]:
    async with reading(file) as ledger:
        number = await ledger.ask(name, arguments)
        looks = round(patience / LOOK)
        for _ in range(looks):
            if (answer := await ledger.answered(number)) is not None:
                return answer
            await asyncio.sleep(LOOK)
    if runs(file):
        raise ConfigurationError(
            f"the running bot has not answered within {patience:.0f} seconds: it is busy or hangs. "
            "The command stays in its ledger and is obeyed when it looks again, or when it is started again"
        )
    raise ConfigurationError(
        "the bot stopped before it answered. The command stays in its ledger and is obeyed at the next `greenroom run`"
    )
