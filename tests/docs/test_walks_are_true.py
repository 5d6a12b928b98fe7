"""The walks of docs/ are walked: every command is typed on a terminal, and what the page shows is what it printed.

- A `yaml` block that begins with a file's name is that file. Its account is led to the strict fake of its platform, by
  keys that no reader needs.
- A `terminal` block is typed on a terminal, line by line behind `$ `; what is shown below a command is compared with
  what came, `...` stands for anything. What a question is answered with comes from the test, and what is typed visibly
  is shown. A command that says nothing of its end, as `greenroom run`, goes on while the page does.
- A comment `<!-- alice: WORDS -->` is somebody who says that to the bot at this point; `<!-- invited -->` somebody who
  follows the invitation; `<!-- public: WORDS -->` waits until the bot has said so, by a part of its words.
"""

import contextlib
import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from discord_world import RunningDiscord
from x_server import XServer

if sys.platform != "win32":
    import termios

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PATIENCE = 60.0
"""Seconds within which a page's next line must be true."""
PART = re.compile(
    r"^```(?P<language>yaml|terminal)\n(?P<text>.*?)^```$|^<!-- (?P<direction>[a-z]+)(?:: (?P<words>.*?))? -->$",
    re.MULTILINE | re.DOTALL,
)
FILE_NAME = re.compile(r"# ([\w.-]+\.yaml)\n")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x07")

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="has no such terminals"),
    pytest.mark.timeout(300),
]


class Greenroom:
    """What the word `greenroom` begins."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        kept = {
            name: value for name, value in os.environ.items() if not name.endswith(("_API_KEY", "_TOKEN", "DISPLAY"))
        }
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - a file beside this one
                [sys.executable, str(Path(__file__).with_name("greenroom_once_imported.py")), str(theirs.fileno())],
                env={
                    **kept,
                    "PYTHONPATH": os.pathsep.join([str(ROOT / "bots"), str(ROOT / "adapters")]),
                    "COLUMNS": "110",
                    "TERM": "dumb",
                    "NO_COLOR": "1",
                    "TZ": "UTC",
                },
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._asks = ours
        ours.settimeout(PATIENCE)

    def begin(self, command: str, folder: Path, terminal: int) -> int:
        """Begin a command on a terminal; return its process, which leads a group of its own."""
        socket.send_fds(self._asks, [json.dumps([str(folder), shlex.split(command)]).encode()], [terminal])
        return int(self._asks.recv(64))

    def close(self) -> None:
        """Let nobody begin anything any more."""
        self._asks.close()
        self._process.wait(PATIENCE)


class Terminal:
    """A terminal on which one command is typed, with somebody before it who answers what he is asked."""

    def __init__(self, command: str, folder: Path, greenroom: Greenroom, answers: Mapping[str, str]) -> None:
        self._ours, theirs = os.openpty()
        self._answers = dict(answers)
        self._process = greenroom.begin(command, folder, theirs)
        os.close(theirs)
        self._raw = b""
        self._answered = 0
        self._is_over = False

    @property
    def shown(self) -> str:
        """What stands on it."""
        return ESCAPES.sub("", self._raw.decode(errors="replace").replace("\r\n", "\n"))

    def look(self, seconds: float) -> bool:
        """Read what comes within so many seconds, and answer; say whether more may come."""
        if self._is_over:
            return False
        if not select.select([self._ours], [], [], seconds)[0]:
            return True
        try:
            chunk = os.read(self._ours, 65536)
        except OSError:  # the terminal goes with its last process
            chunk = b""
        self._is_over = not chunk
        self._raw += chunk
        for question, answer in self._answers.items():
            if question in self.shown[self._answered :]:
                if "is not shown" in self.shown[self._answered :]:
                    # what was typed before the echo is off is thrown away
                    until(lambda: not termios.tcgetattr(self._ours)[3] & termios.ECHO, "a question without echo")
                self._answered = len(self.shown)
                os.write(self._ours, f"{answer}\n".encode())
                break
        return not self._is_over

    def close(self) -> None:
        """End it as Ctrl-C does, or else at once."""
        deadline = time.monotonic() + PATIENCE
        for end in (signal.SIGINT, signal.SIGKILL):
            if not self._is_over:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process, end)
            while time.monotonic() < deadline and self.look(0.1):
                continue
        os.close(self._ours)


@dataclass(kw_only=True)
class Walk:
    """One page, and the platform that it is walked on."""

    page: Path
    folder: Path
    greenroom: Greenroom
    leads: Mapping[str, str]
    """Words of a bot file → what they are written as, so that the account is on the fake."""
    answers: Mapping[str, str]
    """Words of a question → what is typed."""
    directions: Mapping[str, Callable[[str], object]]
    stands_for: Mapping[str, str] = field(default_factory=dict[str, str])
    """What only this run has, such as an id → what the page has in its place."""
    terminals: list[Terminal] = field(default_factory=list[Terminal])

    def go(self) -> None:
        """Walk it to its end."""
        try:
            for part in PART.finditer(self.page.read_text(encoding="utf-8")):
                if part["direction"] is not None:
                    self.directions[part["direction"]](part["words"] or "")
                elif part["language"] == "yaml":
                    self._write(part["text"])
                else:
                    for entry in re.split(r"^\$ ", part["text"], flags=re.MULTILINE)[1:]:
                        command, _, expected = entry.partition("\n")
                        self._type(command, expected)
        finally:
            for terminal in self.terminals:
                terminal.close()

    def _write(self, text: str) -> None:
        named = FILE_NAME.match(text)
        if named is None:
            return
        for words, led in self.leads.items():
            text = text.replace(words, led)
        (self.folder / named[1]).write_text(text, encoding="utf-8")

    def _type(self, command: str, expected: str) -> None:
        """Type a command until it shows what the page shows: what was said a moment ago may take its time."""
        deadline, shown = time.monotonic() + PATIENCE, ""
        while time.monotonic() < deadline:
            terminal = Terminal(command, self.folder, self.greenroom, self.answers)
            if shlex.split(command)[:2] == ["greenroom", "run"]:
                self.terminals.append(terminal)
                while time.monotonic() < deadline and terminal.look(0.5):
                    if matches(expected, self._as_on_the_page(terminal.shown)):
                        return
                shown = self._as_on_the_page(terminal.shown)
                break
            while terminal.look(0.5) and time.monotonic() < deadline:
                continue
            shown = self._as_on_the_page(terminal.shown) or shown
            terminal.close()
            if matches(expected, shown):
                return
            for other in self.terminals:  # what goes on beside it must have somebody who reads
                other.look(0.1)
            time.sleep(0.3)
        beside = "".join(other.shown for other in self.terminals)
        raise AssertionError(f"{self.page.name}: $ {command}\n{shown}\nBeside it:\n{beside}")

    def _as_on_the_page(self, shown: str) -> str:
        for words, on_the_page in self.stands_for.items():
            shown = shown.replace(words, on_the_page)
        return shown


def matches(expected: str, shown: str) -> bool:
    """Say whether what is shown is what was expected, in which `...` stands for anything. Any moment is as good as
    another, and so is any next post; how wide the columns are and where lines are broken does not count."""

    def trimmed(text: str) -> str:
        text = re.sub(r"^  next .*\n", "", text, flags=re.MULTILINE)
        text = re.sub(r"(\d{4}-\d\d-\d\d )?\d\d:\d\d:\d\d", "TIME", text)
        return " ".join(text.split())

    pieces = (re.escape(piece) for piece in trimmed(expected).split("..."))
    return re.fullmatch(".*?".join(pieces), trimmed(shown), re.DOTALL) is not None


@pytest.fixture(scope="module")
def greenroom() -> Iterator[Greenroom]:
    """The `greenroom` under test."""
    made = Greenroom()
    yield made
    made.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder in which the reader works."""
    made = tmp_path / "bot"
    made.mkdir()
    return made


