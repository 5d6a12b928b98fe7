"""A folder with a bot, and the command line as its owner types it."""

import asyncio
import contextlib
import json
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from greenroom.cli import main
from greenroom.clock import SystemClock
from greenroom.storage import Draft, Part, SqliteLedger, State, Turn
from greenroom_adapters.contract import Author, CommandGiven, MentionReceived, Post, PostRef, Surface, Trust
from greenroom_adapters.testing.stage import RunningStage

PERSONA = """\
persona: Ada
who: keeps the lighthouse and writes its log
voice: dry and kind
topics: [the weather at sea, the lamp]
"""
BOT = """\
bot: ada
persona: persona.yaml
timezone: Europe/Lisbon
accounts:
  home: {{platform: stage, server: "{server}", handle: {handle}}}
answer: [mentions, replies, direct_messages]
post: {{name: watch, at: {at}, about: the weather at sea}}
{more}"""
PATIENCE = 60.0
"""Seconds in which a bot in a process of its own must do the next thing."""
NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one JSON value on standard output."""
        return json.loads(self.out)


Greenroom = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with nothing in the environment that chooses a bot or a look."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("GREENROOM_BOT", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def write_bot(home: Path) -> Callable[..., Path]:
    """Write a bot and its persona into the current folder: `write_bot(server=…, handle=…, more=…)`; its file."""

    def write(*, server: str = NOWHERE, handle: str = "ada", more: str = "") -> Path:
        (home / "persona.yaml").write_text(PERSONA, encoding="utf-8")
        path = home / "bot.yaml"
        # half a day away, so that no bot that runs here posts of itself, at whatever hour the tests run
        at = datetime.now(ZoneInfo("Europe/Lisbon")) + timedelta(hours=12)
        path.write_text(BOT.format(server=server, handle=handle, at=f"{at:%H:%M}", more=more), encoding="utf-8")
        return path

    return write


@pytest.fixture
def greenroom(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Greenroom:
    """Type a command in the current folder: `greenroom("post", "hello")`."""

    def type_command(*words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["greenroom", *words])
        capsys.readouterr()
        root = logging.getLogger()
        before = root.handlers[:], root.level
        try:
            with pytest.raises(SystemExit) as left:
                main()
        finally:
            root.handlers[:], level = before
            root.setLevel(level)
        said = capsys.readouterr()
        assert "Traceback" not in said.out + said.err
        return Said(code=int(left.value.code or 0), out=said.out, err=said.err)

    return type_command


@pytest.fixture(scope="session")
def shared_stage() -> Iterator[RunningStage]:
    """One Stage for many tests."""
    with RunningStage() as running:
        yield running


@pytest.fixture
def stage(request: pytest.FixtureRequest, shared_stage: RunningStage) -> Iterator[RunningStage]:
    """A Stage that many tests share, each under a handle of its own; a test that is tried again gets a new one."""
    if getattr(request.node, "execution_count", 1) == 1:
        yield shared_stage
        return
    with RunningStage() as running:
        yield running


@dataclass(slots=True)
class RunningBot:
    """`greenroom run --json` in a process of its own."""

    folder: Path
    options: tuple[str, ...] = ()
    entries: list[dict[str, Any]] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None

    def start(self, *, connects: bool = True) -> "RunningBot":
        """Start it, and return when it listens: what was said before is none of a new account's business. One whose
        account cannot be signed in yet returns at once."""
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "greenroom", "run", "--json", *self.options],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        if not connects:
            return self
        self.read_until("connected")
        start = next(entry for entry in self.entries if entry["event"] == "running")
        deadline = time.monotonic() + PATIENCE
        with contextlib.closing(sqlite3.connect(start["ledger"])) as ledger:
            while not ledger.execute("SELECT count(*) FROM cursors").fetchone()[0]:
                assert time.monotonic() < deadline, "it does not begin to listen"
                time.sleep(0.05)
        return self

    def read_until(self, event: str) -> dict[str, Any]:
        """Read what it writes up to the entry of this event, and return that."""
        assert self.process is not None
        assert self.process.stdout is not None
        impatience = threading.Timer(PATIENCE, self.process.kill)
        impatience.start()
        try:
            for line in self.process.stdout:
                entry = json.loads(line)
                self.entries.append(entry)
                if entry.get("event") == event:
                    return dict(entry)
        finally:
            impatience.cancel()
        _, errors = self.process.communicate()
        raise AssertionError(f"the bot ended before `{event}`: {errors}")

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it without a word."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def wait(self) -> tuple[int, str]:
        """Return its exit code and what it wrote to standard error, when it has ended."""
        assert self.process is not None
        out, errors = self.process.communicate(timeout=30)
        self.entries += map(json.loads, out.splitlines())
        return self.process.returncode, errors

    def close(self) -> None:
        """End it, if it lives, and the Stage that it started."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                self.kill()
        note = self.folder / "data" / "stage.db.json"
        if note.exists():
            # a bot that was killed left its Stage behind; one that was told twice to stop has killed it
            with contextlib.suppress(ProcessLookupError):
                os.kill(json.loads(note.read_text(encoding="utf-8"))["pid"], signal.SIGTERM)


