"""What the tests of several rooms share: a real PostgreSQL."""

from collections.abc import Generator

import pytest
from postgres import Postgres


@pytest.fixture(scope="session")
def postgres() -> Generator[Postgres]:
    """A server of its own. Tests take bots, and so schemas, of their own."""
    server = Postgres()
    try:
        yield server.start()
    finally:
        server.close()
