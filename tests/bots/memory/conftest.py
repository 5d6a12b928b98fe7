"""A folder of documents, and a server that makes vectors."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from vectors_fake import VectorServer, vectors_served

from greenroom.memory import Library
from greenroom.personas import Knowledge
from greenroom.testing.clock import ManualClock


@pytest_asyncio.fixture
async def vectors() -> AsyncIterator[VectorServer]:
    """The server, running."""
    async with vectors_served() as server:
        yield server


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A folder for documents."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


@pytest_asyncio.fixture
async def library_of(shelf: Path, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Callable[..., Library]]:
    """Makes libraries over the folder, with their index in a file; they are closed in the end."""
    made: list[Library] = []

    def make(pattern: str = "*", **more: Any) -> Library:
        library = Library(Knowledge(files=(shelf / pattern,)), clock=clock, index=tmp_path / "ada.index", **more)
        made.append(library)
        return library

    yield make
    for library in made:
        await library.aclose()
