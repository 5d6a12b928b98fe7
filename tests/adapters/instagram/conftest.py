"""A strict Instagram on loopback for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from graph_pictures import PICTURES
from graph_server import GraphServer
from instagram_world import InstagramWorld

from greenroom_adapters.testing import FaultyProxy

WorldOf = Callable[..., InstagramWorld]


@pytest.fixture
def instagram_world(tmp_path: Path) -> Iterator[WorldOf]:
    """Make worlds; at the end nothing that passed on the wire was unknown to Meta."""
    servers: list[GraphServer] = []

    def make(**options: Any) -> InstagramWorld:
        server = stack.enter_context(GraphServer(PICTURES, **options))
        servers.append(server)
        return InstagramWorld(server, stack.enter_context(FaultyProxy(server.url)), tmp_path)

    with ExitStack() as stack:
        yield make
    assert [violation for server in servers for violation in server.violations] == []
