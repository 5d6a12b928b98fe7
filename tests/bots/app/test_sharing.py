"""Workers that do not share the folder of their sign-ins are told so when they start."""

import shutil
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from postgres import UNHURRIED, Postgres

from greenroom.app import Bot, Options
from greenroom.settings import Platforms
from greenroom.telemetry import logging_to
from greenroom_adapters.contract import Adapter, Keep

APART = "the workers do not share a folder"


def keeping(adapter: type[Adapter]) -> type[Adapter]:
    """Return the adapter with something to keep from one start to the next."""

    class Keeping(adapter):  # type: ignore[misc, valid-type]  # the base is chosen at run time
        def keep_in(self, keep: Keep) -> None:
            self.kept = keep

    return Keeping


STAGE = Platforms.installed().adapter("stage")


@pytest.fixture
def host(tmp_path: Path, postgres: Postgres) -> Path:
    """The folder of one host, with the files of a bot."""
    folder = tmp_path / "first"
    folder.mkdir()
    (folder / "bot.yaml").write_text(
        f"bot: ada{uuid.uuid4().hex[:8]}\npersona: ada.yaml\nanswer: mentions\nengines: hold\nstore: {postgres.url}\n"
        "accounts:\n  home: {platform: stage, server: 'http://127.0.0.1:9'}\n"
    )
    (folder / "ada.yaml").write_text("persona: Ada\nwho: keeps a lighthouse\n")
    return folder


@asynccontextmanager
async def started(folder: Path, *, adapter: type[Adapter]) -> AsyncGenerator[list[Mapping[str, Any]]]:
    """Give what a worker says when it starts."""
    said: list[Mapping[str, Any]] = []
    options = Options(platforms=Platforms.of(adapter), patience=UNHURRIED, environ={})
    with logging_to(said.append):
        async with Bot.load(folder / "bot.yaml", options):
            yield said


@pytest.mark.asyncio
async def test_a_worker_with_another_folder_than_the_last_one_says_so_and_which_accounts_need_it(host: Path) -> None:
    adapter = keeping(STAGE)
    other = host.parent / "second"
    shutil.copytree(host, other)
    async with started(host, adapter=adapter) as said:
        assert APART not in [one["event"] for one in said]
    async with started(other, adapter=adapter) as said:
        (told,) = [one for one in said if one["event"] == APART]
        assert told["level"] == "warning"
        assert told["why"].startswith("what home is signed in with changes while the bot runs")
        assert f"another folder than {other / 'data'}" in told["why"]
    async with started(other, adapter=adapter) as said:
        assert APART not in [one["event"] for one in said]


@pytest.mark.asyncio
async def test_workers_that_share_the_folder_and_accounts_that_keep_nothing_say_nothing(host: Path) -> None:
    adapter = keeping(STAGE)
    other = host.parent / "second"
    shutil.copytree(host, other)
    async with started(host, adapter=adapter):
        pass
    (other / "data").symlink_to(host / "data")
    async with started(other, adapter=adapter) as said:
        assert APART not in [one["event"] for one in said]
    (other / "data").unlink()
    async with started(other, adapter=STAGE) as said:
        assert APART not in [one["event"] for one in said]
    assert not (other / "data" / ".workers").exists()
