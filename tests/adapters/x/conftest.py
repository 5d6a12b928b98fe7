"""A strict X on loopback for each test, whose traffic the vendor's contract judges."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from x_contract import contract_of
from x_server import XServer
from x_world import XWorld

from greenroom_adapters.testing import FaultyProxy

WorldOf = Callable[..., XWorld]


@pytest.fixture
def x_world(specs: Path) -> Iterator[WorldOf]:
    """Make worlds; at the end nothing that passed on the wire was outside the contract."""
    servers: list[XServer] = []

    def make(*, dialect: str = "tweet", **options: Any) -> XWorld:
        server = stack.enter_context(XServer(dialect=dialect, contract=contract_of(specs, dialect), **options))
        servers.append(server)
        return XWorld(server, stack.enter_context(FaultyProxy(server.url)))

    with ExitStack() as stack:
        yield make
    assert [violation for server in servers for violation in server.violations] == []
