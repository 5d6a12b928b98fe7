"""The server: one for each address, open while something is mounted on it."""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.webhooks.receiver import Receiver

if TYPE_CHECKING:
    from aiohttp import web

__all__ = ["LARGEST_BODY", "Lent", "SupportsWebhooks", "Webhooks", "address_of"]

logger = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
"""Bytes of one call; more is refused before it is read to the end."""
HERE = "127.0.0.1"
ANSWER_WITHIN = timedelta(seconds=8)
"""Platforms hang up after ten seconds: after this they are asked to call again."""
AT_ONCE = 200
"""Signed calls that may wait for their answer at a time; the others are asked to come again."""
UNKNOWN = 32 * LARGEST_BODY
"""Bytes that are held for calls of which it is not known yet who makes them. They are counted by what they send: who
calls and says nothing keeps nobody out."""
LAST_WORDS = 1.0
"""Seconds for what is being answered when a server ends."""
TURNS = 5
"""Turns of the loop until a connection that was just taken is known to the server; it takes three."""
AGAIN_IN = "5"
"""Seconds, in `Retry-After`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """A file that a platform fetches."""

    file: Path
    media_type: str


class Webhooks:
    """The servers of one process. Who mounts a path takes it away again; nothing is open when nothing is mounted.

    A call is answered 200 only when its receiver says that it is on disk. What else comes is answered in few words: 404
    for another path, 405 for another method, 413 for more than `LARGEST_BODY`, 401 for what is not signed, 503 for what
    could not be put on disk in time.
    """

    def __init__(self, *, answer_within: timedelta = ANSWER_WITHIN) -> None:
        self._answer_within = answer_within
        self._servers: dict[tuple[str, int], _Server] = {}
        self._opening = asyncio.Lock()

    @asynccontextmanager
    async def mounted(self, listen: str, path: str, receiver: Receiver) -> AsyncGenerator[int, None]:
        """Have `receiver` called for `path` on the address `listen` (`HOST:PORT`, or a port of this machine alone)
        while the block runs; yield the port, which is a free one for port 0.

        :raises ConfigurationError: it is no address, another program uses it, or the path is taken
        """
        async with self._server(listen) as server:
            if path in server.receivers:
                raise ConfigurationError(f"{path} on {listen} is taken by another account: give each its own path")
            server.receivers[path] = receiver
            try:
                yield server.port
            finally:
                del server.receivers[path]

    @asynccontextmanager
    async def lending(self, listen: str, files: Mapping[str, Lent]) -> AsyncGenerator[int, None]:
        """Give whoever asks for one of these paths on the address `listen` its file, while the block runs; yield the
        port. A path that nobody guesses keeps a file among those who were told it. The same may be lent twice at a
        time, and is given away until the last has taken it back.

        :raises ConfigurationError: it is no address, or another program uses it
        """
        async with self._server(listen) as server:
            for path, file in files.items():
                server.lent.setdefault(path, []).append(file)
            try:
                yield server.port
            finally:
                for path, file in files.items():
                    server.lent[path].remove(file)
                    if not server.lent[path]:
                        del server.lent[path]

    @asynccontextmanager
    async def _server(self, listen: str) -> "AsyncGenerator[_Server, None]":
        """Have the server of an address while the block runs: opened by the first who uses it, closed by the last."""
        address = address_of(listen)
        async with self._opening:
            server = self._servers.get(address)
            if server is None:
                server = self._servers[address] = _Server(self._answer_within)
                try:
                    await server.open(address)
                except BaseException:
                    del self._servers[address]
                    raise
            server.users += 1
        try:
            yield server
        finally:
            server.users -= 1
            # under the lock: whoever wants the address meanwhile finds it free, or finds this server
            async with self._opening:
                if not server.users and self._servers.get(address) is server:
                    del self._servers[address]
                    await server.close()


class _Server:
    def __init__(self, answer_within: timedelta) -> None:
        self.receivers: dict[str, Receiver] = {}
        self.lent: dict[str, list[Lent]] = {}
        self.users = 0
        self.port = 0
        self._answer_within = answer_within.total_seconds()
        self._waiting = 0
        self._unknown = 0
        self._runner: web.ServerRunner | None = None
        self._listener: socket.socket | None = None

    async def open(self, address: tuple[str, int]) -> None:
        # Late: who has no webhook needs no server, and importing one takes time.
        from aiohttp import web

        from greenroom_adapters.webhooks.bounded import BoundedServer

        try:
            family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
            listener = socket.create_server(address, family=family)
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigurationError(f"nothing can listen on {address[0]}:{address[1]}: {reason}") from None
        self._listener, self.port = listener, int(listener.getsockname()[1])
        self._runner = web.ServerRunner(BoundedServer(self._serve), shutdown_timeout=LAST_WORDS)
        await self._runner.setup()
        await web.SockSite(self._runner, listener).start()
        logger.info("listening for webhooks on %s:%d", address[0], self.port)

    async def close(self) -> None:
        if self._listener is None or self._runner is None:
            return
        # A server of asyncio that is closed while it takes a connection in leaves that open for ever.
        with suppress(NotImplementedError):  # loops that take connections in another way
            asyncio.get_running_loop().remove_reader(self._listener)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        await self._runner.cleanup()
        self._listener.close()

    async def _serve(self, request: "web.BaseRequest") -> "web.StreamResponse":
        from aiohttp import web

        from greenroom_adapters.webhooks.bounded import SentFile

        if request.method in ("GET", "HEAD") and (lent := self.lent.get(request.path)):
            return SentFile(lent[0].file, headers={"Content-Type": lent[0].media_type})
        receiver = self.receivers.get(request.path)
        if receiver is None:
            return web.Response(status=404)
        if request.method == "GET":
            reply = receiver.challenge(request.query)
            if reply is None:
                return web.Response(status=405, headers={"Allow": "POST"})
            return web.Response(body=reply.body, content_type=reply.content_type)
        if request.method != "POST":
            return web.Response(status=405, headers={"Allow": "GET, POST"})
        try:
            async with asyncio.timeout(self._answer_within):
                body = await self._read(request)
                if not isinstance(body, bytes):
                    return body
                headers = {name.lower(): value for name, value in request.headers.items()}
                if not receiver.is_genuine(headers, body):
                    return web.Response(status=401)
                return await self._deliver(receiver, body)
        except TimeoutError:
            return _again()

    async def _read(self, request: "web.BaseRequest") -> "bytes | web.Response":
        """Return the body as it came, or what is answered where it is not read to its end."""
        from aiohttp import web

        # what is left of it is not read: the connection ends with the answer
        over = web.Response(status=413, headers={"Connection": "close"})
        if (request.content_length or 0) > LARGEST_BODY:
            return over
        body = bytearray()
        try:
            async for chunk in request.content.iter_any():
                body += chunk
                self._unknown += len(chunk)
                if len(body) > LARGEST_BODY:
                    return over
                if self._unknown > UNKNOWN:
                    return _again()
        except ConnectionError:
            # it hung up half-way: nobody hears the answer, and it is no matter for a log
            return web.Response(status=400)
        finally:
            self._unknown -= len(body)
        return bytes(body)

    async def _deliver(self, receiver: Receiver, body: bytes) -> "web.Response":
        from aiohttp import web

        if self._waiting >= AT_ONCE:
            return _again()
        self._waiting += 1
        try:
            return web.Response() if await receiver.deliver(body) else _again()
        finally:
            self._waiting -= 1


@runtime_checkable
class SupportsWebhooks(Protocol):
    """Adapters that may be called by their platform."""

    def receive_at(self, webhooks: Webhooks) -> None:
        """Use these servers, which the accounts of a bot share. Called once, before the adapter is entered; without it
        the adapter has its own."""
        ...


def _again() -> "web.Response":
    from aiohttp import web

    return web.Response(status=503, headers={"Retry-After": AGAIN_IN})


def address_of(listen: str) -> tuple[str, int]:
    """Return host and port.

    :raises ConfigurationError: it names none
    """
    host, _, port = listen.rpartition(":")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise ConfigurationError(f"`{listen}` is no address to listen on: write HOST:PORT, for example {HERE}:8443")
    return host.strip("[]") or HERE, int(port)
