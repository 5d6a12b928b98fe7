"""A bot that posts videos on TikTok is killed again and again: each of them is there once.

Nobody asks it for anything there, so the crash test of the other platforms, which counts answers to mentions, does not
carry over. It is killed where a video comes into being: when it is announced, after each of its pieces, while its
status is asked for. TikTok has done its part each time, and the bot never hears of it. It is killed at the fault points
of its own as well, and at random instants.
"""

import asyncio
import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bot_process import BotProcess, read_modules_once
from counting import Count, Said, compare, is_in_place
from crash_bot import Life
from ledger_facts import open_turns, parked, waiting
from typing_extensions import override

from greenroom.app import put_down
from greenroom.clock import SystemClock
from greenroom.storage import Due, SqliteLedger

sys.path.append(str(Path(__file__).parents[1] / "fakes"))  # the crash test is a program, not a package
from filmed import MP4
from tiktok_server import SCOPES, TikTokServer

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.flaky(reruns=0),  # a broken promise is never tried again
]

STAGES = ("init", "piece 0", "piece 1", "status")
"""What TikTok has just done when the bot is killed."""
POINTS = ("after_sending", "after_checkpoint", "after_publish_before_receipt", "after_receipt")
KILLS = 3
"""At random instants, beside one at each stage and point."""
SIZE = 13 * 1024 * 1024
"""Of each video, in bytes: two pieces."""
PATIENCE = 60.0
FILE = """\
bot: keeper
persona: persona.yaml
timezone: UTC
accounts:
  home: {{platform: tiktok, base_url: "{url}", client_key: {key}, client_secret: {{file: client_secret}},
    refresh_token: {{file: refresh_token}}, privacy: everyone}}
engines: hold
approve: never
limits: {{posts: 100000/day}}
"""


def furnish(folder: Path, tiktok: TikTokServer) -> None:
    """Write the bot's files, and the video that all of its posts have."""
    secrets = {"client_secret": tiktok.client_secret, "refresh_token": tiktok.state.sign_in(SCOPES)[1]}
    for name, value in secrets.items():
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(value, encoding="utf-8")
    (folder / "bot.yaml").write_text(FILE.format(url=tiktok.url, key=tiktok.client_key), encoding="utf-8")
    (folder / "persona.yaml").write_text("persona: Keeper\nwho: keeps a light\n", encoding="utf-8")
    (folder / "clip.mp4").write_bytes(MP4 + bytes(SIZE - len(MP4)))


class Run:
    """One run: posts fall due, the bot is killed, and in the end it may finish."""

    def __init__(self, folder: Path, tiktok: TikTokServer, *, plant: str | None = None) -> None:
        self.folder, self.tiktok, self.plant = folder, tiktok, plant
        self.seed = time.time_ns()
        self.chance = random.Random(self.seed)  # noqa: S311 - a test's dice, told with the result
        self.ledger = folder / "data" / "keeper.db"
        self.tokens: set[str] = set()
        self.reached: list[str] = []
        """Where the bot died."""

    def run(self, stages: tuple[str, ...] = STAGES, points: tuple[str, ...] = POINTS, kills: int = KILLS) -> None:
        """Kill the bot at each stage and point and at random instants, then let it finish."""
        read_modules_once("tiktok")
        furnish(self.folder, self.tiktok)
        for stage in stages:
            self._life(stage=stage)
        for point in points:
            self._life(point=point)
        for _ in range(kills):
            self._life(patience=self.chance.uniform(0.1, 1.5))
        bot = self._start()
        deadline = time.monotonic() + PATIENCE
        while open_turns(self.ledger) or waiting(self.ledger):
            assert time.monotonic() < deadline, (self, bot.last_words)
            time.sleep(0.05)
        bot.stop()

    @property
    def count(self) -> Count:
        """What TikTok has."""
        rows = self.tiktok.state.all("SELECT text FROM posts")
        return compare((Said(row["text"], is_in_place(row["text"], None)) for row in rows), self.tokens)

    @override
    def __repr__(self) -> str:
        uploads = self.tiktok.state.all("SELECT publishing, arrived, status, info FROM uploads")
        told = [(row["arrived"], row["status"], json.loads(row["info"])["title"]) for row in uploads]
        return f"seed {self.seed}, died at {self.reached}, {self.count}, uploads {told}"

    def _start(self, die_at: str | None = None) -> BotProcess:
        life = Life(
            file=self.folder / "bot.yaml",
            platform="tiktok",
            generations=self.folder / "generations",
            die_at=die_at,
            plant=self.plant,
            is_quick=True,
        )
        bot = BotProcess(life, log=self.folder / "bot.log")
        bot.wait_until_running()
        return bot

    def _life(self, *, stage: str | None = None, point: str | None = None, patience: float = 20.0) -> None:
        self._put_down()
        bot = self._start(point)

        def reached(what: str) -> None:
            if what == stage:
                self.tiktok.reached = None
                bot.shoot()

        self.tiktok.reached = reached
        deadline = time.monotonic() + patience
        while bot.is_alive and time.monotonic() < deadline:
            time.sleep(0.01)
        self.tiktok.reached = None
        if not bot.is_alive:
            self.reached.append(stage or point or "random")
        bot.kill()

    def _put_down(self) -> None:
        token = f"p{len(self.tokens):05d}"
        self.tokens.add(token)

        async def put() -> None:
            async with SqliteLedger(self.ledger, bot="keeper", clock=SystemClock()) as ledger:
                now = datetime.now(UTC)
                event = Due(name="single", period="", due=now, say=f"Log entry {token}.")
                await put_down(ledger, [now], event, accounts=["home"], late=timedelta(hours=12))

        self.ledger.parent.mkdir(exist_ok=True)
        asyncio.run(put())


def test_no_video_is_lost_or_doubled_wherever_the_bot_is_killed(tmp_path: Path) -> None:
    with TikTokServer(data=tmp_path / "tiktok.db") as tiktok:
        tiktok.keeps_content = False
        run = Run(tmp_path, tiktok)
        run.run()
        count = run.count
        assert (count.lost, count.doubled, count.unasked, count.strange) == ((), (), (), ()), run
        assert count.sent == len(run.tokens) == len(STAGES) + len(POINTS) + KILLS, run
        assert parked(run.ledger) == set(), run
        assert run.reached[: len(STAGES) + len(POINTS)] == [*STAGES, *POINTS], run
        assert tiktok.violations == [], run
        # what was begun is gone on with: hardly a video was announced twice, and that only before its name was on disk
        assert len(tiktok.state.all("SELECT * FROM uploads")) <= len(run.tokens) + 1 + KILLS, run


def test_a_bot_that_forgets_what_it_began_makes_the_crash_test_fail(tmp_path: Path) -> None:
    with TikTokServer(data=tmp_path / "tiktok.db") as tiktok:
        tiktok.keeps_content = False
        run = Run(tmp_path, tiktok, plant="forget")
        run.run(stages=("piece 1",), points=("after_publish_before_receipt",), kills=0)
        assert run.count.doubled, run
