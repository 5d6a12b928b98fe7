"""A bot on a real account: the guards of an owner who has written nothing about them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest_asyncio

from greenroom.testing import Trial


@pytest_asyncio.fixture
async def trial(tmp_path: Path) -> AsyncIterator[Trial]:
    """A bot without caps that needs no approval; not started yet, stopped in the end."""
    made = Trial(tmp_path)
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[Callable[[str], Trial]]:
    """Make a bot whose file has these lines beyond its head, and every default guard."""
    made: list[Trial] = []

    def make(rules: str) -> Trial:
        made.append(Trial(tmp_path, rules=rules, guarded=True))
        return made[-1]

    yield make
    for trial in made:
        await trial.stop()
