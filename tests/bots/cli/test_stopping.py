"""What ends a bot in the foreground, whatever becomes of its terminal."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from greenroom.cli.stopping import stopping
from greenroom_adapters.testing.stage import RunningStage

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither such terminals nor such signals")

ON_ITS_TERMINAL = """\
import fcntl, signal, sys, termios

signal.signal(signal.SIGHUP, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from greenroom.cli import main

main()
"""


def test_a_bot_ends_with_its_terminal(home: Path, write_bot: Callable[..., Path], stage: RunningStage) -> None:
    write_bot(server=stage.url, handle="closed")
    ours, theirs = os.openpty()
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", ON_ITS_TERMINAL, "run"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as bot:
        os.close(theirs)
        shown = b""
        while b"connected" not in shown:
            shown += os.read(ours, 65536)
        os.close(ours)
        try:
            bot.wait(20)
        finally:
            bot.kill()
    assert bot.returncode == 1, "it could not say that it stops"


@pytest.mark.asyncio
@pytest.mark.parametrize(("before", "stops"), [(signal.SIG_IGN, False), (signal.SIG_DFL, True)])
async def test_whoever_is_started_by_nohup_outlives_the_terminal(before: signal.Handlers, *, stops: bool) -> None:
    async def run() -> bool:
        with stopping(on_first=lambda: None, on_second=lambda: None) as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.1)
            return stop.asked

    found = signal.signal(signal.SIGHUP, before)
    try:
        assert await asyncio.create_task(run()) is stops
    finally:
        signal.signal(signal.SIGHUP, found)


@pytest.mark.asyncio
async def test_a_stop_takes_place_also_where_it_cannot_be_told() -> None:
    failures: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(context["exception"]))
    gone = OSError("the terminal is gone")

    def tell() -> None:
        raise gone

    async def run() -> bool:
        with stopping(on_first=tell, on_second=tell) as stop:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.sleep(20)
            except asyncio.CancelledError:
                return stop.asked
        return False

    assert await asyncio.create_task(run())
    assert failures == [gone]


TWICE = """\
import asyncio, os, signal
from greenroom.cli.stopping import stopping

def tell():
    raise OSError("the terminal is gone")

async def run():
    with stopping(on_first=lambda: None, on_second=tell):
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            await asyncio.sleep(0.4)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(20)

asyncio.run(run())
"""


def test_a_second_signal_ends_at_once_also_where_that_cannot_be_told() -> None:
    ended = subprocess.run([sys.executable, "-c", TWICE], stderr=subprocess.DEVNULL, timeout=15, check=False)  # noqa: S603 - our own program
    assert ended.returncode == 130
