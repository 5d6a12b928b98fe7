"""What holds for a bot holds whoever runs it: the platform's limit and the day's money, while workers are killed."""

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from counting import TOKEN
from network import BOT
from postgres import Postgres
from stage_network import StageNetwork

from greenroom.storage import StorageError, runner_of
from greenroom.storage.postgres.address import schema_of
from greenroom.stores import Database
from greenroom.testing.models import ModelServer, Order, Says

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

WORKERS = 3
PATIENCE = 120.0
WRITES, SECONDS = 10, 10
"""What the Stage allows one account: less than there is to say after a burst, however slow the machine."""
REACHED = WRITES - 1
"""Writes within the span of the limit that show that it was reached: the pacer leaves a margin."""
ANSWERS = 150
"""What the day's money is enough for."""
ASKED, BURST, CALLS = 300, 20, 10
"""So many, in bursts, and a kill when so many calls of each have come to the model."""
EACH_MICROS = 1_000
"""What a call costs, in millionths of a US dollar: 900 tokens read and 100 written, at a dollar for each million."""
MORE = """\
engines: {{text: [{{model: m, server: "{models}", price: {{input: 1 USD, output: 1 USD}}}}, hold]}}
limits: {{spend: {limit} USD/day, spend_per_person: 100%}}
store: {store}
"""


class Workers:
    """Three of them: `greenroom run` on one bot file each."""

    def __init__(self, folder: Path, store: Database, file: str) -> None:
        self._folder = folder
        self._store = store
        self._file = file
        self._processes: dict[int, asyncio.subprocess.Process] = {}

    async def start(self) -> None:
        """Start one."""
        number = len(list(self._folder.glob("worker-*")))
        home = self._folder / f"worker-{number}"
        home.mkdir()
        (home / "bot.yaml").write_text(self._file)
        (home / "persona.yaml").write_text("persona: Keeper\nwho: repeats what it hears\n")
        with (home / "log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "greenroom", "run", "--json", str(home / "bot.yaml")),
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(part for part in sys.path if part)},
            )
        self._processes[process.pid] = process

    async def kill_owner(self) -> None:
        """Kill who runs the bot, as soon as somebody does, and start another."""
        await self.until(lambda: self._owner() in self._processes, "nobody runs the bot")
        if (process := self._processes.pop(self._owner(), None)) is not None:
            process.kill()
            await process.wait()
            await self.start()

    def _owner(self) -> int:
        try:
            who = runner_of(self._store, BOT)
        except StorageError:
            return 0
        return 0 if who is None else int(who["pid"])

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        """Return when it is so."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not await asyncio.to_thread(is_so):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            logs = "\n\n".join(log.read_text()[-3000:] for log in self._folder.glob("worker-*/log"))
            pytest.fail(f"{what}\n{logs}")

    def said(self, words: str) -> bool:
        """Say whether one of them has logged this."""
        return any(words in log.read_text() for log in self._folder.glob("worker-*/log"))

    async def end(self) -> None:
        """Kill all."""
        for process in self._processes.values():
            process.kill()
            await process.wait()


def has_cursor(store: Database) -> bool:
    """Say whether it is on disk from where the bot listens: from then on whoever runs it misses nothing."""
    schema = schema_of(BOT)

    async def count() -> int:
        connection = await asyncpg.connect(store.url)
        try:
            if await connection.fetchval("SELECT to_regclass($1)::text", f'"{schema}".cursors') is None:
                return 0
            return int(await connection.fetchval(f'SELECT count(*) FROM "{schema}".cursors'))  # noqa: S608 - ours
        finally:
            await connection.close()

    return asyncio.run(count()) > 0


def has_heard(models: ModelServer, calls: int) -> bool:
    """Say whether so many calls have come to the model."""
    return len(models.asked()) >= calls


@pytest_asyncio.fixture
async def models() -> AsyncIterator[ModelServer]:
    def repeats(body: dict[str, Any]) -> Order:
        said = TOKEN.findall(json.dumps(body["messages"][-1]))
        return Says(f"Heard {said[-1] if said else 'nothing'}, thank you.", usage=(900, 100), wait=0.02)

    async with ModelServer(writes=repeats) as server:
        yield server


@pytest.mark.asyncio
async def test_neither_the_platforms_limit_nor_the_days_money_is_overrun_while_workers_are_killed(
    tmp_path: Path, models: ModelServer
) -> None:
    postgres = Postgres()
    network = StageNetwork(tmp_path, random.Random(1), idempotency="keyed")  # noqa: S311 - dice of a test
    try:
        postgres.start()
        with network:
            network.allow(WRITES, SECONDS)
            store = Database(postgres.url)
            limit = f"{ANSWERS * EACH_MICROS / 1_000_000:.6f}"
            more = MORE.format(models=models.url, limit=limit, store=store.url)
            workers = Workers(tmp_path, store, network.bot_file.replace("engines: hold\n", "") + more)
            is_spent = partial(workers.said, '"event": "budget"')
            tokens = [f"m{number:05d}" for number in range(ASKED)]
            try:
                for _ in range(WORKERS):
                    await workers.start()
                await workers.until(lambda: has_cursor(store), "nobody noted where it begins to listen")
                for first in range(0, ASKED, BURST):
                    for number in range(first, first + BURST):
                        await asyncio.to_thread(network.mention, tokens[number], number)
                    heard = partial(has_heard, models, len(models.asked()) + CALLS)
                    await workers.until(lambda: heard() or is_spent(), "nobody asked the model")  # noqa: B023 - ends in here
                    await workers.kill_owner()
                await workers.until(is_spent, "the money was enough for all")
                await workers.until(
                    lambda: network.busiest(SECONDS) >= REACHED, "nobody ever came near the platform's limit"
                )
                # what is still under way may end
                await asyncio.sleep(SECONDS)
            finally:
                await workers.end()
            calls, count, refused = len(models.asked()), network.count(set(tokens)), network.refused
    finally:
        postgres.close()
    told = f"{calls} calls, {count.sent} answers, {refused} writes refused"
    assert refused == 0, told
    # what was set aside for a call that a kill cut off counts in full, so not all of the money is used
    assert CALLS <= calls <= ANSWERS, told
    assert CALLS <= count.sent <= calls, told
    assert (count.doubled, count.strange) == ((), ()), told
