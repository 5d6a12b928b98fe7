"""uvicorn's connections, taught what a real network does to them: they can be cut and they can fall silent."""

import asyncio
from asyncio.transports import BaseTransport
from collections.abc import Callable, MutableMapping
from typing import Any

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
    """An HTTP connection that its requests can cut."""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in the base class
        super().connection_made(transport)
        self.app_state = {**self.app_state, NAME: Connection(transport)}


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
