"""Events that were met, so that what refers to them can be understood: what they are answers to, and whose they are."""

import asyncio
from collections.abc import Iterable

from greenroom_adapters.nostr.relays import Relays
from greenroom_adapters.nostr.wire import WireEvent
from greenroom_adapters.remembering import Recent

__all__ = ["Acquaintances"]

REMEMBERED = 5_000
AT_ONCE = 100
"""Events that are asked for in one question."""
AUTHORS = 200
"""People whose deletions are listened for: those who wrote last."""


class Acquaintances:
    """The latest events that were met."""

    def __init__(self, relays: Relays) -> None:
        self._relays = relays
        self._known = Recent[str, WireEvent](REMEMBERED)
        self._authors = Recent[str, None](AUTHORS)

    def meet(self, event: WireEvent, *, is_told: bool = False) -> None:
        """Remember an event; `is_told` says that the bot hears of it, so that its deletion matters."""
        self._known[event.id] = event
        if is_told:
            self._authors[event.pubkey] = None

    def known(self, event: str) -> WireEvent | None:
        """Return an event that is remembered."""
        return self._known.get(event)

    @property
    def authors(self) -> tuple[str, ...]:
        """Those whose deletions matter."""
        return tuple(self._authors)

    async def look_up(self, events: Iterable[str]) -> None:
        """Ask for those that are not remembered, the most important first. What no relay has stays unknown.

        :raises AdapterError: no relay can be asked
        """
        missing = [event for event in dict.fromkeys(events) if event not in self._known]
        parts = [missing[start : start + AT_ONCE] for start in range(0, len(missing), AT_ONCE)]
        # At once, so that a relay that does not answer costs its time once and not for every part.
        answers = await asyncio.gather(*(self._relays.ask({"ids": part}) for part in parts), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
            for found in answer.events:
                self.meet(found)

    async def find(self, event: str) -> WireEvent | None:
        """Return an event, remembered or asked for; None: no relay that answers has it.

        :raises AdapterError: no relay can be asked
        """
        await self.look_up((event,))
        return self._known.get(event)
