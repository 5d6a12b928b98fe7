"""A strict TikTok on loopback for each test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tiktok_server import TikTokServer
from tiktok_world import TikTokWorld

from greenroom_adapters.testing import FaultyProxy

WorldOf = Callable[[], TikTokWorld]


@pytest.fixture
def tiktok_world(tmp_path: Path) -> Iterator[WorldOf]:
    """Make worlds; at the end nothing that passed on the wire was unknown to TikTok."""
    servers: list[TikTokServer] = []

    def make() -> TikTokWorld:
        server = stack.enter_context(TikTokServer())
        servers.append(server)
        return TikTokWorld(server, stack.enter_context(FaultyProxy(server.url)), tmp_path)

    with ExitStack() as stack:
        yield make
    assert [violation for server in servers for violation in server.violations] == []
