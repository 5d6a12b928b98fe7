"""The first word to the owner, said while the bot does not run."""

from datetime import UTC
from pathlib import Path

import pytest

from greenroom.app import hello_from_here
from greenroom.policy import SWITCH, Budget
from greenroom.settings import Place
from greenroom.storage import SqliteLedger
from greenroom.testing import ManualClock, ScriptedPlatform
from greenroom_adapters.contract import Trust


@pytest.mark.parametrize(
    ("paused", "answer"),
    [
        (SWITCH, "not tried, everything is stopped: a storm"),
        ("home", "not tried, home is paused: a storm"),
        ("*", "not tried, home is paused: a storm"),
        ("away", "said"),
    ],
)
@pytest.mark.asyncio
async def test_nothing_is_tried_where_a_person_has_stopped_it(tmp_path: Path, paused: str, answer: str) -> None:
    clock = ManualClock()
    platform = ScriptedPlatform(clock)
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=clock) as ledger, platform.adapter() as adapter:
        ledger.pause(paused, "a storm")
        await ledger.committed()
        to = Place(account="home", room="staff")
        budget = Budget(ledger, clock=clock, zone=UTC)
        assert await hello_from_here(ledger, adapter, to, bot="ada", clock=clock, budget=budget) == answer
        if answer == "said":
            assert await hello_from_here(ledger, adapter, to, bot="ada", clock=clock, budget=budget) == "tried before"
        else:
            ledger.resume(paused)
            await ledger.committed()
            assert await hello_from_here(ledger, adapter, to, bot="ada", clock=clock, budget=budget) == "said"
        (turn,) = await ledger.turns()
        assert turn.draft is not None
        assert turn.draft.trust is Trust.OWNER
    assert len(platform.posts) == 1
