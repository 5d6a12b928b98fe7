"""Platforms that live on this machine: started as a child process when a bot uses one, found again when they live."""

import asyncio
import contextlib
import functools
import json
import os
import socket
import sqlite3
import sys
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit

from greenroom.lock import hold
from greenroom.private import private_file
from greenroom_adapters.contract import ConfigurationError

__all__ = ["LocalPlatform", "is_local", "start_local"]

GROUP = "greenroom.local_platforms"
PORTS = range(8765, 8785)
"""The first free one of these is taken, so that the address stays the same from start to start."""
PATIENCE = 20.0
"""Seconds in which a local platform must be ready."""
LOOK = 0.1
"""Seconds between two looks whether the start of another bot is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalPlatform:
    """A local platform that accepts requests."""

    url: str
    process: asyncio.subprocess.Process | None
    """None: it was there already, and stays when we go."""

    async def stop(self) -> None:
        """Stop it, if we started it."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(5):
                await self.process.wait()
        except TimeoutError:
            self.kill()
            await self.process.wait()

    def kill(self) -> None:
        """End it at once, if we started it."""
        if self.process is not None and self.process.returncode is None:
            self.process.kill()


@functools.cache
def is_local(platform: str) -> bool:
    """Say whether `platform` can be started on this machine. It is looked up once: what is installed is found by the
    next process."""
    return bool(entry_points(group=GROUP, name=platform))


async def start_local(platform: str, folder: Path) -> LocalPlatform:
    """Return the local `platform` whose state lies in `folder`: the living one, or a new child process.

    :raises ConfigurationError: it cannot be started, or nothing can be written in the folder
    :raises OSError: there can be no such folder
    """
    data = folder / f"{platform}.db"
    await asyncio.to_thread(folder.mkdir, mode=0o700, parents=True, exist_ok=True)
    # bots that begin at once: one of them starts it, and the others find it
    try:
        turn = await _turn_at(data.with_name(data.name + ".start"))
    except sqlite3.Error as error:
        raise ConfigurationError(f"the local {platform} cannot be started in {folder}: {error}") from error
    try:
        if (url := await _living(data)) is not None:
            return LocalPlatform(url=url, process=None)
        return await _start(platform, data)
    finally:
        if turn is not None:
            turn.close()


async def _turn_at(path: Path) -> sqlite3.Connection | None:
    """Hold the lock at `path` as soon as it is free; None: another has it for too long.

    It is looked for again and again, and not waited for in a thread, which no Ctrl-C would end.
    """
    clock = asyncio.get_running_loop().time
    ends = clock() + 2 * PATIENCE
    while (turn := await asyncio.to_thread(hold, path, patience=0)) is None and clock() < ends:  # noqa: ASYNC110 - no event of ours tells of another process
        await asyncio.sleep(LOOK)
    return turn


async def _start(platform: str, data: Path) -> LocalPlatform:
    log = data.with_name(data.name + ".log")
    while (started := await _start_at(port := _free_port(), platform, data, log)) is None:
        if not port or _is_free(port):
            told = (await asyncio.to_thread(log.read_text, encoding="utf-8", errors="replace")).strip().splitlines()
            raise ConfigurationError(f"the local {platform} did not start: {told[-1] if told else 'it said nothing'}")
        # one that began at the same moment in another folder has taken it
    return started


async def _start_at(port: int, platform: str, data: Path, log: Path) -> LocalPlatform | None:
    (point,) = entry_points(group=GROUP, name=platform)
    module = point.module.removesuffix(".__main__")
    # a file and not a pipe: nobody would read that, and the platform outlives us
    await asyncio.to_thread(private_file, log)
    with await asyncio.to_thread(log.open, "wb") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            # what lies in the folder of an owner is none of our modules
            "-P",
            "-m",
            module,
            "--data",
            str(data),
            "--port",
            str(port),
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            stdin=asyncio.subprocess.DEVNULL,
            # Ctrl-C is for the bot: the platform outlives what the bot still has to finish.
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(PATIENCE):
            ready = await _ready(process)
    except TimeoutError:
        ready = None
    except BaseException:
        # nobody would know of it
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
        raise
    if ready is None:
        if process.returncode is None:
            process.kill()
        await process.communicate()
        return None
    return LocalPlatform(url=ready, process=process)


async def _ready(process: asyncio.subprocess.Process) -> str | None:
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    while line := await process.stdout.readline():
        if line.startswith(b"READY "):
            return str(json.loads(line.removeprefix(b"READY "))["url"])
    return None


async def _living(data: Path) -> str | None:
    """Return the address of the platform that left its word beside `data`, if that still runs and answers there.

    Where its process has gone, somebody else's may answer at the same address by now.
    """
    try:
        word = json.loads(data.with_name(data.name + ".json").read_text(encoding="utf-8"))
        url = str(word["url"])
        if os.name != "nt":
            # there 0 is Ctrl-C, and reaches the asker as well; whether it answers is asked next in any case
            os.kill(int(word["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    place = urlsplit(url)
    try:
        async with asyncio.timeout(2):
            _, writer = await asyncio.open_connection(place.hostname, place.port)
    except (OSError, TimeoutError):
        return None
    writer.close()
    await writer.wait_closed()
    return url


def _free_port() -> int:
    return next(filter(_is_free, PORTS), 0)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