@pytest.fixture
def running(home: Path) -> Iterator[Callable[..., RunningBot]]:
    """Start bots in the current folder: `running("bot.yaml")`; they are ended with the test. With `connects=False` the
    account need not be signed in at once."""
    bots: list[RunningBot] = []

    def start(*options: str, connects: bool = True) -> RunningBot:
        bots.append(RunningBot(home, options))
        return bots[-1].start(connects=connects)

    yield start
    for bot in bots:
        bot.close()


@pytest.fixture
def until() -> Callable[..., Any]:
    """Wait for something: `until(lambda: …)` returns it."""

    def wait(true: Callable[[], Any], *, seconds: float = 2 * PATIENCE) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := true():
                return found
            time.sleep(0.1)
        raise AssertionError("it did not happen in time")

    return wait


@pytest.fixture
def ledger_with(home: Path) -> Callable[..., None]:
    """Make the bot's ledger with turns in these states, numbered from 1: `ledger_with(State.DEAD, …)`. They are
    mentions, or this `command`; `reason` is why they rest there."""

    def make(
        *states: State, text: str = "is the lamp lit?", command: str | None = None, reason: str | None = None
    ) -> None:
        async def write() -> None:
            clock = SystemClock()
            async with SqliteLedger(home / "data" / "ada.db", bot="ada", clock=clock) as ledger:
                for number, state in enumerate(states, 1):
                    turn = _turn(number, text, now=clock.micros(), command=command)
                    ledger.receive(turn)
                    turn.state, turn.reason = state, reason or f"the test wants it {state.word}"
                    turn.draft = Draft(parts=("It is lit.",), engine="script")
                    if state in (State.UNKNOWN, State.DEAD, State.SENT):
                        part = Part(key=f"key{number}", post=Post(text="It is lit."), number=1, first_tried=1)
                        if state is State.SENT:
                            part.post_id, part.url, part.published = f"p{number}", f"https://x.example/p{number}", 1
                        turn.outbox = [part]
                    ledger.save(turn)
                    ledger.note(turn.seq, state.word, turn.reason)
                await ledger.committed()

        asyncio.run(write())

    return make


def _turn(number: int, text: str, *, now: int, command: str | None) -> Turn:
    made = MentionReceived if command is None else partial(CommandGiven, command=command)
    event = made(
        id=f"event{number}",
        source="mentions",
        cursor=str(number),
        occurred_at=datetime.now(UTC),
        post=PostRef(id=f"asked{number}"),
        author=Author(id="id-of-ben", handle="ben"),
        text=text,
        conversation=f"talk{number}",
    )
    hour = 3_600_000_000
    return Turn(
        "home",
        event.id,
        f"home/talk{number}",
        str(event.kind),
        event,
        Surface.REPLY,
        "answer 1" if command is None else f"/{command}",
        Trust.ANYONE,
        now,
        now + hour,
        f"asked{number}",
    )
