"""A strict Graph API on loopback for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from facebook_world import FacebookWorld
from graph_pages import PAGES
from graph_server import GraphServer

from greenroom_adapters.testing import FaultyProxy

WorldOf = Callable[..., FacebookWorld]


@pytest.fixture
def facebook_world() -> Iterator[WorldOf]:
    """Make worlds; at the end nothing that passed on the wire was unknown to Meta."""
    servers: list[GraphServer] = []

    def make(**options: Any) -> FacebookWorld:
        server = stack.enter_context(GraphServer(PAGES, **options))
        servers.append(server)
        return FacebookWorld(server, stack.enter_context(FaultyProxy(server.url)))

    with ExitStack() as stack:
        yield make
    assert [violation for server in servers for violation in server.violations] == []
