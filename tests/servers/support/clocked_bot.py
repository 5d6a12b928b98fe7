"""A bot as a process of its own whose clock runs behind that of the machine and is put forward from outside.

python tests/servers/support/clocked_bot.py BOT_FILE SECONDS_BEHIND

Each line of its input is a number of seconds to put forward; at the end of its input it stops. It never runs ahead of
the machine, so what is typed beside it (`greenroom week`) sees all that it did in the past.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from greenroom.app import Bot, Options
from greenroom.telemetry import logging_to
from greenroom.testing import RunningClock

__all__ = ["ClockedBot"]

READY = "LISTENING"
STOPS_WITHIN = 60.0
DAYS = timedelta(days=5)
"""So many days before today it begins, at midnight: the seven that `greenroom week` counts have room for it, also when
another day begins meanwhile."""


class ClockedBot:
    """The bot of one file, over several lives. A context manager: entering starts it, leaving stops it."""

    def __init__(self, file: Path, secrets: Mapping[str, str]) -> None:
        """`secrets` is what its environment has beyond that of the test."""
        self.file = file
        now = datetime.now(UTC)
        self.begin = now.replace(hour=0, minute=0, second=0, microsecond=0) - DAYS
        """Midnight, in UTC."""
        self.behind = now - self.begin
        self._log = file.with_name("bot.log")
        python_path = os.pathsep.join(path for path in sys.path if path)
        self._environment = {**os.environ, **secrets, "PYTHONPATH": python_path, "NO_COLOR": "1"}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, at the time that it has reached; return when it listens."""
        command = [sys.executable, __file__, str(self.file), str(self.behind.total_seconds())]
        with self._log.open("a") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True, env=self._environment
            )
        assert self._process.stdout is not None
        assert self._process.stdout.readline().strip() == READY, self.last_words

    def pass_time(self, by: timedelta) -> None:
        """Let so much time pass for it at once, also while it does not run."""
        assert by <= self.behind, "it would be ahead of the machine"
        self.behind -= by
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.write(f"{by.total_seconds()}\n")
            self._process.stdin.flush()

    def reach(self, moment: datetime) -> None:
        """Make it `moment` for it."""
        self.pass_time(moment - (datetime.now(UTC) - self.behind))

    def kill(self) -> None:
        """End it without a word."""
        assert self._process is not None
        self._process.kill()
        assert self._closed() == -signal.SIGKILL, self.last_words

    def stop(self) -> None:
        """Have it stop, which it must do cleanly."""
        if self._process is not None:
            assert self._process.stdin is not None
            self._process.stdin.close()
            assert self._closed() == 0, self.last_words

    def command(self, *words: str, code: int = 0) -> str:
        """Type a command of `greenroom` beside it; return what it says."""
        command = [sys.executable, "-m", "greenroom", *words]
        done = subprocess.run(
            command, cwd=self.file.parent, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, (words, done.stdout, done.stderr, self.last_words)
        return done.stdout + done.stderr

    def week(self) -> Mapping[str, Any]:
        """Return the report of its week."""
        told: Mapping[str, Any] = json.loads(self.command("week", self.file.name, "--json"))
        return told

    def has_logged(self, words: str) -> bool:
        """Say whether its log has these words, in whichever life."""
        return words in self._log.read_text()

    @property
    def last_words(self) -> str:
        """What its log ends with."""
        return self._log.read_text()[-3000:]

    def _closed(self) -> int:
        process, self._process = self._process, None
        assert process is not None
        try:
            return process.wait(STOPS_WITHIN)
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()


async def _live(file: Path, behind: timedelta) -> None:
    clock = RunningClock()
    clock.put_forward(-behind)
    orders = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(orders)
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    async with Bot.load(file, Options(clock=clock, grace=2.0)) as bot:
        running = asyncio.create_task(bot.run())
        obeying = asyncio.create_task(_obey(orders, bot, clock))
        await asyncio.wait([running, obeying], return_when=asyncio.FIRST_COMPLETED)
        for task in (running, obeying):
            task.cancel()
        ended = await asyncio.gather(running, obeying, return_exceptions=True)
    pipe.close()
    for error in ended:
        if isinstance(error, Exception):
            raise error


async def _obey(orders: asyncio.StreamReader, bot: Bot, clock: RunningClock) -> None:
    # listening begins with the cursors, which are on disk before the first reading
    for account, desk in bot.desks.items():
        while not (desk.is_connected and await bot.ledger.cursors(account)):
            await asyncio.sleep(0.02)
    print(READY, flush=True)
    while order := await orders.readline():
        clock.put_forward(timedelta(seconds=float(order)))


if __name__ == "__main__":
    with logging_to(lambda entry: print(entry, file=sys.stderr, flush=True)):
        asyncio.run(_live(Path(sys.argv[1]), timedelta(seconds=float(sys.argv[2]))))
