"""Who listens to a Stage: whose streams answer its pings, as a wire between both sees it."""

import time
from dataclasses import dataclass

from wire import Heard

__all__ = ["Listeners"]

PONG = 0x8A
"""First byte of a WebSocket's pong."""
STREAM = b"GET /api/stream"


@dataclass(slots=True)
class _Stream:
    who: str
    first: float = 0.0
    last: float = 0.0
    """When it answered a ping."""


class Listeners:
    """Remembers when each stream answered pings."""

    def __init__(self) -> None:
        self._streams: list[_Stream] = []

    def heard(self, who: str) -> Heard:
        """Return what is to be told all that somebody says to the Stage."""
        streams: dict[int, _Stream] = {}

        def heard(connection: int, data: bytes) -> None:
            if (stream := streams.get(connection)) is None:
                if data.startswith(STREAM):
                    streams[connection] = stream = _Stream(who)
                    self._streams.append(stream)
                return
            while len(data) >= 2:
                if data[0] == PONG:
                    stream.last = time.monotonic()
                    stream.first = stream.first or stream.last
                # what a client says here is short, and masked
                data = data[6 + (data[1] & 0x7F) :]

        return heard

    @property
    def count(self) -> int:
        """How many streams have answered a ping."""
        return sum(stream.first > 0 for stream in list(self._streams))

    def together(self) -> list[float]:
        """Return for how many seconds each two streams of different listeners answered pings at the same time."""
        streams = [stream for stream in list(self._streams) if stream.first]
        return [
            min(one.last, other.last) - max(one.first, other.first)
            for number, one in enumerate(streams)
            for other in streams[:number]
            if one.who != other.who and min(one.last, other.last) > max(one.first, other.first)
        ]
