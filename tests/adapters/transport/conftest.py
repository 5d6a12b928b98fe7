"""A server that misbehaves as it is told, on a port of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
import pytest_asyncio

from greenroom_adapters.testing.serving import take_nobody_else

Behaviour = Callable[["Request", asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Request:
    """One request, read whole."""

    line: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Server:
    """Answers each request with the next behaviour of its script; the last one repeats."""

    script: list[Behaviour] = field(default_factory=list)
    seen: list[Request] = field(default_factory=list)
    url: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                request = Request(line=head[0].removesuffix(" HTTP/1.1"), headers=headers, body=body)
                self.seen.append(request)
                self.asked.set()
                behaviour = self.script[min(len(self.seen), len(self.script)) - 1]
                await behaviour(request, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Behaviours:
    """What the server can be told to do with a request."""

    @staticmethod
    def answering(status: int, body: bytes = b"{}", **headers: str) -> Behaviour:
        """Answer; underscores in header names become hyphens."""

        async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
            lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
            lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + body)

        return behave

    @staticmethod
    def saying(raw: bytes) -> Behaviour:
        """Write these bytes and close."""

        async def behave(request: Request, writer: asyncio.StreamWriter) -> None:
            writer.write(raw)
            await writer.drain()
            writer.close()

        return behave

    @staticmethod
    async def cutting(request: Request, writer: asyncio.StreamWriter) -> None:
        """Reset the connection."""
        writer.transport.abort()

    @staticmethod
    async def stalling(request: Request, writer: asyncio.StreamWriter) -> None:
        """Say nothing for a long time."""
        await asyncio.sleep(60)


@pytest.fixture
def behaviours() -> type[Behaviours]:
    return Behaviours


StartServer = Callable[..., Awaitable[Server]]


@pytest_asyncio.fixture
async def start_server() -> AsyncIterator[StartServer]:
    tasks: set[asyncio.Task[None]] = set()
    servers: list[asyncio.Server] = []

    async def start(*script: Behaviour) -> Server:
        server = Server(script=list(script))

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(server.serve(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        listener = await asyncio.start_server(accept, "127.0.0.1", 0)
        servers.append(listener)
        server.url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        return server

    yield start
    for listener in servers:
        await take_nobody_else(listener.sockets)
        listener.close()
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)
