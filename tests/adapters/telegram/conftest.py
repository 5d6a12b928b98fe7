"""A fake Telegram on loopback, with a bot and another person on it; judged by the published description of the Bot API
where its file is present."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from telegram_fake import FakeTelegram
from telegram_world import TelegramWorld

from greenroom_adapters.testing import FaultyProxy


@pytest.fixture(scope="session")
def telegram_contract(pytestconfig: pytest.Config) -> Path | None:
    """The published description; None: its file is not here."""
    named = os.environ.get("GREENROOM_SPECS")
    root = Path(named) if named else pytestconfig.rootpath.parent / "shared" / "specs"
    file = root / "telegram" / "api.json"
    return file if file.is_file() else None


@pytest.fixture
def telegram(telegram_contract: Path | None) -> Iterator[FakeTelegram]:
    """The server alone. Whatever it was asked, and whatever it answered, was in the description."""
    with FakeTelegram(telegram_contract) as fake:
        yield fake
    assert fake.violations == []


@pytest.fixture
def telegram_world(telegram: FakeTelegram) -> Iterator[TelegramWorld]:
    """A bot and another person on the server, behind a proxy."""
    with FaultyProxy(telegram.url) as proxy:
        yield TelegramWorld(telegram, proxy)
