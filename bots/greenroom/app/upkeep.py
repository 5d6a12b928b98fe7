"""What a running bot does for its ledger again and again: obeys what was asked, ends what waited too long, empties."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from greenroom.app.commands import THAT_WAIT, Commands
from greenroom.app.in_force import InForce
from greenroom.clock import MICROSECOND, Clock
from greenroom.delivery import Shelf
from greenroom.storage import Command, Ledger, Turn, empty_gone

__all__ = ["expire_for_ever", "obey_for_ever", "retire_for_ever"]

RETIRE_EVERY = 3600.0
"""Seconds between two rounds of retention."""
EXPIRE_EVERY = 60.0
"""Seconds between two looks at what is held for too long."""


async def obey_for_ever(ledger: Ledger, commands: Commands) -> None:
    """Obey what is typed beside the bot; what has to wait does not keep the others waiting."""
    asking: set[int] = set()

    async def obey(command: Command) -> None:
        await commands.obey(command.name, command.arguments, command=command.id)
        asking.discard(command.id)

    async with asyncio.TaskGroup() as tasks:
        while True:
            for command in await ledger.open_commands():
                if command.id in asking:
                    continue
                if command.name in THAT_WAIT:
                    asking.add(command.id)
                    tasks.create_task(obey(command))
                else:
                    await obey(command)
            await ledger.commands_asked()


async def expire_for_ever(ledger: Ledger, *, clock: Clock, ended: Callable[[Turn], None]) -> None:
    """End what is held for too long; `ended` hears of each."""
    while True:
        for turn in await ledger.expire():
            ended(turn)
        await clock.sleep(EXPIRE_EVERY)


async def retire_for_ever(ledger: Ledger, shelf: Shelf, *, in_force: InForce, clock: Clock) -> None:
    """Empty the texts and remove the fitted files that are older than the file in force keeps them, the texts of what
    its authors have deleted, and what is known of people for longer than the persona remembers."""
    while True:
        await empty_gone(ledger, clock=clock)
        before = clock.micros() - int(in_force.file.keep.total_seconds() * 1e6)
        while await ledger.retire(before=before):
            await clock.sleep(0.05)
        memory = in_force.persona.memory
        kept = memory.for_ if memory.is_on else timedelta(0)
        ledger.retire_facts(before=clock.micros() - kept // MICROSECOND)
        await asyncio.to_thread(shelf.clear, before=before)
        await clock.sleep(RETIRE_EVERY)
