"""The loop that tests run in checks what a loop in debug mode checks, quick as it is."""

import asyncio
import socket
import sys

import pytest


@pytest.mark.asyncio
async def test_a_callback_from_another_thread_that_wakes_nobody_is_an_error() -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(RuntimeError, match="Non-thread-safe operation"):
        await asyncio.to_thread(loop.call_soon, print)


@pytest.mark.asyncio
async def test_a_socket_that_would_hold_up_the_loop_is_an_error() -> None:
    with socket.socket() as blocking, pytest.raises(ValueError, match="the socket must be non-blocking"):
        await asyncio.get_running_loop().sock_recv(blocking, 1)


@pytest.mark.asyncio
async def test_it_starts_processes_on_every_platform() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "")
    assert await process.wait() == 0
