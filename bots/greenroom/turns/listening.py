"""Listening on one account: each event goes to whoever sees to its kind, and is acknowledged once it is on disk."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import NoReturn

from greenroom.delivery import Means
from greenroom.policy import Wish
from greenroom.storage import StorageError
from greenroom.telemetry import get_log
from greenroom.turns.aftermath import Aftermath
from greenroom.turns.by_hand import ByHand
from greenroom.turns.intake import Intake
from greenroom.turns.places import Places
from greenroom_adapters.contract import (
    Adapter,
    AdapterError,
    Event,
    InvitationReceived,
    OwnPostSeen,
    PostDeleted,
    PostEdited,
    RoomUnreadable,
    SanctionReceived,
    SupportsEntering,
    SupportsLeaving,
    Unavailable,
)

__all__ = ["Listening"]


class Listening:
    """Hears one account's events for as long as one connection lasts."""

    def __init__(self, means: Means, *, intake: Intake, by_hand: ByHand, aftermath: Aftermath, places: Places) -> None:
        self._adapter = means.adapter
        self._ledger = means.ledger
        self._intake = intake
        self._by_hand = by_hand
        self._aftermath = aftermath
        self._places = places
        self._log = get_log().bind(account=means.account)

    async def listen(self, cursors: Mapping[str, str]) -> None:
        """Take in what comes after these cursors until that fails; an adapter that just ends has lost its connection.

        :raises AdapterError: it has
        :raises StorageError: the ledger failed
        """
        if type(self._adapter).acknowledge is Adapter.acknowledge:
            await self._hear(cursors, lambda event: None)
        newest: dict[str, str] = {}
        heard = asyncio.Event()

        def note(event: Event) -> None:
            newest[event.source] = event.cursor
            heard.set()

        # No task group: of a failure and a cancellation at the same time it loses the cancellation (Python 3.11, 3.12).
        tasks = [
            asyncio.create_task(self._hear(cursors, note)),
            asyncio.create_task(self._acknowledge_for_ever(newest, heard)),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        for error in ended:
            if error is not None and not isinstance(error, asyncio.CancelledError):
                raise error

    async def _hear(self, cursors: Mapping[str, str], taken: Callable[[Event], None]) -> NoReturn:
        async with contextlib.aclosing(self._adapter.events(after=cursors)) as events:
            async for event in events:
                await self._take(event)
                taken(event)
        raise Unavailable("its events came to an end")

    async def _take(self, event: Event) -> None:
        try:
            if isinstance(event, (PostDeleted, PostEdited)):
                await self._aftermath.changed(event)
            elif isinstance(event, OwnPostSeen):
                await self._by_hand.seen(event)
            elif isinstance(event, RoomUnreadable):
                await self._places.unreadable(event)
            elif isinstance(event, SanctionReceived):
                await self._aftermath.sanctioned(event)
            elif isinstance(event, InvitationReceived):
                await self._invited(event)
            else:
                await self._intake.take(event)
        except StorageError:
            raise
        except Exception as error:  # noqa: BLE001 - one poisoned event must not stop an account
            self._log.exception("event skipped", event_id=event.id)
            self._intake.skip(event, f"{type(error).__name__}: {error!s:.200}")

    async def _invited(self, event: InvitationReceived) -> None:
        """See to an invitation: what its owner has decided is done, and of what cannot be done he is asked, unless he
        has decided it."""
        adapter = self._adapter
        wish = self._places.wish_about(event)
        try:
            if wish is Wish.ENTER and isinstance(adapter, SupportsEntering):
                await adapter.enter(event.room.id)
            elif wish is Wish.LEAVE and isinstance(adapter, SupportsLeaving):
                await adapter.leave(event.room.id)
        except AdapterError as failure:
            self._log.warning("an invitation waits", room=event.room.id, why=str(failure))
            # what its owner has decided stays: it is tried again when the invitation comes again
            wish = Wish.NOTHING if self._places.is_decided(event) else Wish.ASK
        await self._places.invited(event, ask=wish is Wish.ASK)

    async def _acknowledge_for_ever(self, newest: dict[str, str], heard: asyncio.Event) -> None:
        """Tell the platform what is safe: after the commit, never before."""
        while True:
            await heard.wait()
            heard.clear()
            cursors = dict(newest)
            await self._ledger.committed()
            for source, cursor in cursors.items():
                await self._adapter.acknowledge(source, cursor)
