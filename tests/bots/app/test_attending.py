"""A bot goes into the rooms that its file names, where a platform lets in who knows what they are called."""

from datetime import timedelta
from pathlib import Path
from typing import ClassVar

import pytest
from typing_extensions import override

from greenroom.clock import Clock
from greenroom.testing import Trial
from greenroom.testing.platform import ScriptedAdapter, ScriptedPlatform
from greenroom_adapters.contract import Author

ROOMS = "answer: mentions\nrooms: {quay: {is: home/quay}}\n"
A_WHILE = timedelta(seconds=20)
"""In which it looks several times where it is to go."""


class OpenHouse(ScriptedPlatform):
    """A platform whose rooms are open to whoever knows what they are called."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.my_id = "me"
        self.came: list[tuple[str, str]] = []
        """Who has come into which room."""

    @override
    def adapter_class(self) -> type[ScriptedAdapter]:
        house = self

        class Guest(ScriptedAdapter):
            world: ClassVar[ScriptedPlatform] = house

            @property
            @override
            def me(self) -> Author:
                return Author(id=house.my_id, handle=self.account)

            async def come_in(self, room: str) -> None:
                house.came.append((house.my_id, room))

        return Guest


def trial_in(folder: Path, *, rules: str = ROOMS) -> tuple[Trial, OpenHouse]:
    trial = Trial(folder, rules=rules)
    trial.platform = house = OpenHouse(trial.clock)
    return trial, house


async def a_while(trial: Trial) -> None:
    then = trial.clock.now() + A_WHILE
    await trial.past(lambda: trial.clock.now() > then)


@pytest.mark.asyncio
async def test_it_comes_once_and_again_where_the_platform_was_begun_anew(tmp_path: Path) -> None:
    trial, house = trial_in(tmp_path)
    async with trial:
        await trial.past(lambda: house.came)
        await trial.stop()
        await trial.start()
        await a_while(trial)
        assert house.came == [("me", "quay")], "whoever sent it away is not overruled by a start"
        await trial.stop()
        house.my_id = "me of now"
        await trial.start()
        await trial.past(lambda: house.came[1:])
        await a_while(trial)
    assert house.came == [("me", "quay"), ("me of now", "quay")]


@pytest.mark.asyncio
async def test_where_it_was_by_an_earlier_version_it_is_not_taken_again_unless_the_platform_was_begun_anew(
    tmp_path: Path,
) -> None:
    trial, house = trial_in(tmp_path, rules="answer: mentions\n")
    async with trial:
        # that noted where it had come in, and not as whom
        trial.bot.ledger.remember("came in:home/quay", "")
        await trial.stop()
        trial.rewrite(ROOMS)
        await trial.start()
        await a_while(trial)
        assert house.came == []
        await trial.stop()
        house.my_id = "me of now"
        await trial.start()
        await trial.past(lambda: house.came)
    assert house.came == [("me of now", "quay")]


@pytest.mark.asyncio
async def test_it_goes_nowhere_while_everything_is_stopped(tmp_path: Path) -> None:
    trial, house = trial_in(tmp_path, rules="answer: mentions\n")
    async with trial:
        await trial.bot.commands.obey("stop-all", {})
        await trial.stop()
        trial.rewrite(ROOMS)
        await trial.start()
        await a_while(trial)
        assert house.came == []
        await trial.bot.commands.obey("resume", {})
        await trial.past(lambda: house.came)
    assert house.came == [("me", "quay")]
