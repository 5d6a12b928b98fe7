"""What people say to bots in their profiles is understood, and nothing else is taken for it."""

import pytest

from greenroom_adapters.text import declines_bots


@pytest.mark.parametrize(
    "profile",
    ["#nobot", "Lighthouses. #NoBots please", "NoBot", "radio, soup, nobot.", "#no_bots", "(#NOBOT)", "No-Bot"],
)
def test_who_asks_bots_to_stay_away_is_understood(profile: str) -> None:
    assert declines_bots(profile)
    assert declines_bots("", profile)


@pytest.mark.parametrize(
    "profile", ["", "I build bots", "nobottle", "no bottom line", "#nobotany", "snobot", "there are no robots here"]
)
def test_nothing_else_is_taken_for_it(profile: str) -> None:
    assert not declines_bots(profile)
