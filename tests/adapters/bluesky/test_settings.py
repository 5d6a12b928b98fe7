"""What an owner may write, before anything is asked of a server."""

import pytest

from greenroom_adapters.bluesky import BlueskyAdapter, BlueskySettings
from greenroom_adapters.contract import ConfigurationError, Secret


@pytest.mark.parametrize("pause", [0.0, -5.0, 0.09, float("nan")])
def test_a_pause_that_is_none_is_refused(pause: float) -> None:
    with pytest.raises(ConfigurationError, match="look_every"):
        BlueskyAdapter(BlueskySettings(handle="ada.test", password=Secret("x"), look_every=pause), account="sky")


@pytest.mark.parametrize("server", ["bsky.social", "ftp://bsky.social", ""])
def test_a_server_that_is_no_address_is_refused(server: str) -> None:
    with pytest.raises(ConfigurationError):
        BlueskyAdapter(BlueskySettings(handle="ada.test", password=Secret("x"), server=server), account="sky")
