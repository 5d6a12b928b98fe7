"""A local platform is started for the bot, found again when it lives, and outlives a bot that is killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from greenroom.app import is_local, start_local
from greenroom.lock import hold
from greenroom_adapters.contract import ConfigurationError
from greenroom_adapters.testing.stage import RunningStage

GROUP = "greenroom.local_platforms"
POINTS = {"stage": "greenroom_adapters.stage.__main__:main", "broken": "json.tool:main"}


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry points as an installed package has them, here and in the processes that are started."""
    site = tmp_path / "site" / "local_points-1.0.dist-info"
    site.mkdir(parents=True)
    (site / "METADATA").write_text("Metadata-Version: 2.1\nName: local-points\nVersion: 1.0\n")
    missing = [
        f"{name} = {place}" for name, place in POINTS.items() if not metadata.entry_points(group=GROUP, name=name)
    ]
    (site / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *missing]))
    others = [path for path in sys.path if path]
    monkeypatch.setattr(sys, "path", [str(site.parent), *sys.path])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site.parent), *others]))


def name_of(url: str) -> str:
    with urllib.request.urlopen(f"{url}/api/instance", timeout=10) as answer:  # noqa: S310 - our own address
        return str(json.load(answer)["name"])


@pytest.mark.asyncio
async def test_it_is_started_once_and_stopped_by_whoever_started_it(tmp_path: Path) -> None:
    assert is_local("stage")
    assert not is_local("mastodon")
    folder = tmp_path / "data"
    first = await start_local("stage", folder)
    try:
        assert first.process is not None
        assert sys.platform == "win32" or (folder / "stage.db.log").stat().st_mode & 0o077 == 0
        second = await start_local("stage", folder)
        assert (second.url, second.process) == (first.url, None)
        await second.stop()
        assert await asyncio.to_thread(name_of, first.url) == "Stage"
        other = await start_local("stage", tmp_path / "other")
        assert other.url != first.url, "another folder is another network"
        await other.stop()
    finally:
        await first.stop()
    assert first.process.returncode == 0
    await first.stop()
    with pytest.raises(OSError, match="refused"):
        await asyncio.to_thread(name_of, first.url)


@pytest.mark.asyncio
async def test_those_of_several_folders_that_start_at_the_same_moment_take_a_place_each(tmp_path: Path) -> None:
    # each looks for a free one before any of them has taken it
    found = await asyncio.gather(*(start_local("stage", tmp_path / name) for name in "abc"), return_exceptions=True)
    started = [local for local in found if not isinstance(local, BaseException)]
    try:
        assert len({local.url for local in started}) == 3, found
    finally:
        for local in started:
            await local.stop()


@pytest.mark.asyncio
async def test_what_lies_in_the_folder_where_it_is_started_is_none_of_its_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sqlite3.py").write_text("raise SystemExit('somebody put this here')\n")
    monkeypatch.chdir(tmp_path)
    await (await start_local("stage", tmp_path / "data")).stop()


def test_whoever_waits_for_the_start_of_another_can_be_stopped_at_once(tmp_path: Path) -> None:
    other = hold(tmp_path / "stage.db.start", patience=0)
    assert other is not None

    async def wait() -> None:
        starting = asyncio.create_task(start_local("stage", tmp_path))
        await asyncio.sleep(0.5)
        assert not starting.done()
        starting.cancel()
        await asyncio.wait([starting])
        assert starting.cancelled()

    began = time.monotonic()
    with closing(other):
        # a loop ends when its threads have
        asyncio.run(wait())
        assert time.monotonic() - began < 10


START = """
import asyncio, os, sys
from pathlib import Path
from greenroom.app import start_local

async def main():
    local = await start_local("stage", Path(sys.argv[1]))
    print(local.url, local.process.pid, flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.mark.asyncio
async def test_bots_that_begin_at_once_start_one_between_them(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    found = await asyncio.gather(*(start_local("stage", folder) for _ in range(4)))
    try:
        assert len({local.url for local in found}) == 1
        assert sum(local.process is not None for local in found) == 1
    finally:
        for local in found:
            await local.stop()


@pytest.mark.asyncio
async def test_it_lives_on_when_the_bot_is_killed_and_is_found_by_the_next_one(tmp_path: Path) -> None:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", START, str(tmp_path)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    url, pid = done.stdout.split()
    try:
        found = await start_local("stage", tmp_path)
        assert (found.url, found.process) == (url, None)
        assert await asyncio.to_thread(name_of, url) == "Stage"
    finally:
        os.kill(int(pid), signal.SIGTERM)


@pytest.mark.asyncio
async def test_a_word_of_a_process_that_has_gone_does_not_lead_to_a_strangers_network(tmp_path: Path) -> None:
    with RunningStage("--name", "Stranger") as stranger:
        gone = subprocess.Popen([sys.executable, "-c", ""])
        gone.wait()
        (tmp_path / "stage.db.json").write_text(json.dumps({"url": stranger.url, "pid": gone.pid}))
        local = await start_local("stage", tmp_path)
        try:
            assert local.process is not None
            assert await asyncio.to_thread(name_of, local.url) == "Stage"
        finally:
            await local.stop()


@pytest.mark.parametrize(
    "word",
    [
        "",
        "not json",
        "[]",
        '{"url": 5}',
        '{"url": "http://127.0.0.1:1", "pid": "x"}',
        '{"url": "http://127.0.0.1:1", "pid": 1}',
    ],
)
@pytest.mark.asyncio
async def test_a_word_that_cannot_be_understood_is_as_good_as_none(tmp_path: Path, word: str) -> None:
    (tmp_path / "broken.db.json").write_text(word)
    with pytest.raises(ConfigurationError, match="the local broken did not start: "):
        await start_local("broken", tmp_path)


@pytest.mark.asyncio
async def test_a_local_platform_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "stage.db").write_bytes(b"my notes, not a database\n" * 100)
    with pytest.raises(ConfigurationError, match=r"the local stage did not start: .*stage\.db"):
        await start_local("stage", tmp_path)


@pytest.mark.asyncio
async def test_one_that_nobody_waits_for_any_more_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = asyncio.create_subprocess_exec, list[asyncio.subprocess.Process]()

    async def noted(*command: str, **options: Any) -> asyncio.subprocess.Process:
        made.append(await make(*command, **options))
        return made[0]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    starting = asyncio.create_task(start_local("stage", tmp_path))
    while not made:
        await asyncio.sleep(0.01)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    assert made[0].returncode == -signal.SIGKILL


@pytest.mark.asyncio
async def test_a_folder_in_which_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "stage.db.start").mkdir()
    with pytest.raises(ConfigurationError, match=r"the local stage cannot be started in .*: unable to open"):
        await start_local("stage", tmp_path)
