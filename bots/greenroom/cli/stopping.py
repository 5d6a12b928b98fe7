"""Ctrl-C, SIGTERM and a closed terminal: the first one asks for a clean stop, the second one ends at once."""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType
from typing import Any

from greenroom.cli.failing import STOPPED_AT_ONCE

__all__ = ["WITH_INPUT", "Stop", "stopping"]

WITH_INPUT = "GREENROOM_ENDS_WITH_INPUT"
"""Environment variable: set to anything, the end of standard input is a signal as well. Whoever started us holds that
open, and is gone then, however he ended."""

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
STANDARD_INPUT = 0
ONE_CTRL_C = 0.3
"""Seconds in which signals are one wish: a terminal and a parent (`uv run`, `timeout`) may both pass one on."""


class Stop:
    """Whether a stop was asked for."""

    def __init__(self) -> None:
        self.asked = False


@contextlib.contextmanager
def stopping(*, on_first: Callable[[], None], on_second: Callable[[], None]) -> Generator[Stop]:
    """Cancel the current task on the first signal, after `on_first`; on the second call `on_second` and end the
    process with exit code 130. The task sees by `Stop.asked` that its cancellation is a stop. Whatever the two raise,
    the stop takes place."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - whoever asks is a coroutine
    loop = asyncio.get_running_loop()
    stop = Stop()

    asked_at = 0.0

    def heard() -> None:
        nonlocal asked_at
        if stop.asked:
            if loop.time() - asked_at < ONE_CTRL_C:
                return
            try:
                on_second()
            finally:
                os._exit(STOPPED_AT_ONCE)
        stop.asked, asked_at = True, loop.time()
        # first of all: what is told of it may find no terminal any more
        task.cancel()
        on_first()

    with contextlib.ExitStack() as handlers:
        for number in SIGNALS:
            if number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN:
                # `nohup` started us: the terminal may be closed
                continue
            handlers.callback(_handle(loop, number, heard))
        if os.environ.pop(WITH_INPUT, None) is not None:
            # on Windows no loop can wait for an input that it has not made
            threading.Thread(target=_hear_end_of_input, args=(loop, heard), daemon=True).start()
        yield stop


def _hear_end_of_input(loop: asyncio.AbstractEventLoop, heard: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(STANDARD_INPUT, 1024):
            pass
    with contextlib.suppress(RuntimeError):
        # unless the loop has ended meanwhile
        loop.call_soon_threadsafe(heard)


def _handle(loop: asyncio.AbstractEventLoop, number: signal.Signals, heard: Callable[[], None]) -> Callable[[], Any]:
    """Call `heard` in the loop when the signal comes; return what ends that."""
    try:
        loop.add_signal_handler(number, heard)
    except NotImplementedError:
        # the loops of Windows have no signals of their own

        def handler(number: int, frame: FrameType | None) -> None:
            loop.call_soon_threadsafe(heard)

        before = signal.signal(number, handler)
        return lambda: signal.signal(number, before)
    return lambda: loop.remove_signal_handler(number)
