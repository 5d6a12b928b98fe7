"""Offering the bot's commands where a platform has a menu of them."""

import asyncio
from collections.abc import Mapping

from greenroom.app.asking_again import pause_after
from greenroom.app.in_force import InForce
from greenroom.clock import Clock
from greenroom.storage import Ledger
from greenroom.telemetry import get_log
from greenroom.turns import AccountDesk
from greenroom.turns.commanding import commands_of
from greenroom_adapters.contract import AdapterError, Command, SupportsCommands, Unavailable

__all__ = ["NOT_OFFERED", "Offering"]

LOOK_EVERY = 5.0
"""Seconds between two looks whether there are other commands to offer by now."""
LONGEST_PAUSE = 300.0
NOT_OFFERED = "commands not offered"
"""Entry of the journal that says why."""


class Offering:
    """Offers on every account what the files in force make of its commands: as soon as it is signed in, publishes and
    is not paused, and again when that is something else. What fails is told once for each reason, and stops nothing."""

    def __init__(
        self,
        ledger: Ledger,
        desks: Mapping[str, AccountDesk],
        *,
        in_force: InForce,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._desks = desks
        self._in_force = in_force
        self._clock = clock

    async def run(self) -> None:
        """Offer until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name, desk in self._desks.items():
                if isinstance(desk.adapter, SupportsCommands):
                    tasks.create_task(self._offer_for_ever(name, desk, desk.adapter))

    async def _offer_for_ever(self, name: str, desk: AccountDesk, adapter: SupportsCommands) -> None:
        log = get_log().bind(account=name)
        settled: tuple[Command, ...] | None = None
        """What is offered, or was refused."""
        told: str | None = None
        failures = 0
        await desk.connected()
        while True:
            account = self._in_force.file.accounts.get(name)
            wanted = commands_of(self._in_force.file, self._in_force.persona, name)
            # a pause is for this as well: nothing goes out
            may = account is not None and account.live and desk.is_connected and desk.pacer.paused is None
            if not may or wanted == settled:
                await self._clock.beat(LOOK_EVERY)
                continue
            try:
                changed = await adapter.offer(wanted)
            except Unavailable as absence:
                failures += 1
                log.info("commands cannot be offered now", why=str(absence))
                await self._clock.sleep(pause_after(absence, failures + 1, longest=LONGEST_PAUSE))
                continue
            except AdapterError as refusal:
                why = str(refusal)
            except Exception as error:
                log.exception("adapter failed while offering commands")
                why = f"the adapter failed: {type(error).__name__}"
            else:
                settled, failures, told = wanted, 0, None
                if changed:
                    names = ", ".join(f"/{command.name}" for command in wanted)
                    self._ledger.note(None, "commands offered", f"{name}: {names}")
                    log.info("commands are offered", commands=names)
                continue
            settled = wanted
            if why != told:
                told = why
                self._ledger.note(None, NOT_OFFERED, f"{name}: {why}")
                log.warning(NOT_OFFERED, why=why)
