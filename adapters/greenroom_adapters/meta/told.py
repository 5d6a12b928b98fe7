"""Reads what Meta tells by calls: batches of what happened to an account."""

import abc
from collections.abc import Callable, Sequence

import msgspec

from greenroom_adapters.contract import Event, PostRejected
from greenroom_adapters.meta.listening import TOLD
from greenroom_adapters.meta.mail import read_knock
from greenroom_adapters.meta.moments import from_epoch
from greenroom_adapters.meta.sources import unknown
from greenroom_adapters.meta.wire import CALLS, WireEntry

__all__ = ["Teller"]


class Teller(abc.ABC):
    """The reader of one account's calls."""

    def __init__(self, *, is_me: Callable[[str], bool], direct_messages: bool) -> None:
        self._is_me = is_me
        self._direct_messages = direct_messages

    async def __call__(self, body: bytes, cursor: Callable[[], str]) -> Sequence[Event]:
        """Return what a call tells of this account; what is not understood becomes an `UnknownEvent`.

        :raises AdapterError: something has to be looked up for it, and cannot now
        :raises ValueError: it is no call
        """
        events: list[Event] = []
        for entry in CALLS.decode(body).entry:
            if self._is_me(entry.id):
                events += await self._entry(entry, cursor)
        return events

    async def _entry(self, entry: WireEntry, cursor: Callable[[], str]) -> list[Event]:
        events: list[Event] = []
        parts = [(change.field, change.value) for change in entry.changes]
        for field, raw in [*parts, *(("messages", knock) for knock in entry.messaging)]:
            try:
                if field != "messages":
                    event = await self._change(field, raw, entry.time, cursor)
                elif self._direct_messages:
                    event = read_knock(raw, is_me=self._is_me, source=TOLD, cursor=cursor)
                else:
                    continue
            except (ValueError, PostRejected):
                event = unknown(bytes(raw), source=TOLD, cursor=cursor(), at=from_epoch(entry.time))
            if event is not None:
                events.append(event)
        return events

    @abc.abstractmethod
    async def _change(self, field: str, raw: msgspec.Raw, time: int, cursor: Callable[[], str]) -> Event | None:
        """Return what the change of a field is; None: nothing for us.

        :raises ValueError: it cannot be read
        """
