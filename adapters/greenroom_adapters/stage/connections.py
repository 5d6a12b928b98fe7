"""uvicorn's connections, taught what a real network does to them: they can be cut and they can fall silent, and who
says nothing keeps nobody out."""

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Callable, MutableMapping
from typing import Any

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

__all__ = ["Connection", "HTTPConnection", "StreamConnection", "connection_of"]

NAME = "stage.connection"


class Connection:
    """What an application may do to the connection that a request came on."""

    def __init__(self, transport: asyncio.Transport, hush: Callable[[bool], None] | None = None) -> None:
        self._transport = transport
        self._hush = hush

    def cut(self) -> None:
        """Drop the connection at once; what was not sent never is."""
        self._transport.abort()

    def hush(self, silent: bool) -> None:
        """Stop sending anything at all on a stream, pings and their answers included; False: begin again."""
        if self._hush is not None:
            self._hush(silent)


def connection_of(scope: MutableMapping[str, Any]) -> Connection | None:
    """Return the connection of a request; None under a server that is not ours (a test client)."""
    found = scope.get("state", {}).get(NAME)
    return found if isinstance(found, Connection) else None


class HTTPConnection(H11Protocol):
    """An HTTP connection that its requests can cut. It ends where a request does not come in time, and where it has
    waited for one longest and a new connection would be too many."""

    within = 60.0
    """Seconds for the head of a request, from when it may begin, and for each piece of its body."""
    most = 500
    """Connections of one server that are open at a time."""

    _deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        super().connection_made(transport)
        self.app_state = {**self.app_state, NAME: Connection(transport)}
        self._watch()
        if len(self.connections) > self.most:
            silent = {one: one._deadline for one in self.connections if isinstance(one, HTTPConnection)}
            ends = {one: deadline.when() for one, deadline in silent.items() if deadline is not None}
            min(ends, key=ends.__getitem__).transport.abort()

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.SEND_BODY:
            # a large file may take its time on a slow line, as long as more of it comes
            self._rest()
        self._watch()

    @override
    def on_response_complete(self) -> None:
        self._rest()
        super().on_response_complete()
        self._watch()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def _watch(self) -> None:
        """See to it that there is a deadline as long as it is the peer who has to say something."""
        # what has become a WebSocket has pings of its own, and this end of it is never told that it is lost
        is_stream = self.transport.get_protocol() is not self
        if is_stream or self.transport.is_closing() or self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._rest()
        elif self._deadline is None:
            self._deadline = self.loop.call_later(self.within, self.transport.abort)

    def _rest(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class StreamConnection(WebSocketsSansIOProtocol):
    """A WebSocket that can be cut and silenced, and that is dropped for good when its peer does not answer."""

    silent = False

    @override
    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        self.app_state = {**self.app_state, NAME: Connection(self.transport, self._set_silent)}

    def _set_silent(self, silent: bool) -> None:
        self.silent = silent
        self.stop_keepalive()
        if not silent:
            self.start_keepalive()

    @override
    def handle_ping(self) -> None:
        if self.silent:
            self.conn.data_to_send()  # the answer that was made is thrown away
        else:
            super().handle_ping()

    @override
    def handle_pong(self, event: Frame) -> None:
        if not self.silent:
            super().handle_pong(event)

    @override
    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        # A peer that was stopped does not empty its buffer: closing alone would wait for it for ever.
        self.transport.abort()
