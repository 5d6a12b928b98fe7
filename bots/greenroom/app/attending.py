"""Being in the rooms that the bot file names, where a platform lets in who knows what a room is called."""

import asyncio
from collections.abc import Mapping

from greenroom.app.asking_again import pause_after
from greenroom.app.in_force import InForce
from greenroom.clock import Clock
from greenroom.settings import rooms_of
from greenroom.storage import Ledger
from greenroom.telemetry import get_log
from greenroom.turns import AccountDesk
from greenroom_adapters.contract import AdapterError, SupportsComingIn, Unavailable

__all__ = ["Attending"]

LOOK_EVERY = 2.0
"""Seconds between two looks whether the file names another room by now."""
LONGEST_PAUSE = 60.0
_FACT = "came in:"
"""Beginning of the facts that keep where it has gone, and by which id its account was known there."""


class Attending:
    """Goes once into each room that the file in force names, as soon as the account is signed in and not paused.
    Whoever sends the bot away from one, or has it leave, is not overruled by the next start; a platform that was begun
    anew, which is seen by the account's new id, is gone into again. What fails is logged, and stops nothing."""

    def __init__(self, ledger: Ledger, desks: Mapping[str, AccountDesk], *, in_force: InForce, clock: Clock) -> None:
        self._ledger = ledger
        self._desks = desks
        self._in_force = in_force
        self._clock = clock

    async def run(self) -> None:
        """Go until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name, desk in self._desks.items():
                if isinstance(desk.adapter, SupportsComingIn):
                    tasks.create_task(self._attend(name, desk, desk.adapter))

    async def _attend(self, name: str, desk: AccountDesk, adapter: SupportsComingIn) -> None:
        log = get_log().bind(account=name)
        beginning = f"{_FACT}{name}/"
        settled = {fact.removeprefix(beginning): id for fact, id in (await self._ledger.facts(beginning)).items()}
        failures = 0
        await desk.connected()
        for known in [known for known, id in settled.items() if not id]:
            # an earlier version did not note by which id
            settled[known] = desk.adapter.me.id
            self._ledger.remember(f"{beginning}{known}", desk.adapter.me.id)
        while True:
            me = desk.adapter.me.id
            room = next((room for room in rooms_of(self._in_force.file, name) if settled.get(room) != me), None)
            # a pause is for this as well: nobody sees it come
            if room is None or not desk.is_connected or desk.pacer.paused is not None:
                await self._clock.beat(LOOK_EVERY)
                continue
            try:
                await adapter.come_in(room)
            except Unavailable as absence:
                failures += 1
                await self._clock.sleep(pause_after(absence, failures, longest=LONGEST_PAUSE))
                continue
            except AdapterError as refusal:
                log.warning("not let into a room", room=room, why=str(refusal))
            except Exception:
                log.exception("adapter failed while going into a room", room=room)
            else:
                self._ledger.remember(f"{beginning}{room}", me)
                log.info("came in", room=room)
            failures = 0
            settled[room] = me
