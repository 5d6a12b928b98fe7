"""Marking the bot's accounts as what they are, where their platforms have a mark for automated accounts."""

import asyncio
from collections.abc import Mapping

from greenroom.app.asking_again import pause_after
from greenroom.app.in_force import InForce
from greenroom.app.local import is_local
from greenroom.clock import Clock
from greenroom.personas import Say
from greenroom.storage import Ledger
from greenroom.telemetry import get_log
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import AdapterError, SupportsDeclaration, Unavailable

__all__ = ["NOT_DECLARED", "Declaring"]

LOOK_EVERY = 2.0
"""Seconds between two looks whether an account publishes by now, and whether it is signed in."""
TRIES = 5
"""So often a platform that cannot be reached is asked."""
LONGEST_PAUSE = 60.0
NOT_DECLARED = "not declared"
"""Entry of the journal, and beginning of the facts that keep what was told of each account."""


class Declaring:
    """Declares every account once in a run: as soon as it is signed in, publishes and is not paused, unless the persona
    says nothing in its profile or the platform is on this machine. What fails is told, once for each reason, and stops
    nothing."""

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
        """Return when every account has had its turn."""
        async with asyncio.TaskGroup() as tasks:
            for name, desk in self._desks.items():
                if isinstance(desk.adapter, SupportsDeclaration) and not is_local(desk.adapter.platform):
                    tasks.create_task(self._declare(name, desk, desk.adapter))

    async def _declare(self, name: str, desk: AccountDesk, adapter: SupportsDeclaration) -> None:
        log = get_log().bind(account=name)
        failures = 0
        await desk.connected()
        while True:
            # a pause is for this as well: nothing goes out
            if not (desk.is_connected and desk.pacer.paused is None and self._is_wanted(name)):
                await self._clock.sleep(LOOK_EVERY)
                continue
            try:
                changed = await adapter.declare()
            except Unavailable as absence:
                failures += 1
                if failures < TRIES:
                    await self._clock.sleep(pause_after(absence, failures + 1, longest=LONGEST_PAUSE))
                    continue
                return await self._failed(name, str(absence))
            except AdapterError as refusal:
                return await self._failed(name, str(refusal))
            except Exception as error:
                log.exception("adapter failed while declaring")
                return await self._failed(name, f"the adapter failed: {type(error).__name__}")
            if changed:
                self._ledger.note(None, "declared", f"{name} is marked as a bot in its profile now")
                log.info("marked as a bot")
            if await self._told(name):
                self._ledger.remember(f"{NOT_DECLARED}:{name}", "")
            return None

    def _is_wanted(self, name: str) -> bool:
        account = self._in_force.file.accounts.get(name)
        return account is not None and account.live and Say.PROFILE in self._in_force.persona.disclosure.say

    async def _failed(self, name: str, why: str) -> None:
        get_log().bind(account=name).warning("not marked as a bot", why=why)
        if await self._told(name) != why:
            self._ledger.remember(f"{NOT_DECLARED}:{name}", why)
            self._ledger.note(None, NOT_DECLARED, f"{name}: {why}")

    async def _told(self, name: str) -> str:
        """Return why the account could not be marked, as far as that was told and is so still; empty: it could."""
        fact = f"{NOT_DECLARED}:{name}"
        return (await self._ledger.facts(fact)).get(fact, "")
