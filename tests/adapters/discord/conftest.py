"""The fake Discord, one for the whole run, judged by the vendor's contract where its file is present."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from discord_world import DiscordWorld, RunningDiscord
from webhook_world import WebhookWorld

from greenroom_adapters.testing import FaultyProxy


@pytest.fixture(scope="session")
def discord_contract(pytestconfig: pytest.Config) -> Path | None:
    """The vendor's contract; None: its file is not here."""
    named = os.environ.get("GREENROOM_SPECS")
    root = Path(named) if named else pytestconfig.rootpath.parent / "shared" / "specs"
    file = root / "discord" / "openapi.json"
    return file if file.is_file() else None


@pytest.fixture(scope="session")
def discord(discord_contract: Path | None) -> Iterator[RunningDiscord]:
    """The fake. A heartbeat comes often, so that silence is noticed soon."""
    judged = () if discord_contract is None else ("--contract", str(discord_contract))
    with RunningDiscord("--heartbeat", "0.5", *judged) as running:
        yield running


@pytest.fixture
def discord_world(discord: RunningDiscord) -> Iterator[DiscordWorld]:
    """A bot, its server and another person. Whatever the bot asked for was in the contract."""
    before = len(discord.call("violations")["violations"])
    with FaultyProxy(discord.url) as proxy:
        yield DiscordWorld(discord, proxy)
    assert discord.call("violations")["violations"][before:] == []


@pytest.fixture
def webhook_world(discord: RunningDiscord) -> Iterator[WebhookWorld]:
    """A webhook in a channel. Whatever it asked for was in the contract."""
    before = len(discord.call("violations")["violations"])
    with FaultyProxy(discord.url) as proxy:
        yield WebhookWorld(discord, proxy)
    assert discord.call("violations")["violations"][before:] == []