def until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.fixture
def morning() -> str:
    """The time of the pages' daily post: half a day away, so that none comes due while a page is walked."""
    return f"{datetime.now(ZoneInfo('Europe/Lisbon')) + timedelta(hours=12):%H:%M}"


@pytest.fixture
def discord() -> Iterator[RunningDiscord]:
    with RunningDiscord() as running:
        yield running


def test_from_zero_to_a_discord_community_bot(
    discord: RunningDiscord, folder: Path, greenroom: Greenroom, morning: str
) -> None:
    alice = discord.call("person", name="alice")["id"]
    bot = discord.call("bot", name="Keeper", owner=alice)
    guild = discord.call("guild", name="Cabo Raso", owner=alice, members=[])
    room = guild["channel"]

    def says(words: str) -> None:
        discord.call("say", channel=room, author=alice, content=words.replace("@Keeper", f"<@{bot['id']}>"))

    def has_said(words: str) -> None:
        until(lambda: any(words in said["content"] for said in discord.call("published", bot=bot["id"])), words)

    at = f'base_url: "{discord.url}/api/v10", gateway_url: "{discord.url.replace("http", "ws")}/gateway"'
    Walk(
        page=DOCS / "walk-discord.md",
        folder=folder,
        greenroom=greenroom,
        leads={"platform: discord,": f"platform: discord, {at},", "80351110224678912": alice, "09:00": morning},
        answers={"Token of the bot": bot["token"]},
        directions={
            "invited": lambda _: discord.call("invite", guild=guild["id"], bot=bot["id"]),
            "alice": says,
            "public": has_said,
        },
        stands_for={alice: "80351110224678912", bot["id"]: "1371459001838174208", morning: "09:00"},
    ).go()
    assert discord.call("violations")["violations"] == []


def test_an_x_account_that_posts_daily_and_answers_mentions(folder: Path, greenroom: Greenroom, morning: str) -> None:
    with XServer(access="self_serve") as server:
        bot = server.state.person("keeper_bot", name="Keeper (bot)", bio="A bot of the Cabo Raso museum.")
        alice = server.state.person("alice", name="Alice", bio="Sails.")
        token, secret = server.state.keys_for(bot)

        def has_said(words: str) -> None:
            told = "SELECT text FROM posts WHERE author = ?"
            until(lambda: any(words in row["text"] for row in server.state.all(told, bot)), words)

        Walk(
            page=DOCS / "walk-x.md",
            folder=folder,
            greenroom=greenroom,
            leads={"platform: x,": f'platform: x, base_url: "{server.url}", look_every: 3,', "09:00": morning},
            answers={
                "very account that the bot will use?": "y",
                "API Key (is not": server.state.api_key,
                "API Key Secret": server.state.api_secret,
                "Access Token (is not": token,
                "Access Token Secret": secret,
                "written by a machine?": "n",
            },
            directions={"alice": lambda words: server.state.post(alice, words), "public": has_said},
            stands_for={morning: "09:00"},
        ).go()
    assert server.violations == []
