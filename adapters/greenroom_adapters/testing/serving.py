"""A small HTTP server on this machine, which ends without leaving anybody hanging."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Protocol

from aiohttp import web

__all__ = ["Serving", "serving", "take_nobody_else"]

LAST_WORDS = 0.1
"""Seconds for what is being answered when the server ends."""
TURNS = 5
"""Turns of the loop until a connection that was just taken is known to the server; it takes three."""


class _Listener(Protocol):
    """A listening socket, of the standard library or as asyncio shows one."""

    def fileno(self) -> int: ...


class Serving:
    """What is being served."""

    def __init__(self, runner: web.AppRunner, port: int) -> None:
        self._runner = runner
        self.port = port

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        server = self._runner.server
        return len(server.connections) if server is not None else 0

    def cut(self) -> None:
        """Cut every open connection."""
        server = self._runner.server
        for connection in server.connections if server is not None else ():
            if connection.transport is not None:
                connection.transport.abort()


@asynccontextmanager
async def serving(
    app: web.Application, *, hosts: Sequence[str] = ("127.0.0.1",), port: int = 0, handler_cancellation: bool = False
) -> AsyncGenerator[Serving, None]:
    """Serve an application at these addresses while the block runs, all on one port: a free one for port 0.

    Nobody stays connected when the block has ended, whoever came in the last moment as little as the others.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=LAST_WORDS, handler_cancellation=handler_cancellation)
    await runner.setup()
    with ExitStack() as sockets:
        try:
            listeners: list[socket.socket] = []
            for host in hosts:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                listeners.append(sockets.enter_context(socket.create_server((host, port), family=family)))
                port = int(listeners[-1].getsockname()[1])
            for listener in listeners:
                await web.SockSite(runner, listener).start()
            try:
                yield Serving(runner, port)
            finally:
                await take_nobody_else(listeners)
        finally:
            await runner.cleanup()


async def take_nobody_else(listeners: Iterable[_Listener]) -> None:
    """Let a server that is about to end take no more connections, and wait until those that it took are known to it.

    A server of asyncio that is closed while it takes a connection in leaves that open for ever.
    """
    for listener in listeners:
        with suppress(NotImplementedError):  # loops that take connections in another way
            asyncio.get_running_loop().remove_reader(listener)
    for _ in range(TURNS):
        await asyncio.sleep(0)
