"""A bot that is observed."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from observed import Observed


@pytest_asyncio.fixture
async def observed(tmp_path: Path) -> AsyncIterator[Observed]:
    """Not started yet; its address listens."""
    made = Observed(tmp_path)
    async with made.observation:
        yield made
        await made.trial.stop()
