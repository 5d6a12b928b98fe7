"""`greenroom run` of several bots: a process for each, and one terminal for all of them."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from greenroom.cli.choosing import choose
from greenroom.cli.failing import FAILED, RUNS_ALREADY, USAGE, words_of
from greenroom.cli.showing import complain, write_json
from greenroom.cli.stopping import WITH_INPUT, stopping

if TYPE_CHECKING:
    from greenroom.app import LocalPlatform

__all__ = ["members_of", "run_several"]

FIRST_PAUSE, LONGEST_PAUSE = 5.0, 300.0
"""Seconds until a bot that has died starts again: the first time, and at the most. Each time takes twice as long."""
CLEARING = 30.0
"""Seconds in which a bot that runs already must have ended, should it be at that: then it is started once more."""
WELL = 60.0
"""Seconds after which a bot runs well: should it die later, that is a first time again."""
HAS_GROUPS = os.name == "posix"
"""Whether a terminal can be kept from telling the bots of a Ctrl-C, so that it is we who tell them."""


@dataclass(slots=True, kw_only=True)
class Member:
    """One bot of several, in a process of its own that is started again when it dies."""

    name: str
    command: Sequence[str]
    """What starts it."""
    again: Sequence[str]
    """What starts it after that, unless that found it running elsewhere."""
    as_json: bool
    local: frozenset[tuple[str, Path]]
    """Which platforms of this machine it uses, each with its folder."""
    environ: Mapping[str, str] = field(default_factory=dict[str, str])
    """What it finds in its environment beside what we do."""
    margin: int = 0
    """Characters that the longest name takes."""
    failed: bool = False
    runs_already: bool = False
    """Another process runs it, so it was given up here."""
    _process: asyncio.subprocess.Process | None = None
    _is_over: asyncio.Event = field(default_factory=asyncio.Event)

    async def keep_running(self) -> None:
        """Run it until it ends by itself or is stopped."""
        command, pause = self.command, FIRST_PAUSE
        while not self._is_over.is_set():
            loop = asyncio.get_running_loop()
            began = loop.time()
            code = await self._run(command)
            if self._is_over.is_set():
                # one that was not yet able to hear that it is to end has just ended
                self.failed = code not in (0, -signal.SIGTERM)
                self.runs_already = code == RUNS_ALREADY
                return
            self.failed = code != 0
            was_found, self.runs_already = self.runs_already, code == RUNS_ALREADY
            if code in (0, USAGE) or (was_found and self.runs_already):
                self._tell("ended", code=code)
                return
            if loop.time() - began > WELL:
                pause = FIRST_PAUSE
            wait = CLEARING if self.runs_already else pause
            self._tell("died", code=code, again_in=wait)
            if not self.runs_already and self._process is not None:
                # what holds for the first time may have been done, and must not be done again to what was said since
                command = self.again
            try:
                await asyncio.wait_for(self._is_over.wait(), wait)
            except TimeoutError:
                pause = pause if self.runs_already else min(2 * pause, LONGEST_PAUSE)
            else:
                # that it will not start again is what was wanted of it
                self.failed = self.runs_already = False

    def stop(self) -> None:
        """Have it end, cleanly, and not start again."""
        if not self._is_over.is_set():
            self._is_over.set()
            self.signal()

    def signal(self) -> None:
        """Tell it to end, for the second time: at once. Where terminals cannot be kept from it, it is told by that."""
        if HAS_GROUPS and self._process is not None and self._process.returncode is None:
            self._process.terminate()

    async def _run(self, command: Sequence[str]) -> int:
        """Start it once, pass its lines on, and return its exit code; one that cannot be started has failed."""
        told_apart = {"FORCE_COLOR": "1"} if sys.stdout.isatty() and "NO_COLOR" not in os.environ else {}
        try:
            self._process = process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                # whatever the terminal takes, between us all of its words pass
                env={**os.environ, **told_apart, **self.environ, "PYTHONIOENCODING": "utf-8", WITH_INPUT: "1"},
                start_new_session=HAS_GROUPS,
            )
        except OSError as error:
            self._process = None
            complain(f"{self.name} cannot be started: {words_of(error)}")
            return FAILED
        if self._is_over.is_set():
            # it came while the process was made
            self.signal()
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        assert process.stderr is not None  # noqa: S101 - it is a pipe
        await asyncio.gather(self._pass_on(process.stdout, sys.stdout), self._pass_on(process.stderr, sys.stderr))
        return await process.wait()

    async def _pass_on(self, lines: asyncio.StreamReader, place: TextIO) -> None:
        begun = b""
        try:
            while read := await lines.read(1 << 16):
                *whole, begun = (begun + read).split(b"\n")
                for line in whole:
                    self._write(line.removesuffix(b"\r").decode(errors="replace"), place)
            if begun:
                self._write(begun.decode(errors="replace"), place)
        except OSError:
            # nobody reads any more: it must end, and must not wait for a reader until it does
            self.stop()
            while await lines.read(1 << 16):
                pass
            raise

    def _write(self, line: str, place: TextIO) -> None:
        if not self.as_json:
            if not line:
                return
            line = f"{typer.style(f'{self.name:<{self.margin}}', fg='cyan')}  {line}"
        # colours are taken out where this is no terminal
        typer.echo(line, file=place)

    def _tell(self, event: str, *, code: int, again_in: float | None = None) -> None:
        """Write what became of its process."""
        if self.as_json:
            facts = {} if again_in is None else {"again_in": again_in}
            write_json({"at": datetime.now(UTC).isoformat(), "event": event, "bot": self.name, "code": code, **facts})
            return
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        then = "" if again_in is None else f"; it starts again in {again_in:.0f} s"
        self._write(f"{how}{then}", sys.stdout)


async def run_several(members: Sequence[Member]) -> int:
    """Run these bots until all have ended, or until Ctrl-C or SIGTERM, which is passed on to them; return the exit code
    for it. One that dies takes no other with it."""
    margin = max(len(one.name) for one in members)
    for one in members:
        one.margin = margin

    def stop() -> None:
        for one in members:
            one.stop()

    local: list[LocalPlatform] = []

    def at_once() -> None:
        for one in members:
            one.signal()
        for platform in local:
            platform.kill()
        complain("stopped at once; what was in flight is looked up at the next start")

    running: list[asyncio.Task[None]] = []
    with stopping(on_first=stop, on_second=at_once) as asked:
        try:
            async with _local_platforms(members, local):
                running = [asyncio.create_task(one.keep_running()) for one in members]
                try:
                    await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
                finally:
                    stop()
                    try:
                        await asyncio.wait(running)
                    except asyncio.CancelledError:
                        # one failed, so all were told to end, and are now told so once more
                        await asyncio.wait(running)
                        raise
        except asyncio.CancelledError:
            if not asked.asked:
                raise
        failures = [failure for task in running if (failure := task.exception()) is not None]
        if failures:
            raise failures[0]
    for one in members:
        if one.runs_already:
            complain(f"{one.name} did not run here, for another process runs it: stop that one first")
    return FAILED if any(one.failed for one in members) else 0


@asynccontextmanager
async def _local_platforms(members: Sequence[Member], local: "list[LocalPlatform]") -> AsyncGenerator[None]:
    """Have the platforms of this machine run that the bots share, so that none of them takes one with it; `local` gets
    them."""
    from greenroom.app import start_local

    async with AsyncExitStack() as stack:
        for platform, folder in frozenset[tuple[str, Path]]().union(*(one.local for one in members)):
            local.append(await start_local(platform, folder))
            stack.push_async_callback(local[-1].stop)
        yield


def members_of(
    bots: Sequence[str],
    options: Sequence[str],
    *,
    environ: Mapping[str, str],
    take_over: bool,
    observe: str | None,
    as_json: bool,
) -> list[Member]:
    """Return the bots of these names or files, each of which runs with `options`, and finds `environ` beside our own
    environment.

    :raises ConfigurationError: there is no such bot, or one is named twice
    :raises Mistakes: one that never ran has mistakes in its file
    """
    from greenroom.app import is_local
    from greenroom_adapters.contract import ConfigurationError

    members: dict[str, Member] = {}
    places: dict[str, Path] = {}
    for number, given in enumerate(bots):
        chosen = choose(given)
        file = chosen.in_force()
        if (name := file.bot) in members:
            if places[name] == chosen.path.resolve():
                raise ConfigurationError(f"{given}: the bot {name} is named twice")
            raise ConfigurationError(
                f"{given}: another of these bots is called {name} as well, and nobody could tell their lines apart. "
                "Run this one by itself"
            )
        at = [] if observe is None else ["--observe", _address(observe, number)]
        again = [sys.executable, "-P", "-m", "greenroom", "run", str(chosen.path), *options, *at]
        command = [*again, "--take-over"] if take_over else again
        local = frozenset(
            (account.platform, file.home.parent)
            for account in file.accounts.values()
            if is_local(account.platform) and "server" not in account.settings
        )
        places[name] = chosen.path.resolve()
        members[name] = Member(name=name, command=command, again=again, as_json=as_json, local=local, environ=environ)
    return list(members.values())


def _address(observe: str, number: int) -> str:
    """Return where the bot of this number, from 0, is observed."""
    before, colon, port = observe.rpartition(":")
    return f"{before}{colon}{int(port) + number}" if port.isdecimal() and int(port) else observe
