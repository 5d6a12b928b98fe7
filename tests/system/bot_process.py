"""The bot of the crash test as a process of its own: born, watched, killed.

A run starts it hundreds of times, and nearly all that a start costs is the reading of modules, which has no effect that
a kill could cut in two. So every bot is forked from one process that has read them and does nothing else.
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path

from crash_bot import Life, live

from greenroom.settings import Platforms

__all__ = ["BotProcess", "read_modules_once"]

FORKS = multiprocessing.get_context("forkserver")
STARTUP = 120.0
"""Seconds after which a bot that does not say that it runs hangs."""
STOP = 60.0
"""Seconds after which a bot that was told to stop hangs."""
LAST_WORDS = 3000


def read_modules_once(platform: str) -> None:
    """Have the modules of the bot and of its platform read before the first one is born."""
    # as `crash`, not as `__main__`: Python 3.11 reads that in each fork (https://github.com/python/cpython/issues/126631)
    FORKS.set_forkserver_preload(["crash", Platforms.installed().adapter(platform).__module__])
    # nor does it tell the process that forks where modules are
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)


class BotProcess:
    """One life of the bot, begun by the constructor. Once it runs it never outlives this process."""

    def __init__(self, life: Life, *, log: Path) -> None:
        """Begin it. What it says goes to the end of `log`: a bot whose log nobody reads would stand still."""
        self._log = log
        self._began = time.monotonic()
        self._word, word = FORKS.Pipe(duplex=False)
        self._process = FORKS.Process(target=_live, args=(life, word, log), daemon=True)
        self._process.start()
        word.close()

    @property
    def is_alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.is_alive()

    def shoot(self) -> None:
        """End it by SIGKILL at this instant, from any thread; whoever watches it sees that it has ended."""
        assert self._process.pid is not None
        os.kill(self._process.pid, signal.SIGKILL)

    def wait_until_running(self) -> float:
        """Wait for its word that it runs, or for its end; return for how many seconds it has lived.

        :raises SystemExit: it gave none
        """
        if not self._word.poll(STARTUP):
            self._process.kill()
            raise SystemExit(f"the bot did not start within {STARTUP:.0f} s:\n{self.last_words}")
        return time.monotonic() - self._began

    def kill(self) -> None:
        """End it by SIGKILL, if it has not ended that way.

        :raises SystemExit: it had ended in another way
        """
        self._process.kill()
        self._ended(-signal.SIGKILL, within=STARTUP)

    def stop(self) -> None:
        """Ask it to stop, and wait until it has.

        :raises SystemExit: it did not, or not cleanly
        """
        self._process.terminate()
        self._ended(0, within=STOP)

    @property
    def last_words(self) -> str:
        """The end of the log."""
        return self._log.read_text()[-LAST_WORDS:] if self._log.exists() else ""

    def _ended(self, wanted: int, *, within: float) -> None:
        self._process.join(within)
        code = self._process.exitcode
        self._word.close()
        if code is None:
            self._process.kill()
            raise SystemExit(f"the bot did not stop within {within:.0f} s:\n{self.last_words}")
        if code != wanted:
            raise SystemExit(f"the bot ended by itself with {code}:\n{self.last_words}")


def _live(life: Life, word: Connection, log: Path) -> None:
    with log.open("a") as said:
        os.dup2(said.fileno(), sys.stderr.fileno())
    parent = multiprocessing.parent_process()
    assert parent is not None

    def running() -> None:
        asyncio.get_running_loop().add_reader(parent.sentinel, os._exit, 1)
        word.send_bytes(b"RUNNING")

    live(life, running=running)
