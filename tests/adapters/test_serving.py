import asyncio
import socket

import pytest
from aiohttp import web

from greenroom_adapters.testing.serving import serving


@pytest.mark.asyncio
@pytest.mark.parametrize("turns", range(5))
async def test_who_comes_in_the_last_moment_is_not_left_hanging(turns: int) -> None:
    async with serving(web.Application()) as served:
        visitor = socket.create_connection(("127.0.0.1", served.port))
        visitor.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)
    with visitor:
        async with asyncio.timeout(10):
            try:
                heard = await asyncio.get_running_loop().sock_recv(visitor, 1)
            except ConnectionResetError:
                heard = b""
    assert heard == b""


@pytest.mark.asyncio
async def test_it_comes_back_on_its_port_and_at_all_its_addresses() -> None:
    async with serving(web.Application()) as served:
        port = served.port
    async with serving(web.Application(), hosts=("127.0.0.1", "127.0.0.2"), port=port) as served:
        assert served.port == port
        for host in ("127.0.0.1", "127.0.0.2"):
            socket.create_connection((host, port)).close()


@pytest.mark.asyncio
async def test_open_connections_are_counted_and_can_be_cut() -> None:
    async with serving(web.Application()) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        async with asyncio.timeout(10):
            while not served.open_connections:
                await asyncio.sleep(0)
            served.cut()
            assert await reader.read(1) == b""
            while served.open_connections:
                await asyncio.sleep(0)
        writer.close()
