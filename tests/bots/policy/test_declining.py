"""Who asks bots to stay away in the profile is left alone, before anything is paid for an answer."""

import pytest

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import Author

SHY = Author(id="u7", handle="shy", declines_bots=True)


@pytest.mark.asyncio
async def test_who_asks_bots_to_stay_away_is_left_alone_with_the_reason(trial: Trial) -> None:
    async with trial:
        event = trial.mention("@ada is the lamp lit?", author=SHY)
        await trial.counted({State.IGNORED: 1})
        turn = await trial.turn(event.id)
        assert turn.reason == "@shy asks bots to stay away, in the profile"
        assert trial.engine.briefs == []
        assert trial.platform.posts == []


@pytest.mark.asyncio
async def test_the_owner_is_answered_whatever_his_profile_says_to_others(trial: Trial) -> None:
    trial.rewrite("answer: mentions\npeople: {owner: home/u7}\n")
    async with trial:
        trial.mention("@ada is the lamp lit?", author=SHY)
        await trial.counted({State.SENT: 1})


@pytest.mark.asyncio
async def test_who_says_stop_is_told_that_he_was_understood(trial: Trial) -> None:
    async with trial:
        trial.mention("stop", author=SHY)
        await trial.counted({State.SENT: 1})
        assert "I leave you alone" in trial.platform.texts[0]
