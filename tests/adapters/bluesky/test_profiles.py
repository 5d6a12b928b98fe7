"""Who somebody is, as a profile on Bluesky says."""

import pytest

from greenroom_adapters.bluesky.people import author
from greenroom_adapters.bluesky.wire import WireProfile


@pytest.mark.parametrize(
    ("name", "description", "declines"),
    [
        ("Carol", "I like ships. #NoBots", True),
        ("Carol #nobot", "", True),
        ("Carol", "nobot, please", True),
        ("Carol", "#nobotany", False),
        ("", "", False),
    ],
)
def test_who_wants_no_bots_is_known_by_name_or_description(name: str, description: str, declines: bool) -> None:
    profile = WireProfile(did="did:plc:carol", display_name=name, description=description)
    assert author(profile).declines_bots is declines
