"""How long a text may be on an account that is not connected now."""

import json
from pathlib import Path

import pytest

from greenroom.app.fitting import measure_of
from greenroom.clock import SystemClock
from greenroom.settings import load_bot
from greenroom.storage import SqliteLedger
from greenroom.turns.measures import remember_measures
from greenroom_adapters.contract import CountingRule, Limits, Surface, TextLimit

BOT = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: stage, server: "http://127.0.0.1:9"}}
answer: mentions
"""
ROOMY = (TextLimit(length=900, rule=CountingRule.CODE_POINTS),)


@pytest.mark.asyncio
async def test_a_surface_that_nobody_knew_when_it_was_connected_has_the_usual_measure(tmp_path: Path) -> None:
    (tmp_path / "ada.yaml").write_text("persona: Ada\nwho: keeps a lighthouse\n", encoding="utf-8")
    (tmp_path / "bot.yaml").write_text(BOT, encoding="utf-8")
    file = load_bot(tmp_path / "bot.yaml")
    async with SqliteLedger(tmp_path / "ada.db", bot="ada", clock=SystemClock()) as ledger:
        remember_measures(ledger, "home", file, Limits(text=ROOMY))
        await ledger.committed()
        ((fact, known),) = (await ledger.facts("takes:")).items()
        before = json.loads(known)
        del before[Surface.CHAT]
        ledger.remember(fact, json.dumps(before))
        await ledger.committed()
        assert (await measure_of("home", Surface.POST, ledger=ledger, file=file)).limits == ROOMY
        chat = await measure_of("home", Surface.CHAT, ledger=ledger, file=file)
    assert chat.usual == "stage"
    assert chat.limits
    assert chat.limits != ROOMY
