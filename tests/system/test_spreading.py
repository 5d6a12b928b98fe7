"""Two hosts with a worker for each of two bots: who returns is given one of them, and nothing is lost or said twice."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from counting_posts import count_on_stage
from listeners import Listeners
from postgres import Postgres
from wire import Wire

from greenroom.storage import workers_on
from greenroom.stores import Database
from greenroom_adapters.testing.stage import RunningStage

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.flaky(reruns=0),  # a broken promise is never tried again
]

WORKER = Path(__file__).parent / "worker_bot.py"
BOTS = ("ada", "ben")
SETTLED = 1.0
PATIENCE = 120.0
FILE = """\
bot: {bot}
persona: persona.yaml
timezone: UTC
accounts:
  home: {{platform: stage, server: "http://127.0.0.1:{port}"}}
engines: hold
answer: mentions
store: {store}
"""


class Hosts:
    """What runs on each host, and what people ask of the bots meanwhile."""

    def __init__(self, folder: Path, postgres: Postgres, stage: RunningStage, opened: ExitStack) -> None:
        self._folder = folder
        self._postgres = postgres
        self._stage = stage
        self._opened = opened
        self._running: dict[tuple[str, str], subprocess.Popen[bytes]] = {}
        self.listeners = {bot: Listeners() for bot in BOTS}
        self._person = stage.sign_in("iris")
        self.tokens: dict[str, set[str]] = {bot: set() for bot in BOTS}

    def begin(self, host: str) -> None:
        """Start a worker of each bot on a host, and stop it in the end."""
        for bot in BOTS:
            home = self._folder / f"{host}-{bot}"
            if not home.exists():
                home.mkdir()
                stage = ("127.0.0.1", int(self._stage.url.rpartition(":")[2]))
                wire = self._opened.enter_context(Wire(stage, heard=self.listeners[bot].heard(host)))
                (home / "bot.yaml").write_text(FILE.format(bot=bot, port=wire.port, store=self._postgres.url))
                (home / "persona.yaml").write_text("persona: Keeper\nwho: repeats what it hears\n")
            with (home / "log").open("ab") as log:
                program = [sys.executable, *map(str, (WORKER, home / "bot.yaml", home / "bill", host, SETTLED))]
                self._running[host, bot] = subprocess.Popen(  # noqa: S603 - our own worker
                    program,
                    stderr=log,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
                )

    def kill(self, host: str) -> None:
        """Let a host be gone."""
        for bot in BOTS:
            process = self._running.pop((host, bot), None)
            if process is not None:
                process.kill()
                process.wait()

    def log(self, host: str) -> str:
        return "".join((self._folder / f"{host}-{bot}" / "log").read_text() for bot in BOTS)

    def until(self, is_so: Callable[[], bool]) -> None:
        """Ask the bots for something again and again until it is so."""
        deadline = time.monotonic() + PATIENCE
        while not is_so():
            assert time.monotonic() < deadline, f"{self.log('north')}\n\n{self.log('south')}"
            for bot in BOTS:
                token = f"m{len(self.tokens[bot]):05d}"
                self._stage.say(self._person, f"@{bot} say {token} for me")
                self.tokens[bot].add(token)
            time.sleep(0.3)

    def spread(self) -> dict[str, int]:
        return Counter(one.host for one in workers_on(Database(self._postgres.url)) if one.owns)

    def lost(self) -> int:
        counts = [count_on_stage(self._stage.data, bot=bot, tokens=self.tokens[bot]) for bot in BOTS]
        assert not any(count.doubled or count.strange or count.unasked for count in counts)
        return sum(len(count.lost) for count in counts)


@pytest.fixture
def hosts(tmp_path: Path) -> Iterator[Hosts]:
    postgres = Postgres()
    with ExitStack() as opened:
        opened.callback(postgres.close)
        postgres.start()
        stage = opened.enter_context(RunningStage("--writes", "1000000/1", data=tmp_path / "stage.db"))
        made = Hosts(tmp_path, postgres, stage, opened)
        try:
            yield made
        finally:
            for host in ("north", "south"):
                made.kill(host)


def test_a_host_that_returns_is_given_a_bot_while_people_talk_to_it_and_nothing_is_lost_or_doubled(
    hosts: Hosts,
) -> None:
    hosts.begin("north")
    deadline = time.monotonic() + PATIENCE
    while hosts.spread() != {"north": 2} or not all(hosts.listeners[bot].count for bot in BOTS):
        assert time.monotonic() < deadline, hosts.log("north")
        time.sleep(0.1)
    hosts.begin("south")
    hosts.until(lambda: hosts.spread() == {"north": 1, "south": 1})
    assert "handed over to another host" in hosts.log("north")
    assert "north runs 2 bots of this database, south none" in hosts.log("north")
    hosts.kill("north")
    hosts.until(lambda: hosts.spread() == {"south": 2})
    hosts.begin("north")
    hosts.until(lambda: hosts.spread() == {"north": 1, "south": 1})
    assert "south runs 2 bots of this database, north none" in hosts.log("south")
    deadline = time.monotonic() + PATIENCE
    while hosts.lost():
        assert time.monotonic() < deadline, f"{hosts.log('north')}\n\n{hosts.log('south')}"
        time.sleep(0.1)
    assert {bot: hosts.listeners[bot].together() for bot in BOTS} == {bot: [] for bot in BOTS}
