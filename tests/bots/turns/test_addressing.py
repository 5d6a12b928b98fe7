"""Where a platform wants the person named whom an answer is for, the voice is told of the room that is left."""

from dataclasses import replace

import pytest

from greenroom.storage import State
from greenroom.testing import Trial
from greenroom_adapters.contract import TextLimit


@pytest.mark.asyncio
async def test_an_answer_is_written_into_the_room_that_is_left(trial: Trial) -> None:
    told = trial.platform.capabilities
    trial.platform.capabilities = replace(told, limits=replace(told.limits, addressing=32))
    async with trial:
        trial.mention()
        await trial.counted({State.SENT: 1})
    assert [brief.limits for brief in trial.engine.briefs] == [(TextLimit(length=468),)]
