"""The day's limit under a crowd, and the sum after a kill: never more than allowed, never less than was spent."""

import asyncio
import os
import random
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import spender

from greenroom.clock import SystemClock
from greenroom.generation import BudgetSpent
from greenroom.generation.openai_engine import OpenAIEngine
from greenroom.generation.reach import Reach
from greenroom.policy import Budget
from greenroom.storage import SqliteLedger
from greenroom.testing.models import ModelServer, Says

ROOT = Path(__file__).parents[3]
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server


@pytest.mark.asyncio
async def test_a_thousand_at_once_spend_what_a_hundred_may(tmp_path: Path, server: ModelServer) -> None:
    # no count comes back, so each call costs all that was set aside for it
    server.always(Says("Wind west.", usage=None))
    clock = SystemClock()
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=clock) as ledger:
        # one call shows what each costs: all briefs are of one length
        purse = Budget(ledger, clock=clock, zone=UTC, limit=10**12)
        engine = OpenAIEngine(
            Reach(model="m", server=server.url),
            name="m",
            purse=purse,
            clock=clock,
            price=spender.PRICE,
            at_once=1000,
            timeout=timedelta(seconds=120),
        )
        each = (await engine.generate(spender.brief("t0000"))).cost
        limit = 101 * each + each // 2
        purse.change(zone=UTC, limit=limit)
        briefs = [spender.brief(f"t{number:04}") for number in range(1, 1001)]
        outcomes = await asyncio.gather(*map(engine.generate, briefs), return_exceptions=True)
        await engine.aclose()
        refused = [one for one in outcomes if isinstance(one, BudgetSpent)]
        spent = await ledger.spent_since(LONG_AGO)
    assert len(refused) == 900
    assert spent == 101 * each <= limit
    assert len(server.asked()) == 101


@pytest.mark.asyncio
async def test_after_kills_at_any_point_the_sum_covers_every_call_that_was_made(
    tmp_path: Path, server: ModelServer
) -> None:
    chance = random.Random(os.environ.get("GREENROOM_SEED", "6"))  # noqa: S311 - where it is killed
    ledger_file, limit = tmp_path / "ada.db", 40_000
    server.always(Says("Wind west, five. Lamp lit.", usage=(60, 7)))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT / "bots"), str(ROOT / "adapters")])}
    for _ in range(2):
        before = len(server.exchanges)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            spender.__file__,
            str(ledger_file),
            server.url,
            str(limit),
            env=environment,
            stdout=asyncio.subprocess.DEVNULL,
        )
        wanted = before + chance.randrange(1, 60)
        async with asyncio.timeout(120):
            while len(server.exchanges) < wanted and process.returncode is None:
                await asyncio.sleep(0.001)
        if process.returncode is None:
            process.kill()
        await process.wait()
    # what the server counted for every request that reached it is the bill, whoever heard of the answer
    bill = len(server.exchanges) * 67
    async with SqliteLedger(ledger_file, bot="ada", clock=SystemClock()) as ledger:
        assert bill <= await ledger.spent_since(LONG_AGO) <= limit
