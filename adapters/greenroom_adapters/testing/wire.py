"""A tap between an adapter and its server: passes bytes on, remembers what was asked, counts what is open."""

import asyncio
import re
from types import TracebackType
from typing import Self

from greenroom_adapters.testing.serving import take_nobody_else

__all__ = ["WireTap"]

CHUNK = 64 * 1024
REMEMBERED = 4 * 1024 * 1024
"""How much of what was asked is kept, in bytes; the oldest goes first."""


class WireTap:
    """A TCP relay on loopback in front of one server, for plain HTTP and WebSocket.

    An async context manager; leaving it cuts what is still open and leaves no task. Point the adapter at `url`.
    """

    def __init__(self, host: str, port: int) -> None:
        """Take the server's address; nothing is opened yet."""
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._relays: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self._asked = bytearray()

    @property
    def url(self) -> str:
        """Where the tap listens, without a slash at the end."""
        if self._server is None:
            raise RuntimeError("enter the tap before using it")
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def open_connections(self) -> int:
        """How many connections of adapters are open now."""
        return len(self._relays)

    def headers(self, name: str) -> list[str]:
        """Return every value of this request header that has come by, in order."""
        pattern = rb"(?im)^" + re.escape(name.encode()) + rb":[ \t]*([^\r\n]*)\r\n"
        return [value.decode("latin-1") for value in re.findall(pattern, bytes(self._asked))]

    def requests(self) -> list[str]:
        """Return the first line of every request that has come by, without the HTTP version, in order."""
        pattern = rb"(?m)^([A-Z]+ /[^ \r\n]*) HTTP/1\.1\r\n"
        return [line.decode("latin-1") for line in re.findall(pattern, bytes(self._asked))]

    def cut(self) -> None:
        """Cut every open connection with a reset."""
        for writer in self._relays.values():
            writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._server is not None:
            await take_nobody_else(self._server.sockets)
            self._server.close()
        relays = list(self._relays)
        for relay in relays:
            relay.cancel()
        await asyncio.gather(*relays, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relay = asyncio.get_running_loop().create_task(self._relay(reader, writer), name="world:relay")
        self._relays[relay] = writer
        relay.add_done_callback(self._relays.pop)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers = [writer]
        ways: set[asyncio.Task[None]] = set()
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target)
            writers.append(server_writer)
            ways.add(asyncio.create_task(self._pass_on(reader, server_writer, remember=True), name="world:there"))
            ways.add(asyncio.create_task(self._pass_on(server_reader, writer, remember=False), name="world:back"))
            # Either side's end is the end: a cut by the server reaches the adapter as a cut.
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            return
        finally:
            for way in ways:
                way.cancel()
            for end in writers:
                end.transport.abort()
            await asyncio.gather(*ways, *(end.wait_closed() for end in writers), return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, remember: bool) -> None:
        try:
            while chunk := await reader.read(CHUNK):
                if remember:
                    self._asked += chunk
                    del self._asked[: max(0, len(self._asked) - REMEMBERED)]
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            return
