"""A fake Mastodon on loopback, with a bot and another person on it."""

from collections.abc import Iterator

import pytest
from mastodon_fake import FakeMastodon
from mastodon_world import MastodonWorld

from greenroom_adapters.testing import FaultyProxy


@pytest.fixture
def mastodon() -> Iterator[FakeMastodon]:
    """The server alone."""
    with FakeMastodon() as fake:
        yield fake


@pytest.fixture
def mastodon_world(mastodon: FakeMastodon) -> Iterator[MastodonWorld]:
    """A bot and another person on the server, behind a proxy."""
    with FaultyProxy(mastodon.url) as proxy:
        yield MastodonWorld(mastodon, proxy)
