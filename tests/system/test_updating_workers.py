"""Workers of two versions on one database: the newer one changes the tables, older ones that come after it refuse."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from network import BOT
from postgres import Postgres
from stage_network import StageNetwork

from greenroom.storage import runner_of
from greenroom.stores import Database

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.flaky(reruns=0),  # a broken promise is never tried again
]

HERE = Path(__file__).parent
OLDER, NEWER = ([sys.executable, str(HERE / name)] for name in ("worker_bot.py", "newer_worker.py"))
PATIENCE = 120.0


def test_an_older_worker_that_comes_after_a_newer_one_refuses_in_words_and_nothing_is_lost_or_doubled(
    tmp_path: Path,
) -> None:
    with ExitStack() as opened:
        postgres = Postgres()
        opened.callback(postgres.close)
        postgres.start()
        network = StageNetwork(tmp_path, random.Random(1), idempotency="keyed")  # noqa: S311 - a test's dice
        opened.enter_context(network)
        file, log = tmp_path / "bot.yaml", tmp_path / "log"
        file.write_text(f"{network.bot_file}store: {postgres.url}\n")
        (tmp_path / "persona.yaml").write_text("persona: Keeper\nwho: repeats what it hears\n")
        tokens = set[str]()

        def begin(*program: str) -> "subprocess.Popen[bytes]":
            with log.open("ab") as said:
                process = subprocess.Popen(  # noqa: S603 - our own worker
                    [*program],
                    stderr=said,
                    stdout=subprocess.DEVNULL,
                    env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
                )
            opened.callback(process.wait)
            opened.callback(process.kill)
            return process

        def work(program: list[str]) -> "subprocess.Popen[bytes]":
            return begin(*program, str(file), str(tmp_path / "bill"))

        def until(is_so: Callable[[], bool], *, asks: bool = True) -> None:
            deadline = time.monotonic() + PATIENCE
            while not is_so():
                assert time.monotonic() < deadline, log.read_text()
                if asks:
                    token = f"m{len(tokens):05d}"
                    network.mention(token, len(tokens))
                    tokens.add(token)
                time.sleep(0.3)

        def owner() -> int | None:
            who = runner_of(Database(postgres.url), BOT)
            return None if who is None else int(who["pid"])

        def answered(count: int) -> bool:
            return network.count(tokens).sent >= count

        older = work(OLDER)
        until(lambda: owner() == older.pid and "connected" in log.read_text(), asks=False)
        newer = work(NEWER)
        until(lambda: "standing by" in log.read_text() and answered(3))
        older.terminate()
        until(lambda: owner() == newer.pid)
        before = len(tokens)
        until(lambda: answered(before))
        late = work(OLDER)
        until(lambda: log.read_text().count("standing by") == 2)
        newer.kill()
        until(lambda: late.poll() is not None)
        assert late.returncode == 1
        assert "update greenroom" in log.read_text()
        # as an owner types it
        said = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "greenroom", "run", str(file)], capture_output=True, text=True, check=False
        )
        assert said.returncode == 1
        assert "this program knows" in said.stderr
        assert "update greenroom" in said.stderr
        work(NEWER)
        before = len(tokens)
        until(lambda: answered(before))
        until(lambda: not network.count(tokens).lost, asks=False)
        count = network.count(tokens)
        assert (count.lost, count.doubled, count.strange) == ((), (), ())
