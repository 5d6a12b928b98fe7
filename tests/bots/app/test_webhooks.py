"""The accounts of one bot are called by their platforms on the same servers."""

from pathlib import Path

import pytest

from greenroom.testing import ScriptedAdapter, Trial
from greenroom_adapters.webhooks import Webhooks

TWO = """\
bot: ada
persona: ada.yaml
accounts: {home: {platform: scripted}, away: {platform: scripted}}
engines: hold
"""


@pytest.mark.asyncio
async def test_the_accounts_of_a_bot_share_its_servers(tmp_path: Path) -> None:
    trial, given = Trial(tmp_path), list[Webhooks]()
    trial.rewrite("answer: mentions\n", head=TWO)

    class Called(ScriptedAdapter):
        world = trial.platform

        def receive_at(self, webhooks: Webhooks) -> None:
            """Be called there."""
            given.append(webhooks)

    trial.platform.adapter_class = lambda: Called  # type: ignore[method-assign]  # the platform of this test
    async with trial:
        assert len(given) == 2
        assert given[0] is given[1]
