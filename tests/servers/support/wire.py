"""A wire to a server on which everything passes, until it is cut, slow, or silent: what a network does to TCP."""

import asyncio
import contextlib
import socket
from collections.abc import Callable

from typing_extensions import override

from greenroom_adapters.testing.own_loop import OwnLoop

__all__ = ["Wire"]

Heard = Callable[[int, bytes], None]
"""Takes the number of a connection, and what its client said."""


class Wire(OwnLoop):
    """A context manager. It runs in a thread and a loop of its own, so that whoever uses it may run one as well.

    What is cut is reset for both sides. On a silent wire connections stay open, new ones are taken, and nothing passes
    until it goes on: then all of it does.
    """

    def __init__(self, target: tuple[str, int], *, listener: socket.socket | None = None, heard: Heard | None = None):
        """Begin at `listener`, which may live in another network than this process; None: at a free port of 127.0.0.1.
        `heard` is told what clients say."""
        super().__init__("wire")
        self._target = target
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self._heard = heard
        self.port: int = self._listener.getsockname()[1]
        """Where it begins."""
        self.delay = 0.0
        """Seconds that whatever passes takes on its way."""
        self._refuses = False
        self._count = 0
        self._open: dict[int, tuple[asyncio.StreamWriter, ...]] = {}
        self._passes = asyncio.Event()

    def cut(self, *, refuses: bool = False) -> None:
        """Reset all connections; with `refuses` new ones are reset as well, until `mend`."""
        self._run(self._cut(refuses))

    def silence(self) -> None:
        """Let nothing pass, without a word to either side, until `mend`."""
        self._run(self._let(passes=False))

    def mend(self) -> None:
        """Let everything pass again."""
        self._run(self._let(passes=True))

    # in the loop of the wire

    @override
    async def _start(self) -> None:
        self._passes.set()
        self._server = await asyncio.start_server(self._connected, sock=self._listener)

    @override
    async def _stop(self) -> None:
        self._server.close()
        await self._cut(refuses=True)
        self._passes.set()
        while self._open:
            # what is reset ends by itself
            await asyncio.wait(asyncio.all_tasks() - {asyncio.current_task()}, return_when=asyncio.FIRST_COMPLETED)

    async def _let(self, *, passes: bool) -> None:
        self._refuses = False
        if passes:
            self._passes.set()
        else:
            self._passes.clear()

    async def _cut(self, refuses: bool) -> None:
        self._refuses = refuses
        for writers in self._open.values():
            for writer in writers:
                _reset(writer)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = self._count = self._count + 1
        self._open[number] = (writer,)
        try:
            if self._refuses:
                _reset(writer)
                return
            await self._passes.wait()
            there, back = await asyncio.open_connection(*self._target)
            self._open[number] = (writer, back)
            try:
                passing = [
                    asyncio.create_task(self._pass_on(reader, back, number)),
                    asyncio.create_task(self._pass_on(there, writer, None)),
                ]
                try:
                    await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for one in passing:
                        one.cancel()
                    await asyncio.gather(*passing, return_exceptions=True)
            finally:
                back.close()
        except OSError:
            # nobody is there, and whoever called is told so
            _reset(writer)
        finally:
            del self._open[number]
            writer.close()

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, number: int | None) -> None:
        with contextlib.suppress(OSError):
            while data := await source.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._passes.wait()
                sink.write(data)
                if number is not None and self._heard is not None and not sink.is_closing():
                    self._heard(number, data)
                await sink.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            # linger for no time: what is closed is reset
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()
