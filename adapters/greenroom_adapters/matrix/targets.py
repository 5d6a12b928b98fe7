"""Who wrote what other events refer to: remembered as it passes by, asked for when it is not known."""

from greenroom_adapters.contract import PostRejected, Unavailable
from greenroom_adapters.matrix.api import Api
from greenroom_adapters.matrix.reading import Target
from greenroom_adapters.matrix.wire import WireEvent
from greenroom_adapters.remembering import Recent

__all__ = ["Targets"]

REMEMBERED = 10_000
"""Events; the one that was not asked for longest goes first."""
TRIES = 8
"""In vain, each after the server had answered to a look for news: with the pauses between them about a minute."""


class Targets:
    """The senders of events of one account's rooms."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._known = Recent[tuple[str, str], Target | None](REMEMBERED)
        self._in_vain: dict[tuple[str, str], int] = {}
        """Events that were asked for in vain → how often; it is tried again until that ends, so they are few."""

    def saw(self, room: str, event: WireEvent) -> None:
        """Remember an event that passed by."""
        if event.state_key is None:
            self._known[room, event.event_id] = Target(sender=event.sender)

    async def find(self, room: str, event: str) -> Target | None:
        """Return who wrote an event; None: it is not there, or not for our eyes, or the server has failed at it each
        time: one message that somebody made so must not keep back all that comes after it.

        :raises Unavailable: it cannot be asked for now
        """
        name = (room, event)
        if name in self._known:
            self._known.move_to_end(name)
            return self._known[name]
        try:
            found = Target(sender=(await self._api.event(room, event)).sender)
        except PostRejected:
            found = None
        except Unavailable:
            self._in_vain[name] = self._in_vain.get(name, 0) + 1
            if self._in_vain[name] < TRIES:
                raise
            found = None
        self._in_vain.pop(name, None)
        self._known[name] = found
        return found
