"""A server on this machine that is none of the bot's business."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

__all__ = ["House", "house"]


class House:
    """Where it is, and how often somebody came."""

    url = ""
    visits = 0


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    """Serve a file to whoever comes, and count."""
    found = House()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found.visits += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield found
