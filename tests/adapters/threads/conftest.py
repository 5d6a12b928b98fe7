"""A strict Threads on loopback for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from graph_server import GraphServer
from graph_threads import THREADS, VERSION
from threads_world import ThreadsWorld

from greenroom_adapters.testing import FaultyProxy

WorldOf = Callable[..., ThreadsWorld]


@pytest.fixture
def threads_world() -> Iterator[WorldOf]:
    """Make worlds; at the end nothing that passed on the wire was unknown to Meta."""
    servers: list[GraphServer] = []

    def make(**options: Any) -> ThreadsWorld:
        server = stack.enter_context(GraphServer(THREADS, version=VERSION, **options))
        servers.append(server)
        return ThreadsWorld(server, stack.enter_context(FaultyProxy(server.url)))

    with ExitStack() as stack:
        yield make
    assert [violation for server in servers for violation in server.violations] == []
