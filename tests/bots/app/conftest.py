"""A whole bot that answers mentions, on a platform in memory."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from vectors_fake import VectorServer, vectors_served

from greenroom.testing import Trial


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """Not started yet; stopped in the end."""
    made = Trial(tmp_path)
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def vectors() -> AsyncIterator[VectorServer]:
    """A server that makes vectors of texts, running."""
    async with vectors_served() as server:
        yield server
