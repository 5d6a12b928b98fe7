"""A bot that has nothing to do costs next to nothing: what is counted here does not depend on the machine."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from greenroom.testing import Trial

LOOKS = 5
"""How often a second it is looked whether somebody typed a command: the most frequent of all that looks."""


@pytest.mark.asyncio
async def test_an_idle_bot_wakes_up_for_commands_and_for_all_else_together(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    bot = await trial.start()
    clock, loop = trial.clock, asyncio.get_running_loop()
    await clock.run_until(lambda: bot.ledger.revision() == bot.ledger.revision())
    moments, hops = set[int](), 0
    hop = loop.run_in_executor

    def counted(*arguments: Any) -> "asyncio.Future[Any]":
        nonlocal hops
        hops += 1
        return hop(*arguments)

    monkeypatch.setattr(loop, "run_in_executor", counted)
    until = clock.now() + timedelta(minutes=1)

    def is_over() -> bool:
        moments.add(clock.micros())
        return clock.now() >= until

    await clock.run_until(is_over)
    assert len(moments) <= 60 * LOOKS + 2
    # one question for commands each second, those of the budget, and what the minute's own mark brings with it
    assert hops < 200
