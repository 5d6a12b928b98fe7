"""What measures runs, at a size that measures nothing: a change elsewhere must not break it unnoticed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from greenroom_adapters.media import find_ffmpeg

HERE = Path(__file__).parent
SMALL = ("--secs", "0.1", "--events", "300", "--warm", "20", "--n", "50", "--sleep", "0.05")


def result_of(data: Path, script: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, str(HERE / script), *arguments]
    environ = {**os.environ, "PYTHONPATH": str(HERE / "peers"), "BENCH_DATA": str(data)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environ)  # noqa: S603 - our own script
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_the_guards_are_measured(tmp_path: Path) -> None:
    result = result_of(tmp_path, "guards.py", "100")
    assert result["reply_us"] > 0
    assert result["post_us"] > 0


def test_prompts_are_measured(tmp_path: Path) -> None:
    result = result_of(tmp_path, "prompts.py", "4", "6")
    assert result["prompts"] == 4
    assert 0 < result["tokens"] <= 8_000


def test_many_accounts_and_people_are_simulated(tmp_path: Path) -> None:
    plot = tmp_path / "scale.svg"
    result = result_of(tmp_path, "scale.py", "--accounts", "3", "--people", "40", "--days", "2", "--plot", str(plot))
    assert (result["accounts"], result["people"]) == (3, 40)
    assert result["idle_us"] > 0
    assert plot.read_text(encoding="utf-8").count("<polyline") == 2


@pytest.mark.skipif(find_ffmpeg() is None, reason="there is no ffmpeg here")
def test_a_filter_over_a_clip_is_measured(tmp_path: Path) -> None:
    result = result_of(tmp_path, "filters.py", "1", "90")
    assert result["greenroom_mb"] > 0
    assert result["ffmpeg_mb"] > 0
    assert result["progress"] > 0


def test_calls_are_counted(tmp_path: Path) -> None:
    result = result_of(tmp_path, "calls.py", "1")
    assert result["calls"] > 0
    assert sum(result["by_stage"].values()) == pytest.approx(result["calls"], abs=1)


@pytest.mark.parametrize("mode", [("--mode", "thr"), ("--mode", "thr", "--hit", "miss"), ("--mode", "inflight")])
def test_a_bot_is_measured(tmp_path: Path, mode: tuple[str, ...]) -> None:
    assert result_of(tmp_path, "peer_greenroom.py", *mode, *SMALL)["sends_ok"]


def test_a_message_of_discord_is_measured(tmp_path: Path) -> None:
    result = result_of(tmp_path, "discord_gateway.py", "200")
    assert all(result[side][what] > 0 for side in ("ours", "theirs") for what in ("miss", "hit"))
