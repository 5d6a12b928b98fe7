"""A server of aiohttp that strangers cannot keep busy by saying nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.web_protocol import RequestHandler
from typing_extensions import override

__all__ = ["BoundedServer", "SentFile"]

MOST = 256
"""Connections that are open at a time."""
SILENCE = 30.0
"""Seconds in which whoever has connected, or was answered, has said the whole head of his next request."""


class SentFile(web.FileResponse):
    """A file that is sent once, although both `BoundedServer` and aiohttp have it sent."""

    @override
    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None if self.prepared else await super().prepare(request)


class BoundedServer(web.Server):
    """Ends connections on which no request comes in time, and the one that has waited for one longest where a new one
    would be too many: who connects and says nothing keeps nobody out.

    aiohttp bounds the head of a request in length; how long its body may take, its handler decides.
    """

    def __init__(
        self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]], *, lingering_time: float = 1.0
    ) -> None:
        super().__init__(self._answer, access_log=None, keepalive_timeout=SILENCE, lingering_time=lingering_time)
        self._handler = handler
        self._most = MOST
        self._silent: dict[RequestHandler, asyncio.Transport] = {}
        """Connections without a request, the one that has been so longest first."""

    @override
    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        self._silent[handler] = transport
        if len(self.connections) > self._most:
            self._silent.pop(next(iter(self._silent))).abort()

    @override
    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        self._silent.pop(handler, None)
        super().connection_lost(handler, exc)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        self._silent.pop(request.protocol, None)
        try:
            answer = await self._handler(request)
            # to its end: a file on its way is no silence
            with suppress(ConnectionError):
                await answer.prepare(request)
                await answer.write_eof()
        finally:
            if request.transport is not None:
                self._silent[request.protocol] = request.transport
        return answer
